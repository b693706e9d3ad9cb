"""What the list asks the database: its rows, its orders, and the usual questions prepared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from dashboard.accounts.filters import ConnectorFilter
from dashboard.common.paging import MOST_COUNTED, PER_PAGE, Asked, Named
from dashboard.common.plans import Unindexed
from dashboard.common.prepared import Fixed, prepared
from dashboard.common.searching import plain_words
from dashboard.common.sorting import Order, Sorting, every_order
from dashboard.fleet.rows import COLUMNS
from dashboard.mirror.freshness import InView, gone_lately, lately
from dashboard.mirror.models import (
    AccountConnector,
    AccountConnectorQuerySet,
    few_accounts_with,
)

ORDERS: tuple[Order, ...] = (
    Order(
        "state",
        "State",
        (
            F("gone_at").asc(nulls_first=True),
            F("authenticated").asc(nulls_first=True),
            F("test_failed_at").desc(nulls_last=True),
            "sort_name",
            "pk",
        ),
        (
            F("authenticated").desc(nulls_last=True),
            F("test_failed_at").asc(nulls_first=True),
            "-sort_name",
            "-pk",
        ),
    ),
    Order("name", "Name", ("sort_name", "pk"), ("-sort_name", "-pk")),
    Order(
        "account",
        "Account",
        ("account__sort_name", "account_id", "sort_name", "pk"),
        ("-account__sort_name", "-account_id", "sort_name", "pk"),
    ),
    Order(
        "since",
        "Since",
        (F("authenticated_since").desc(nulls_last=True), "sort_name", "pk"),
        (F("authenticated_since").asc(nulls_first=True), "sort_name", "pk"),
        falls=True,
    ),
)

BY_WEAR = Order(
    "wears",
    "Wears out",
    (F("wears_from").asc(nulls_last=True), "sort_name", "pk"),
    (F("wears_from").desc(nulls_first=True), "-sort_name", "-pk"),
)
"""Where what wears out is looked for, which is a part of all: the moment stands in no index."""


def shown(in_view: InView) -> AccountConnectorQuerySet:
    """What the list is about, before anything was asked for."""
    return _shown([console.pk for console in in_view.shown], lately())


def _shown(consoles: Sequence[int], since: datetime) -> AccountConnectorQuerySet:
    rows = AccountConnector.objects.alias(of_console=Unindexed("account__console_id"))
    return rows.filter(
        gone_lately(since=since), gone_lately("account__", since), of_console__in=consoles
    )


# ---- prepared ----


def is_prepared(asked: ConnectorFilter) -> bool:
    """Whether it is a usual question: chosen from what the page offers, or a word or two."""
    text = asked.parsed.text
    is_plain = not text or bool(plain_words(text))
    return is_plain and not asked.tag and not asked.parsed.terms


def as_prepared(in_view: InView, asked: ConnectorFilter, sorting: Sorting) -> Asked:
    """The same list as prepared queries."""
    consoles, since = [console.pk for console in in_view.shown], lately()
    narrowed = Fixed(asked.state), asked.name or None, asked.why or None
    words = plain_words(asked.parsed.text)
    order = Fixed(sorting.key)

    def keys() -> list[int]:
        is_by_index = connection.vendor == "postgresql"
        accounts = [few_accounts_with(word) for word in words] if is_by_index else []
        return [pk for (pk,) in _some_keys(consoles, since, *narrowed, *words, *accounts)]

    return Asked(
        keys=keys,
        page=lambda start: _page_of(order, start, consoles, since, *narrowed, *words),
        named=named_rows(sorting) if asked.is_set else None,
    )


def named_rows(sorting: Sorting) -> Named:
    """Asks for rows by their keys, in this order."""
    order = Fixed(sorting.key)
    return lambda keys, start: _named_rows(order, start, keys)


@prepared
def _some_keys(
    consoles: Sequence[int],
    since: datetime,
    state: Fixed,
    name: str | None,
    why: str | None,
    *searched: Any,
) -> QuerySet[Any, Any]:
    """`searched`: the words, and where the database goes by an index the accounts with each."""
    words = [one for one in searched if isinstance(one, str)]
    accounts = searched[len(words) :]
    if not accounts:
        each = [_narrowed(consoles, since, state, name, why, *words)]
    else:
        narrowed = _narrowed(consoles, since, state, name, why)
        each = narrowed.searches_among(" ".join(words), accounts)
    first, *others = (one.order_by().values_list("pk") for one in each)
    return (first.union(*others, all=True) if others else first)[: MOST_COUNTED + 1]


@prepared
def _page_of(
    order: Fixed, start: int, consoles: Sequence[int], since: datetime, *narrowed: Any
) -> QuerySet[Any, Any]:
    return _in_order(_narrowed(consoles, since, *narrowed), order, start)


@prepared
def _named_rows(order: Fixed, start: int, keys: Sequence[int]) -> QuerySet[Any, Any]:
    return _in_order(AccountConnector.objects.filter(pk__in=keys), order, start)


def _narrowed(
    consoles: Sequence[int],
    since: datetime,
    state: Fixed,
    name: str | None,
    why: str | None,
    *words: str,
) -> AccountConnectorQuerySet:
    asked = ConnectorFilter(state=str(state.value), name=name or "", why=why or "")
    return asked.among(_shown(consoles, since)).search(" ".join(words))


def _in_order(rows: AccountConnectorQuerySet, order: Fixed, start: int) -> QuerySet[Any, Any]:
    """A page of them, and one more."""
    listed = rows.order_by(*_ORDER_BY[order.value]).values_list(*COLUMNS)
    return listed[start : start + PER_PAGE + 1]


_ORDER_BY = every_order(ORDERS)
