"""What the list asks the database: its rows, its orders, and the usual questions prepared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from dashboard.accounts.filters import ConnectorFilter
from dashboard.common.paging import MOST_COUNTED, PER_PAGE, Asked, Named
from dashboard.common.plans import Unindexed
from dashboard.common.prepared import Fixed, prepared
from dashboard.common.sorting import Order, Sorting, every_order
from dashboard.fleet.rows import COLUMNS
from dashboard.mirror.freshness import InView, gone_lately, lately
from dashboard.mirror.models import AccountConnector, AccountConnectorQuerySet

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
    """Whether it is one of the usual questions: chosen from what the page offers, not typed."""
    return not asked.search and not asked.tag


def as_prepared(in_view: InView, asked: ConnectorFilter, sorting: Sorting) -> Asked:
    """The same list as prepared queries."""
    consoles, since = [console.pk for console in in_view.shown], lately()
    narrowed = Fixed(asked.state), asked.name or None, asked.why or None
    order = Fixed(sorting.key)
    return Asked(
        keys=lambda: [pk for (pk,) in _some_keys(consoles, since, *narrowed)],
        page=lambda start: _page_of(order, start, consoles, since, *narrowed),
        named=named_rows(sorting) if asked.is_set else None,
    )


def named_rows(sorting: Sorting) -> Named:
    """Asks for rows by their keys, in this order."""
    order = Fixed(sorting.key)
    return lambda keys, start: _named_rows(order, start, keys)


@prepared
def _some_keys(consoles: Sequence[int], since: datetime, *narrowed: Any) -> QuerySet[Any, Any]:
    rows = _narrowed(consoles, since, *narrowed).order_by()
    return rows.values_list("pk")[: MOST_COUNTED + 1]


@prepared
def _page_of(
    order: Fixed, start: int, consoles: Sequence[int], since: datetime, *narrowed: Any
) -> QuerySet[Any, Any]:
    return _in_order(_narrowed(consoles, since, *narrowed), order, start)


@prepared
def _named_rows(order: Fixed, start: int, keys: Sequence[int]) -> QuerySet[Any, Any]:
    return _in_order(AccountConnector.objects.filter(pk__in=keys), order, start)


def _narrowed(
    consoles: Sequence[int], since: datetime, state: Fixed, name: str | None, why: str | None
) -> AccountConnectorQuerySet:
    asked = ConnectorFilter(state=str(state.value), name=name or "", why=why or "")
    return asked.among(_shown(consoles, since))


def _in_order(rows: AccountConnectorQuerySet, order: Fixed, start: int) -> QuerySet[Any, Any]:
    """A page of them, and one more."""
    listed = rows.order_by(*_ORDER_BY[order.value]).values_list(*COLUMNS)
    return listed[start : start + PER_PAGE + 1]


_ORDER_BY = every_order(ORDERS)
