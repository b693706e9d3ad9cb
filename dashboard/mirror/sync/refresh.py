"""One account and all that is its, read because somebody asked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

import cyclr_api
from cyclr_api import CyclrError, NotFoundError
from dashboard.consoles.pacing import INTERACTIVE
from dashboard.consoles.services import asking
from dashboard.mirror.icons import IconReader
from dashboard.mirror.missing import ask_each
from dashboard.mirror.models import Account, InstallRefusal
from dashboard.mirror.owning import OwnLibrary, own_library
from dashboard.mirror.sync.accounts import write_sub_accounts
from dashboard.mirror.sync.columns import account_columns
from dashboard.mirror.sync.connectors import (
    known_connectors,
    missing_connectors,
    write_account_connectors,
)
from dashboard.mirror.sync.cycles import CycleAnswers, known_cycles, missing_cycles, write_cycles
from dashboard.mirror.sync.errors import message_for
from dashboard.mirror.sync.library import own_releases, write_own_library
from dashboard.mirror.writing import FILLED, fill, is_newer, mark_account_gone, mark_cycles_asked

logger = logging.getLogger(__name__)


def refresh_account(account: Account, *, priority: str = INTERACTIVE) -> None:
    """Read one account and its connectors now; errors are kept in words.

    What somebody asked for tells the truth at once: an own 404 marks the account, or what its
    listing lacks, gone.
    """
    began = timezone.now()
    rows = Account.objects.filter(pk=account.pk)
    asked = rows.filter(refresh_asked_at=account.refresh_asked_at)  # and not once more since
    try:
        with asking(account.console, priority) as client:
            there = client.account(account.cyclr_id)
            found = there.get()
            known = known_connectors([account.pk])[account.pk]
            listed = there.connectors.readable(expected=known)
            answers = missing_connectors(there, listed, known)
            beside = _read_beside(account, there)
    except NotFoundError:
        mark_account_gone(account, began)
        asked.update(refresh_asked_at=None)
        return
    except Exception as error:
        rows.update(refresh_error=message_for(error))
        asked.update(refresh_asked_at=None)
        raise
    with transaction.atomic():
        row = rows.select_for_update(no_key=True).get()
        if not is_newer(row, began):
            columns = fill(row, account_columns(found), began, timezone.now())
            row.save(update_fields=[*columns, *FILLED])
    write_account_connectors(account, listed, began, answers)
    _write_beside(account, beside, began)
    asked.update(refresh_asked_at=None)


@dataclass(slots=True)
class Beside:
    """What is read of an account beside its connectors; what Cyclr does not tell is None.

    `offered`: releases that it was refused and that Cyclr shows it by now. `cycles_error`: why
    its cycles were not told, in words.
    """

    own: OwnLibrary
    children: Sequence[cyclr_api.Account] | None = None
    offered: set[int] = field(default_factory=set)
    cycles: cyclr_api.Listing[cyclr_api.Cycle] | None = None
    cycle_answers: CycleAnswers | None = None
    cycles_error: str = ""


def _read_beside(account: Account, there: cyclr_api.AccountApi) -> Beside:
    """Whatever is wrong with any of it, the account and its connectors were read."""
    shared, known = own_releases(account)
    icons = IconReader(known=())
    beside = Beside(own_library(there, shared=shared, known=known, icons=icons))
    beside.own.connectors = icons.save(beside.own.connectors)
    refused = InstallRefusal.objects.current().filter(account=account)
    releases = set(refused.values_list("release_id", flat=True))
    beside.offered = {one.id for one in ask_each(releases, there.library.get).there}
    try:
        beside.children = there.subaccounts.readable()
    except CyclrError as error:
        logger.info("sub-accounts not told account=%d status=%s", account.pk, error.status)
    try:
        known_there = known_cycles(account)
        beside.cycles = there.cycles.readable(expected=known_there)
        beside.cycle_answers = missing_cycles(there, beside.cycles, known_there)
    except CyclrError as error:
        beside.cycles_error = message_for(error)
        logger.info("cycles not told account=%d status=%s", account.pk, error.status)
    return beside


def _write_beside(account: Account, beside: Beside, began: datetime) -> None:
    write_own_library(account, beside.own, began)
    refused = InstallRefusal.objects.current().filter(account=account)
    refused.filter(release_id__in=beside.offered).delete()
    if beside.children is not None:
        write_sub_accounts(account, beside.children, began)
    if beside.cycles is not None:
        write_cycles(account, beside.cycles, began, beside.cycle_answers)
    else:
        mark_cycles_asked(account, began, error=beside.cycles_error)
