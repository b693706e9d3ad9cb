"""What is read of many accounts: several calls under way, and what they tell written together."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

import cyclr_api
from cyclr_api import (
    AccountRefusedError,
    CredentialsRefusedError,
    CyclrError,
    PagingError,
    PermanentError,
    RateLimitedError,
    UnexpectedAnswerError,
)
from dashboard.consoles.models import Console
from dashboard.consoles.pacing import BACKGROUND, PacedError
from dashboard.consoles.services import client, note
from dashboard.mirror.models import Account, SyncRun
from dashboard.mirror.sync.answers import Answer
from dashboard.mirror.sync.limits import READERS, WRITTEN_TOGETHER, WRITTEN_WITHIN
from dashboard.mirror.sync.methods import fill_methods
from dashboard.mirror.sync.stopping import is_stopped

logger = logging.getLogger(__name__)

T = TypeVar("T")

ACCOUNTS_IN_A_ROW = 5
"""Accounts that Cyclr may fail to answer for, one after another, before it counts as down."""

NOTE_EVERY = timedelta(seconds=3)

GRACE = timedelta(seconds=100)
"""How long listings that are under way at a chunk's end may still take."""


@dataclass(slots=True)
class Tally:
    """What a chunk has done since it was last written down, by `write` of the run's columns."""

    console: Console
    run: int
    write: Callable[..., None]
    noted_at: datetime = field(default_factory=timezone.now)
    counts: Counter[str] = field(default_factory=Counter)
    read: list[int] = field(default_factory=list)
    """Accounts of which the connectors were read."""
    has_answered: bool = False

    def count(self, **counts: int) -> None:
        """Add to these columns of the run."""
        self.counts.update(counts)

    def note(self, *, at_once: bool = False) -> bool:
        """Write it to the run, every few seconds or at once; says whether it did."""
        if not at_once and timezone.now() - self.noted_at < NOTE_EVERY:
            return False
        if self.read:
            fill_methods(self.console, self.read)
        if self.has_answered:
            note(self.console, None)
        if self.counts:
            added = {column: F(column) + count for column, count in self.counts.items()}
            self.write(**added, touched_at=timezone.now())
        self.noted_at = timezone.now()
        self.read, self.has_answered = [], False
        self.counts.clear()
        return True


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """One thing that is read of each account.

    `ask` is one listing, in a thread of a pool: it asks Cyclr and leaves the database alone. It
    is told until when it may begin, and the event that stops all of them: then it answers None.
    `take` writes some listings; `fail` an error: of this account alone, the next run tries again.
    """

    ask: Callable[[cyclr_api.Client, Account, datetime, threading.Event], Answer[T] | None]
    take: Callable[[Sequence[Answer[T]], Tally], None]
    fail: Callable[[Account, Exception, Tally], None]


@dataclass(slots=True)
class _Batch(Generic[T]):
    """Listings that are written together: they cost a tenth of what they cost one by one."""

    reading: Reading[T]
    tally: Tally
    waiting: list[Answer[T]] = field(default_factory=list)
    since: float = 0.0

    def add(self, answer: Answer[T]) -> None:
        """Write it with others, soon."""
        self.since = self.since if self.waiting else time.monotonic()
        self.waiting.append(answer)
        is_time = time.monotonic() - self.since >= WRITTEN_WITHIN
        if is_time or len(self.waiting) >= WRITTEN_TOGETHER:
            self.write()

    def write(self) -> None:
        """Write them now; those that the database does not take are their accounts' failure."""
        some, self.waiting = self.waiting, []
        if not some:
            return
        self.tally.has_answered = True
        try:
            self.reading.take(some, self.tally)
        except DatabaseError:
            for one in some:
                self._write_one(one)

    def _write_one(self, answer: Answer[T]) -> None:
        try:
            self.reading.take([answer], self.tally)
        except DatabaseError as error:
            logger.exception("listing not written account=%d", answer.account.pk)
            self.reading.fail(answer.account, error, self.tally)


def read_each(waiting: Sequence[int], reading: Reading[T], until: datetime, tally: Tally) -> None:
    """Read something of these accounts, several at once.

    No listing begins after `until`, and what comes is written within a second. Raises what is
    about the console: its credentials, a rate limit, or that Cyclr does not answer.
    """
    found = Account.objects.filter(console=tally.console).in_bulk(waiting)
    accounts = [found[pk] for pk in waiting if pk in found]
    for account in accounts:
        account.console = tally.console
    has_answered = SyncRun.objects.filter(pk=tally.run, accounts_read__gt=0).exists()
    silence, fatal = list[CyclrError](), None
    batch, stop = _Batch(reading, tally), threading.Event()
    with _under_way(reading, client(tally.console, BACKGROUND), accounts, until, stop) as listings:
        try:
            for listing in as_completed(listings, (until + GRACE - timezone.now()).total_seconds()):
                answer = listing.result()
                if answer is None:
                    continue
                error = answer.error
                if error is None:
                    has_answered, silence = True, []
                    batch.add(answer)
                elif _is_about_the_console(error):
                    fatal = fatal or error
                elif fatal is None:
                    reading.fail(answer.account, error, tally)
                    if isinstance(error, UnexpectedAnswerError | PagingError | PermanentError):
                        has_answered, silence = True, []
                    else:
                        silence.append(error)
                        fatal = error if len(silence) >= ACCOUNTS_IN_A_ROW else None
                if (tally.note() and is_stopped(tally.console.pk)) or fatal is not None:
                    stop.set()
        except TimeoutError:
            for account in [one for listing, one in listings.items() if listing.running()]:
                reading.fail(account, SoftTimeLimitExceeded(), tally)
    batch.write()
    tally.note(at_once=True)
    if fatal is None and silence and not has_answered:
        fatal = silence[0]
    if fatal is not None:
        note(tally.console, fatal)
        raise fatal


@contextmanager
def _under_way(
    reading: Reading[T],
    shared: cyclr_api.Client,
    accounts: Sequence[Account],
    until: datetime,
    stop: threading.Event,
) -> Iterator[dict[Future[Answer[T] | None], Account]]:
    """The listings of these accounts; whatever happens, no further one begins after it."""
    pool = ThreadPoolExecutor(READERS)
    try:
        yield {pool.submit(reading.ask, shared, one, until, stop): one for one in accounts}
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _is_about_the_console(error: CyclrError) -> bool:
    """Whether every other account would get the same answer."""
    if isinstance(error, CredentialsRefusedError):
        return not isinstance(error, AccountRefusedError)
    return error.through is None and isinstance(error, PacedError | RateLimitedError)
