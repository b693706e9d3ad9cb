"""Which of our own processes show signs of life, one by one: by process and host."""

from __future__ import annotations

import logging
import socket
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.utils import timezone

from dashboard.jobs.models import Heartbeat

logger = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two signs of life."""
SILENT_AFTER = {"dispatcher": timedelta(seconds=30)}
WORKER_SILENT_AFTER = timedelta(seconds=75)
"""A process that has shown nothing for so long is taken for dead; longer for a worker than a slot
can be held by a Cyclr that hangs: 60 s is a task's hard limit."""
MISSED_FOR = timedelta(hours=1)
"""So long one that fell silent is missed while others of its kind work; hosts come and go."""

EXPECTED = {
    "interactive": ("Interactive worker", "carries out changes and checks"),
    "background": ("Background worker", "reads Cyclr into the dashboard"),
    "dispatcher": ("Dispatcher", "sends waiting work to the workers"),
}


@dataclass(frozen=True, slots=True)
class ProcessState:
    """The processes of one kind: when one showed itself last, how many do, how many do no more."""

    name: str
    label: str
    does: str
    at: datetime | None
    alive: int
    gone: int

    @property
    def is_alive(self) -> bool:
        """Whether at least one showed itself lately."""
        return self.alive > 0

    @property
    def count(self) -> int:
        """How many there are to be."""
        return self.alive + self.gone


def process_states() -> list[ProcessState]:
    """Every kind of process that must run, in the order of `EXPECTED`."""
    now = timezone.now()
    seen: dict[str, list[datetime]] = {name: [] for name in EXPECTED}
    for process, at in Heartbeat.objects.filter(process__in=EXPECTED).values_list("process", "at"):
        seen[process].append(at)
    return [_state(name, seen[name], now) for name in EXPECTED]


def _state(name: str, moments: list[datetime], now: datetime) -> ProcessState:
    silent_after = SILENT_AFTER.get(name, WORKER_SILENT_AFTER)
    # A sign from the future is from before the clock was set back: it says nothing.
    alive = [at for at in moments if abs(now - at) <= silent_after]
    gone = [at for at in moments if at not in alive and now - at <= MISSED_FOR]
    return ProcessState(name, *EXPECTED[name], max(moments, default=None), len(alive), len(gone))


def show(process: str, host: str) -> None:
    """This process lives; nothing is raised while the database cannot take it."""
    at = timezone.now()
    try:
        if not Heartbeat.objects.filter(process=process, host=host).update(at=at):
            Heartbeat.objects.bulk_create(
                [Heartbeat(process=process, host=host, at=at)],
                update_conflicts=True,
                unique_fields=["process", "host"],
                update_fields=["at"],
            )
    except DatabaseError as error:
        logger.warning("heartbeat not written error=%s", type(error).__name__)


def end(process: str, host: str) -> None:
    """This process ends because it was told to: it is not missed."""
    try:
        Heartbeat.objects.filter(process=process, host=host).delete()
    except DatabaseError as error:
        logger.warning("heartbeat not removed error=%s", type(error).__name__)


def forget_missed() -> None:
    """What fell silent long ago is forgotten, as long as others of its kind work."""
    old = timezone.now() - MISSED_FOR
    for state in process_states():
        if state.is_alive:
            Heartbeat.objects.filter(process=state.name, at__lt=old).delete()


def host_of(worker: str | None = None) -> str:
    """The name of a worker (`interactive@host`), else of the machine or container."""
    return (worker or socket.gethostname())[:255]


def process_of(queues: Collection[str]) -> str:
    """Which kind of worker it is that reads these queues."""
    return "interactive" if "interactive" in queues else "background"
