"""Many things, so many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
IDS_AT_A_TIME = 500
"""Ids in one query."""


def chunks(things: Sequence[T], size: int = IDS_AT_A_TIME) -> Iterator[Sequence[T]]:
    """The things in their order, at most `size` at a time."""
    for start in range(0, len(things), size):
        yield things[start : start + size]
