"""Which breaks of one kind are one alarm: many of them within minutes are hardly the customers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

T = TypeVar("T")

MANY = 12
WITHIN = timedelta(minutes=10)


def clusters(things: Sequence[T], moment: Callable[[T], datetime]) -> list[list[T]]:
    """Those of which `MANY` stand `WITHIN` each other, with what follows as soon.

    What belongs to none is left out. Answers them, and what is in them, by their moments.
    """
    ordered = sorted(things, key=moment)
    moments = [moment(one) for one in ordered]
    found, first, count = list[list[T]](), 0, len(ordered)
    while first < count:
        after = first
        while after < count and moments[after] - moments[first] <= WITHIN:
            after += 1
        if after - first < MANY:
            first += 1
            continue
        while after < count and moments[after] - moments[after - 1] <= WITHIN:
            after += 1
        found.append(ordered[first:after])
        first = after
    return found


def is_near(moment: datetime, began_at: datetime, newest_at: datetime) -> bool:
    """Whether what broke then belongs to an alarm over many, from its first break to its last."""
    return began_at - WITHIN <= moment <= newest_at + WITHIN
