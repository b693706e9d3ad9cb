"""Many things, so many at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

T = TypeVar("T")
Row = TypeVar("Row", bound=Model)
IDS_AT_A_TIME = 500
"""Ids in one query."""


def chunks(things: Sequence[T], size: int = IDS_AT_A_TIME) -> Iterator[Sequence[T]]:
    """The things in their order, at most `size` at a time."""
    for start in range(0, len(things), size):
        yield things[start : start + size]


def by_key(rows: QuerySet[Row, Row], keys: Iterable[int]) -> dict[int, Row]:
    """The rows that have these primary keys, by key."""
    found: dict[int, Row] = {}
    for some in chunks(list(keys)):
        found |= rows.in_bulk(some)
    return found


ROWS_AT_A_TIME = 1000
"""Rows of a table that is read from one end to the other."""


def rows_in_chunks(
    rows: QuerySet[Any, tuple[Any, ...]], *, newest_first: bool = False
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """All rows of a `values_list` that begins with the key, by key, each query a few."""
    return _in_chunks(rows, "-pk" if newest_first else "pk", itemgetter(0), ROWS_AT_A_TIME)


def instances_in_chunks(
    rows: QuerySet[Row, Row], by: str, size: int = IDS_AT_A_TIME
) -> Iterator[Sequence[Row]]:
    """All rows with their classes, by this column, which each has for itself alone."""
    return _in_chunks(rows, by, attrgetter(by), size)


def _in_chunks(
    rows: QuerySet[Any, T], order: str, key_of: Callable[[T], object], size: int
) -> Iterator[Sequence[T]]:
    """A cursor would have PostgreSQL find all before the first, and hold a transaction open for as
    long as somebody downloads; memory is the same for any length."""
    ordered = rows.order_by(order)
    some = list(ordered[:size])
    while some:
        yield some
        if len(some) < size:
            return
        behind = f"{order.removeprefix('-')}__{'lt' if order.startswith('-') else 'gt'}"
        some = list(ordered.filter(**{behind: key_of(some[-1])})[:size])
