"""What the dispatcher does every few seconds; each room registers its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Work = Callable[[], None]


@dataclass(slots=True)
class Chore:
    """Something to be done again and again."""

    name: str
    every: float
    work: Work
    done_at: float = field(default=0.0)


CHORES: list[Chore] = []


def chore(*, every: float) -> Callable[[Work], Work]:
    """Register a function to be called by the dispatcher about every so many seconds.

    It must be harmless to call twice and short: it finds rows and sends messages, no more.
    """

    def register(work: Work) -> Work:
        CHORES.append(Chore(name=f"{work.__module__}.{work.__qualname__}", every=every, work=work))
        return work

    return register
