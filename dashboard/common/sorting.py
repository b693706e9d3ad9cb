"""Sorted lists: `?sort=name`, `?sort=-name` the other way round; rubbish means the default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models.expressions import OrderBy
from django.http import HttpRequest

from dashboard.common.paging import PLACES


@dataclass(frozen=True, slots=True)
class Order:
    """One way to sort: `first` is what pressing its heading gives, `second` pressing it again."""

    key: str
    label: str
    first: tuple[OrderBy | str, ...]
    second: tuple[OrderBy | str, ...]
    falls: bool = False
    """Whether `first` runs from much to little."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading, as `{% sort_heading %}` draws it; `aria` is the `aria-sort`, if any."""

    label: str
    url: str
    aria: str


class Sorting:
    """How a request wants a list sorted; the first order is the default."""

    def __init__(self, request: HttpRequest, orders: Sequence[Order]) -> None:
        asked = request.GET.get("sort", "")
        self._query = request.GET
        self._orders = orders
        self.chosen = next((o for o in orders if o.key == asked.removeprefix("-")), orders[0])
        self.is_reversed = asked == f"-{self.chosen.key}"

    @property
    def order_by(self) -> tuple[OrderBy | str, ...]:
        """What goes into the queryset's `order_by`."""
        return self.chosen.second if self.is_reversed else self.chosen.first

    @property
    def key(self) -> tuple[str, bool]:
        """Its key in `every_order`."""
        return self.chosen.key, self.is_reversed

    @cached_property
    def headings(self) -> dict[str, Heading]:
        """The columns' headings by key."""
        return {order.key: self._heading(order) for order in self._orders}

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """The same as choices of a select, for phones: value, words, whether chosen."""
        found = [
            (self._value(order, False), order.label, order == self.chosen and not self.is_reversed)
            for order in self._orders
        ]
        if self.is_reversed:
            label = f"{self.chosen.label}, reversed"
            found.append((self._value(self.chosen, True), label, True))
        return found

    def _heading(self, order: Order) -> Heading:
        is_chosen = order == self.chosen
        aria = ""
        if is_chosen:
            aria = "descending" if order.falls != self.is_reversed else "ascending"
        query = self._query.copy()
        for key in (*PLACES, "sort"):
            query.pop(key, None)
        if value := self._value(order, is_chosen and not self.is_reversed):
            query["sort"] = value
        return Heading(order.label, f"?{query.urlencode()}", aria)

    def _value(self, order: Order, is_reversed: bool) -> str:
        if is_reversed:
            return f"-{order.key}"
        return "" if order == self._orders[0] else order.key


def every_order(orders: Sequence[Order]) -> dict[Any, tuple[OrderBy | str, ...]]:
    """What goes into `order_by` for each `Sorting.key`."""
    return {
        (order.key, is_reversed): order.second if is_reversed else order.first
        for order in orders
        for is_reversed in (False, True)
    }
