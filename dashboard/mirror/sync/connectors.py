"""One account's installed connectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

import cyclr_api
from dashboard.mirror.missing import Answers, ask_each
from dashboard.mirror.models import Account, AccountConnector
from dashboard.mirror.sync.columns import account_connector_columns
from dashboard.mirror.sync.merge import Written, merge
from dashboard.mirror.sync.methods import fill_methods
from dashboard.mirror.writing import mark_gone, mark_read, recount

ConnectorAnswers = Answers[int, cyclr_api.AccountConnector]


def write_account_connectors(
    account: Account,
    listed: Sequence[cyclr_api.AccountConnector],
    began: datetime,
    answers: ConnectorAnswers | None = None,
) -> Written:
    """Merge one account's complete listing, which began at `began`, into the mirror.

    One that says that it `skipped` elements marks nothing missed. `answers`: what was asked for
    by itself since the listing lacks it.
    """
    written = write_connectors(account, listed, began, answers)
    fill_methods(account.console, [account.pk])
    return written


def missing_connectors(
    there: cyclr_api.AccountApi, listed: Sequence[cyclr_api.AccountConnector], known: Iterable[int]
) -> ConnectorAnswers:
    """What Cyclr says of the connectors, by their ids, that we know and a listing lacks."""
    left = sorted(set(known) - {item.id for item in listed})
    return ask_each(left, lambda one: there.connector(one).get())


def known_connectors(accounts: Iterable[int]) -> dict[int, list[int]]:
    """By account: the ids of the connectors that the mirror takes for installed."""
    rows = AccountConnector.objects.there().filter(account__in=list(accounts)).order_by()
    known: dict[int, list[int]] = defaultdict(list)
    for account, cyclr_id in rows.values_list("account", "cyclr_id"):
        known[account].append(cyclr_id)
    return known


def write_connectors(
    account: Account,
    listed: Sequence[cyclr_api.AccountConnector],
    began: datetime,
    answers: ConnectorAnswers | None = None,
) -> Written:
    skipped: int = getattr(listed, "skipped", 0)
    found = [*listed, *(answers.there if answers else ())]
    with transaction.atomic():
        gone = AccountConnector.objects.filter(
            account=account, cyclr_id__in=answers.gone if answers else ()
        )
        went = mark_gone(gone, began)
        written = merge(
            AccountConnector.objects.filter(account=account),
            {item.id: account_connector_columns(item) for item in found},
            key=lambda row: row.cyclr_id,
            make=lambda cyclr_id: AccountConnector(account=account, cyclr_id=cyclr_id),
            began=began,
            is_complete=not skipped,
        )
        recount([account.pk])
        mark_read(account, began)
    written.gone += went
    written.skipped = skipped
    return written
