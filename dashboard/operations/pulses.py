"""Which of our own processes show signs of life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from dashboard.operations.models import Pulse

SILENT_AFTER = {"dispatcher": timedelta(seconds=30)}
WORKER_SILENT_AFTER = timedelta(seconds=75)
"""A process that has shown nothing for so long is taken for dead; longer for a worker than a slot
can be held by a Cyclr that hangs: 60 s is a task's hard limit."""

EXPECTED = {
    "interactive": ("Interactive worker", "carries out changes and checks"),
    "background": ("Background worker", "reads Cyclr into the dashboard"),
    "dispatcher": ("Dispatcher", "sends waiting work to the workers"),
}


@dataclass(frozen=True, slots=True)
class Sign:
    """The last sign of life of one process, if there ever was one."""

    name: str
    words: str
    does: str
    at: datetime | None

    @property
    def is_alive(self) -> bool:
        """Whether it showed itself lately."""
        if self.at is None:
            return False
        # A sign from the future is from before the clock was set back: it says nothing.
        return abs(timezone.now() - self.at) <= SILENT_AFTER.get(self.name, WORKER_SILENT_AFTER)


def signs() -> list[Sign]:
    """The signs of life of every process that must run, in the order of `EXPECTED`."""
    seen = dict(Pulse.objects.filter(name__in=EXPECTED).values_list("name", "at"))
    return [Sign(name, words, does, seen.get(name)) for name, (words, does) in EXPECTED.items()]
