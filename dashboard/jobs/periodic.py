"""What the dispatcher does every few seconds; each package registers its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Work = Callable[[], None]


@dataclass(slots=True)
class PeriodicTask:
    """Something to be done again and again."""

    name: str
    every: float
    work: Work
    done_at: float = field(default=0.0)


PERIODIC: list[PeriodicTask] = []


def periodic(*, every: float) -> Callable[[Work], Work]:
    """Register a function to be called by the dispatcher about every so many seconds.

    It must be harmless to call twice and short: it finds rows and sends messages, no more.
    """

    def register(work: Work) -> Work:
        name = f"{work.__module__}.{work.__qualname__}"
        PERIODIC.append(PeriodicTask(name=name, every=every, work=work))
        return work

    return register
