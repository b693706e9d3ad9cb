"""How one class of jobs is carried out: by which task, for how long, how often, until when."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings

from dashboard.jobs.messages import Message

Length = timedelta | str
"""A span of time, or the name of the setting that holds its seconds."""

LEAST_PAUSE, LONGEST_ASKED = 0.5, 3600.0
"""Seconds: no two tries follow at once; nobody's `retry_after` holds a job for longer."""


def length_of(value: Length) -> timedelta:
    """The span itself."""
    return timedelta(seconds=getattr(settings, value)) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: any time up to `first` seconds, then up to twice as long, `most` at most."""

    first: float
    most: float

    def pause(self, tries: int) -> float:
        """Seconds until the next try, after so many."""
        longest = min(self.most, self.first * 2.0 ** min(max(tries, 1) - 1, 20))
        return random.uniform(0, longest)  # noqa: S311 - jitter


@dataclass(frozen=True, slots=True)
class Schedule:
    """Fixed pauses: others were promised them, or count in minutes as mail servers do.

    The last one stays. Many jobs at once are spread by `room`, or by their group, instead.
    """

    pauses: tuple[timedelta, ...]

    def pause(self, tries: int) -> float:
        """Seconds until the next try, after so many."""
        place = min(max(tries, 1), len(self.pauses)) - 1
        return self.pauses[place].total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One per class of jobs; `jobs.checks` refuses to start with one that cannot hold."""

    task: str
    """The dotted name of the task that carries a job out."""
    queue: str
    lease: Length
    """How long a worker has a job to itself: longer than its task may last, unless `is_renewed`."""
    retries: Backoff | Schedule
    give_up_after: Length
    """The age at which a job ends in words, whatever became of it."""
    most_tries: int
    """Failures, lost workers among them, after which it ends in words."""
    is_renewed: bool = False
    """Whether a thread renews the lease while the work goes on: then it can be short."""
    age_from: str = "created_at"
    key: str = "pk"
    """What a message names: the job, or what a worker takes all due jobs of at once."""
    most_at_once: int = 1
    sends_attempt: bool = False
    """Whether a message is about one attempt alone."""
    related: tuple[str, ...] = ()
    """What is read together with a job."""
    order: tuple[Any, ...] = ("not_before", "pk")
    every: float = 1.0
    """Seconds between two looks of the dispatcher."""
    republish_after: timedelta = timedelta(seconds=5)
    message: Message = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", Message(self.task, self.queue))

    @property
    def lease_length(self) -> timedelta:
        """How long a lease lasts."""
        return length_of(self.lease)

    @property
    def longest_age(self) -> timedelta:
        """How old a job may become."""
        return length_of(self.give_up_after)

    def pause_after(self, error: BaseException, tries: int) -> timedelta:
        """How long to wait: as long as the error asks for, else by `retries`."""
        asked: float | None = getattr(error, "retry_after", None)
        if asked is None:
            return timedelta(seconds=max(LEAST_PAUSE, self.retries.pause(tries)))
        spread = random.uniform(0, 0.1 * asked)  # noqa: S311 - not all at the same moment
        return timedelta(seconds=min(max(LEAST_PAUSE, asked + spread), LONGEST_ASKED))
