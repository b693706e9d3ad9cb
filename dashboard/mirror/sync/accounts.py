"""The list of accounts, and the sub-accounts that it may leave out."""

from __future__ import annotations

import logging
from collections.abc import Container, Hashable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

import cyclr_api
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.consoles.pacing import BACKGROUND
from dashboard.consoles.services import asking
from dashboard.mirror.missing import MOST, ask_each
from dashboard.mirror.models import Account, AccountQuerySet
from dashboard.mirror.sync.columns import account_columns
from dashboard.mirror.sync.limits import MAX_WAIT, THREADS
from dashboard.mirror.sync.merge import Written, merge, parts
from dashboard.mirror.writing import is_missed, mark_gone, mark_sub_accounts_read, miss_first

logger = logging.getLogger(__name__)


MOST_ACCOUNTS_ASKED = 200
"""Accounts that a list lacks and that are asked for by themselves, in one run."""


def refresh_accounts(
    console: Console, *, priority: str = BACKGROUND, is_asked: bool = False
) -> Written:
    """Copy Cyclr's list of accounts into ours; a second run copies the same again.

    What the list lacks is gone only when Cyclr answers 404 for the account itself: sub-accounts
    may stand in lists of their own. It is asked at the second list without it, or at the first
    if a person waits for it (`is_asked`).
    """
    began = timezone.now()
    rows = Account.objects.filter(console=console)
    with asking(console, priority) as client:
        listed = client.accounts.readable(at_once=THREADS, max_wait=MAX_WAIT)
        found = {storable(account.id): account_columns(account) for account in listed}
        lacking = [] if listed.skipped else _lacking(rows, found, began)
        doubted = sorted(row.cyclr_id for row in lacking if is_asked or row.missed)
        answers = ask_each(doubted, lambda one: client.account(one).get(), most=MOST_ACCOUNTS_ASKED)
    found |= {storable(account.id): account_columns(account) for account in answers.there}
    written = merge(
        rows,
        found,
        key=lambda row: row.cyclr_id,
        make=lambda cyclr_id: Account(console=console, cyclr_id=cyclr_id),
        began=began,
        is_complete=False,
    )
    written.gone = mark_gone(rows.filter(cyclr_id__in=answers.gone), began)
    once = [row.pk for row in lacking if not row.missed and row.cyclr_id not in found]
    for pks in parts(once):
        miss_first(rows.filter(pk__in=pks), began)
    written.skipped = listed.skipped
    logger.info(
        "accounts refreshed console=%d found=%d skipped=%d made=%d changed=%d gone=%d",
        console.pk,
        len(listed),
        listed.skipped,
        written.made,
        written.changed,
        written.gone,
    )
    return written


def _lacking(rows: AccountQuerySet, found: Container[Hashable], began: datetime) -> list[Account]:
    """The accounts that are there, and that a listing lacks: mostly none, so ids come first."""
    ids = rows.there().values_list("pk", "cyclr_id")
    absent = [pk for pk, cyclr_id in ids if cyclr_id not in found]
    lacking = [row for pks in parts(absent) for row in rows.filter(pk__in=pks)]
    return [row for row in lacking if is_missed(row, began)]


def write_sub_accounts(
    parent: Account, listed: Sequence[cyclr_api.Account], began: datetime
) -> None:
    """Merge an account's sub-accounts: the console's list may leave them out."""
    console = parent.console
    found: dict[Hashable, dict[str, Any]] = {
        storable(child.id): {"parent_id": parent.cyclr_id} | account_columns(child)
        for child in listed
    }
    merge(
        Account.objects.filter(console=console, cyclr_id__in=found),
        found,
        key=lambda row: row.cyclr_id,
        make=lambda cyclr_id: Account(console=console, cyclr_id=cyclr_id),
        began=began,
        is_complete=False,
    )
    mark_sub_accounts_read(parent, began)


SUB_ACCOUNTS_EVERY = timedelta(hours=6)
"""So often an account is asked for its sub-accounts; fifty accounts are asked in one run."""


def read_sub_accounts(console: Console, *, priority: str = BACKGROUND) -> None:
    """Ask accounts in turn for their sub-accounts: Cyclr's list of accounts may leave them out.

    Nobody may have refreshed the parent. What does not answer is asked in a later run.
    """
    began = timezone.now()
    unread = Q(sub_accounts_read_at=None) | Q(sub_accounts_read_at__lt=began - SUB_ACCOUNTS_EVERY)
    rows = Account.objects.there().filter(unread, console=console, gone_at=None)
    parents = rows.order_by(F("sub_accounts_read_at").asc(nulls_first=True), "pk")[:MOST]
    by_id = {row.cyclr_id: row for row in parents}
    if not by_id:
        return
    with asking(console, priority) as client:

        def ask(cyclr_id: str) -> tuple[str, Sequence[cyclr_api.Account]]:
            return cyclr_id, client.account(cyclr_id).subaccounts.readable()

        answers = ask_each(list(by_id), ask, most=MOST)
    for cyclr_id, children in answers.there:
        write_sub_accounts(by_id[cyclr_id], children, began)
