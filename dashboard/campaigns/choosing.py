"""Which installed connectors a campaign is about: those ticked, or all that a filter finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from dashboard.accounts.filters import ConnectorFilter
from dashboard.campaigns.rows import Chosen, rows_by_key, rows_of
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


def chosen(user: User, asked: QueryDict) -> list[Chosen]:
    """The connectors that a list's form or an address picks, as far as the person may.

    `pick`: one of them, many times. `scope=page`: those in `shown` as well. `scope=filter`: all
    that the list's own filter finds, instead. `selection`: ids with commas between them.
    They stand as lists by account have them. Raises `TooManyError`.
    """
    rows, ids, may = _found(user, asked)
    if rows is not None:
        return sorted(rows_of(rows, may), key=_place)
    found = (one for some in chunks(ids) for one in rows_by_key(some, may))
    return sorted(found, key=_place)


def chosen_whole(user: User, asked: QueryDict) -> list[AccountConnector]:
    """The same as instances of the model."""
    rows, ids, may = _found(user, asked)
    by_key = (AccountConnector.objects.filter(pk__in=some) for some in chunks(ids))
    found = [
        row
        for some in (by_key if rows is None else [rows])
        for row in some.order_by().select_related("account").only(*_NEEDED)
        if row.account.console_id in may
    ]
    for row in found:
        row.account.console = may[row.account.console_id]
    return sorted(found, key=_place_of_whole)


def pieces(user: User, asked: QueryDict) -> Iterator[list[Chosen]]:
    """Those in `selection`, some hundred at a time, each account in one piece.

    They come in the order of the selection, which `selection_of` keeps by account.
    """
    may, ids = _consoles(user, _number(asked.get("console", ""))), list(_ids(asked))
    return _pieces(ids, may)


def _pieces(ids: Sequence[int], may: Mapping[int, Console]) -> Iterator[list[Chosen]]:
    kept: list[Chosen] = []
    for some in chunks(ids):
        found = {one.pk: one for one in rows_by_key(some, may)}
        kept += [found[pk] for pk in some if pk in found]
        last = kept[-1].account_id if kept else 0
        whole = [one for one in kept if one.account_id != last]
        kept = [one for one in kept if one.account_id == last]
        if whole:
            yield sorted(whole, key=_place)
    if kept:
        yield sorted(kept, key=_place)


def _found(
    user: User, asked: QueryDict
) -> tuple[QuerySet[AccountConnector] | None, Sequence[int], dict[int, Console]]:
    """What the list's filter finds, or else the ids; and the consoles of which one may be.

    Ids are asked by key alone, and their consoles looked at by who reads them: in SQLite ten times
    as quick.
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
        return rows, (), _consoles(user, 0)
    return None, sorted(_ids(asked)), _consoles(user, console)


def _ids(asked: QueryDict) -> Iterable[int]:
    """What was ticked or is listed, each once; raises `TooManyError`."""
    written = [*asked.getlist("pick"), *asked.get("selection", "").split(",")]
    if "page" in asked.getlist("scope"):
        written += asked.getlist("shown")
    ids = dict.fromkeys(number for text in written if (number := _number(text)))
    if len(ids) > MOST:
        raise TooManyError(len(ids))
    return ids


def _consoles(user: User, console: int) -> dict[int, Console]:
    """By key: those in which the person may start a campaign, or the one asked for."""
    return {
        one.pk: one for one in consoles_for(user, Role.LEAD) if not console or one.pk == console
    }


_NEEDED = (
    "name",
    "connector_name",
    "cyclr_id",
    "sort_name",
    "authentication",
    "authentication_id",
    "authenticated",
    "test_failed_at",
    "why_broken",
    "gone_at",
    "account__console_id",
    "account__name",
    "account__cyclr_id",
    "account__sort_name",
    "account__gone_at",
    "connector_version",
    "account__cycles_read_at",
)
"""Columns that choosing and runs look at; of thousands every other one is felt."""


def _place(connector: Chosen) -> tuple[str, int, str, int]:
    return connector.place


def _place_of_whole(connector: AccountConnector) -> tuple[Any, ...]:
    account = connector.account
    return account.sort_name, account.pk, connector.sort_name, connector.pk


def _number(text: str) -> int:
    """The id in a text; 0 for rubbish."""
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_number else 0


def selection_of(connectors: Iterable[Chosen | AccountConnector]) -> str:
    """Their ids as `chosen` reads them."""
    return ",".join(str(one.pk) for one in connectors)


def consoles_of(connectors: Iterable[Chosen | AccountConnector]) -> dict[Console, int]:
    """The consoles that were chosen from, and how many connectors of each."""
    consoles = [one.account.console for one in connectors]
    ids = [one.id for one in consoles]
    by_id = dict(zip(ids, consoles, strict=True))
    return {by_id[pk]: count for pk, count in Counter(ids).items()}
