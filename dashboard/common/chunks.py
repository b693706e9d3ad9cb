"""Many things, so many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from django.db.models import QuerySet

T = TypeVar("T")
IDS_AT_A_TIME = 500
"""Ids in one query."""


def chunks(things: Sequence[T], size: int = IDS_AT_A_TIME) -> Iterator[Sequence[T]]:
    """The things in their order, at most `size` at a time."""
    for start in range(0, len(things), size):
        yield things[start : start + size]


ROWS_AT_A_TIME = 1000
"""Rows of a table that is read from one end to the other."""


def rows_in_chunks(
    rows: QuerySet[Any, tuple[Any, ...]], *, newest_first: bool = False
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """All rows of a `values_list` that begins with the key, by key, each query a few.

    A cursor would have PostgreSQL find all before the first, and hold a transaction open for as
    long as somebody downloads; memory is the same for any length.
    """
    ordered = rows.order_by("-pk" if newest_first else "pk")
    some = list(ordered[:ROWS_AT_A_TIME])
    while some:
        yield some
        if len(some) < ROWS_AT_A_TIME:
            return
        behind = {"pk__lt" if newest_first else "pk__gt": some[-1][0]}
        some = list(ordered.filter(**behind)[:ROWS_AT_A_TIME])
