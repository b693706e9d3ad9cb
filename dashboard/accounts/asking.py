"""The orders of the list of accounts, and all of it as a prepared query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from dashboard.accounts.empty_list import accounts_of
from dashboard.accounts.rows import COLUMNS
from dashboard.common.keyset import turned
from dashboard.common.paging import PER_PAGE, Ask
from dashboard.common.prepared import Fixed, prepared
from dashboard.common.sorting import Order, Sorting, every_order
from dashboard.mirror.freshness import InView, lately

ORDERS = (
    Order(
        "activity",
        "Last activity",
        (F("active_at").desc(nulls_last=True), "sort_name", "pk"),
        (F("active_at").asc(nulls_first=True), "-sort_name", "-pk"),
        falls=True,
    ),
    Order("name", "Name", ("sort_name", "pk"), ("-sort_name", "-pk")),
    Order(
        "connectors",
        "Connectors",
        ("-connector_count", "sort_name", "pk"),
        ("connector_count", "-sort_name", "-pk"),
        falls=True,
    ),
    Order(
        "attention",
        "Attention",
        ("-unauthenticated_count", "-not_working_count", "sort_name", "pk"),
        ("unauthenticated_count", "not_working_count", "-sort_name", "-pk"),
        falls=True,
    ),
)


def ordered_rows(in_view: InView, sorting: Sorting, words: Sequence[str] = ()) -> Ask:
    """Asks for the rows of a page from a place on, where nothing but `plain_words` was asked for.

    Each of them is in an account's name or id.
    """
    order = Fixed(sorting.key)
    consoles, since = [console.pk for console in in_view.shown], lately()

    def ask(start: int, is_turned: bool) -> list[Any]:
        return _rows(order, is_turned, start, consoles, since, *words)

    return ask


@prepared
def _rows(
    order: Fixed,
    is_turned: bool,
    start: int,
    consoles: Sequence[int],
    since: datetime,
    *words: str,
) -> QuerySet[Any, Any]:
    by = _ORDER_BY[order.value]
    rows = accounts_of(consoles, since).search(" ".join(words))
    rows = rows.order_by(*(turned(by) if is_turned else by))
    return rows.values_list(*COLUMNS)[start : start + PER_PAGE]


_ORDER_BY = every_order(ORDERS)
