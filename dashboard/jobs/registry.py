"""Which function carries out which class of jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Worker:
    """What carries out a class of jobs."""

    model: type[Any]
    work: Callable[[Any], None]
    """Takes a lease; of a class that is taken in groups, a list of them."""
    gives_up: Callable[[Any, BaseException | None], None]
    """Ends a job in words: it became too old, or failed too often, lastly by this error."""
    room: Callable[[], int]
    """How many more may be with the workers."""
    plans: Callable[[int | None], None]
    """Makes jobs of what has become due; of one key alone, if it is given."""


WORKERS: dict[type[Any], Worker] = {}


def worker_of(model: type[Any]) -> Worker:
    """Who carries out this class."""
    return WORKERS[model]
