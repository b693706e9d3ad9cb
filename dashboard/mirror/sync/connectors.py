"""One account's installed connectors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

import cyclr_api
from dashboard.common.inserting import blank
from dashboard.mirror.counting import recount
from dashboard.mirror.ledger import READ, note_first_states, note_states
from dashboard.mirror.missing import Answers, ask_each
from dashboard.mirror.models import (
    Account,
    AccountConnector,
)
from dashboard.mirror.sync.answers import Answer
from dashboard.mirror.sync.columns import account_connector_columns
from dashboard.mirror.sync.merge import Written, merge
from dashboard.mirror.sync.methods import fill_methods
from dashboard.mirror.writing import mark_gone, mark_read

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
    written = write_connectors([Answer(account, began, listed=listed, answers=answers)])
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


def write_connectors(told: Sequence[Answer[cyclr_api.AccountConnector]]) -> Written:
    """Merge the listings of several accounts; all of them count as begun when the first one did."""
    began = min(one.began for one in told)
    pks = [one.account.pk for one in told]
    skipped = {one.account.pk: getattr(one.listed, "skipped", 0) for one in told}
    found: dict[Hashable, dict[str, Any]] = {
        (one.account.pk, item.id): account_connector_columns(item)
        for one in told
        for item in (*(one.listed or ()), *(one.answers.there if one.answers else ()))
    }
    rows = AccountConnector.objects.filter(account__in=pks)
    with transaction.atomic():
        left, went = _take_gone(told)
        written = merge(
            rows,
            found,
            key=lambda row: (row.account_id, row.cyclr_id),
            make=_unread,
            began=began,
            is_complete=lambda row: not skipped[row.account_id],
        )
        if before := written.before | left:
            note_states(rows.filter(pk__in=before).only(*READ), before)
        if written.made:
            note_first_states(rows)
        recount(pks)
        mark_read(pks, began)
    written.gone += went
    written.skipped = sum(skipped.values())
    return written


def _unread(key: tuple[int, int]) -> AccountConnector:
    """One that no listing told of so far, by its account and its number."""
    connector = blank(AccountConnector)
    connector.account_id, connector.cyclr_id = key
    return connector


def _take_gone(
    told: Sequence[Answer[cyclr_api.AccountConnector]],
) -> tuple[dict[int, AccountConnector], int]:
    """Mark what Cyclr answered 404 for; those rows as they were, by key, and how many it were."""
    left: dict[int, AccountConnector] = {}
    went = 0
    for one in told:
        if one.answers and one.answers.gone:
            gone = AccountConnector.objects.filter(
                account=one.account, cyclr_id__in=one.answers.gone
            )
            left |= gone.in_bulk()
            went += mark_gone(gone, one.began)
    return left, went
