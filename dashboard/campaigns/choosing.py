"""Which installed connectors a campaign is about: those ticked, or all that a filter finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from dashboard.accounts.filters import ConnectorFilter
from dashboard.common.chunks import chunks
from dashboard.consoles.models import Console
from dashboard.mirror.freshness import gone_lately
from dashboard.mirror.models import AccountConnector
from dashboard.people.access import consoles_for
from dashboard.people.models import Role, User

MOST = 5000
"""Connectors of one campaign."""


class TooManyError(Exception):
    """More connectors were chosen than one campaign can have; `count` is how many."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} connectors")
        self.count = count


def chosen(user: User, asked: QueryDict) -> list[AccountConnector]:
    """The connectors that a list's form or an address picks, as far as the person may.

    `pick`: one of them, many times. `scope=page`: those in `shown` as well. `scope=filter`: all
    that the list's own filter finds, instead. `selection`: ids with commas between them.
    Raises `TooManyError`.
    """
    console = _number(asked.get("console", ""))
    if "filter" in asked.getlist("scope"):
        rows = AccountConnector.objects.visible_to(user, Role.LEAD)
        rows = rows.filter(account__console=console) if console else rows
        rows = ConnectorFilter.of(asked).among(rows)
        rows = rows.filter(gone_lately(), gone_lately("account__"))
        count = rows.count()
        if count > MOST:
            raise TooManyError(count)
        return _in_order(rows)
    written = [*asked.getlist("pick"), *asked.get("selection", "").split(",")]
    if "page" in asked.getlist("scope"):
        written += asked.getlist("shown")
    ids = sorted({number for text in written if (number := _number(text))})
    if len(ids) > MOST:
        raise TooManyError(len(ids))
    may = set(consoles_for(user, Role.LEAD).values_list("pk", flat=True))
    may &= {console} if console else may
    found: list[AccountConnector] = []
    for some in chunks(ids):
        # Asked by key alone, and their consoles looked at here: ten times as quick in SQLite.
        by_key = AccountConnector.objects.filter(pk__in=some).select_related("account__console")
        found += [one for one in by_key if one.account.console_id in may]
    return sorted(found, key=_place)


def _in_order(rows: QuerySet[AccountConnector]) -> list[AccountConnector]:
    return sorted(rows.select_related("account__console"), key=_place)


def _place(connector: AccountConnector) -> tuple[Any, ...]:
    account = connector.account
    return account.sort_name, account.pk, connector.sort_name, connector.pk


def _number(text: str) -> int:
    """The id in a text; 0 for rubbish."""
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_number else 0


def selection_of(connectors: Iterable[AccountConnector]) -> str:
    """Their ids as `chosen` reads them."""
    return ",".join(str(one.pk) for one in connectors)


def consoles_of(connectors: Iterable[AccountConnector]) -> dict[Console, int]:
    """The consoles that were chosen from, and how many connectors of each."""
    counts: dict[Console, int] = {}
    for connector in connectors:
        console = connector.account.console
        counts[console] = counts.get(console, 0) + 1
    return counts
