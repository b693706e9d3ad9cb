"""What is read of each account, a chunk of accounts at a time: their connectors here."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError
from django.db.models import BooleanField, ExpressionWrapper, F, Q
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
from dashboard.consoles.pacing import BACKGROUND, PacedError
from dashboard.consoles.services import client, note
from dashboard.jobs.leases import Lease
from dashboard.mirror.missing import Answers
from dashboard.mirror.models import Account, SyncRun
from dashboard.mirror.sync.connectors import (
    known_connectors,
    missing_connectors,
    write_connectors,
)
from dashboard.mirror.sync.errors import message_for
from dashboard.mirror.sync.limits import MAX_WAIT, THREADS
from dashboard.mirror.sync.methods import fill_methods

logger = logging.getLogger(__name__)

T = TypeVar("T")

CHUNK = 200

ACCOUNTS_IN_A_ROW = 5
"""Accounts that Cyclr may fail to answer for, one after another, before it counts as down."""

NOTE_EVERY = timedelta(seconds=3)

GRACE = timedelta(seconds=100)
"""How long listings that are under way at a chunk's end may still take."""


def waiting_accounts(run: SyncRun) -> list[int]:
    """Accounts whose connectors were not read since the run began.

    Those that failed last time come last, those looked at lately first.
    """
    is_fine = ExpressionWrapper(Q(refresh_error=""), output_field=BooleanField())
    rows = (
        Account.objects.filter(console=run.console)
        .there()
        .filter(Q(read_at=None) | Q(read_at__lt=run.created_at))
        .exclude(refresh_failed_run=run.pk)
        .order_by(
            is_fine.desc(),
            F("viewed_at").desc(nulls_last=True),
            F("read_at").asc(nulls_first=True),
            "pk",
        )
    )
    return list(rows.values_list("pk", flat=True)[:CHUNK])


@dataclass(slots=True)
class Answer(Generic[T]):
    """What Cyclr said about one account."""

    account: Account
    began: datetime
    listed: cyclr_api.Listing[T] | None = None
    answers: Answers[Any, T] | None = None
    error: CyclrError | None = None


@dataclass(slots=True)
class Tally:
    """What a chunk has done since it was last written down."""

    lease: Lease[SyncRun]
    noted_at: datetime = field(default_factory=timezone.now)
    counts: Counter[str] = field(default_factory=Counter)
    read: list[int] = field(default_factory=list)
    """Accounts of which the connectors were read."""
    has_answered: bool = False

    def count(self, **counts: int) -> None:
        """Add to these columns of the run."""
        self.counts.update(counts)

    def note(self, *, at_once: bool = False) -> None:
        """Write it to the run, every few seconds or at once."""
        if not at_once and timezone.now() - self.noted_at < NOTE_EVERY:
            return
        if self.read:
            fill_methods(self.lease.job.console, self.read)
        if self.has_answered:
            note(self.lease.job.console, None)
        if self.counts:
            added = {column: F(column) + count for column, count in self.counts.items()}
            self.lease.write(**added, touched_at=timezone.now())
        self.noted_at = timezone.now()
        self.read, self.has_answered = [], False
        self.counts.clear()


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """One thing that is read of each account.

    `ask` is one listing, in a thread of a pool: it asks Cyclr and leaves the database alone. It
    is told until when it may begin, and the event that stops all of them: then it answers None.
    `take` writes a listing; `fail` an error: of this account alone, the next run tries again.
    """

    ask: Callable[[cyclr_api.Client, Account, datetime, threading.Event], Answer[T] | None]
    take: Callable[[Answer[T], cyclr_api.Listing[T], Tally], None]
    fail: Callable[[Account, Exception, Tally], None]


def read_chunk(lease: Lease[SyncRun], until: datetime) -> bool:
    """Read the connectors of the next accounts; says whether more are waiting."""
    run = lease.job
    waiting = waiting_accounts(run)
    known = known_connectors(waiting) if run.is_asked else {}

    def ask(
        client: cyclr_api.Client, account: Account, until: datetime, stop: threading.Event
    ) -> Answer[cyclr_api.AccountConnector] | None:
        return _list_connectors(client, account, until, stop, known.get(account.pk, ()))

    read_each(lease, waiting, Reading(ask, _take, _fail), until)
    return bool(waiting_accounts(run))


def read_each(
    lease: Lease[SyncRun], waiting: Sequence[int], reading: Reading[T], until: datetime
) -> None:
    """Read something of these accounts, several at once.

    No listing begins after `until`, and each is written as it comes: what was read stays. Raises
    what is about the console: its credentials, a rate limit, or that Cyclr does not answer.
    """
    run = lease.job
    found = Account.objects.select_related("console").in_bulk(waiting)
    accounts = [found[pk] for pk in waiting if pk in found]
    shared = client(run.console, BACKGROUND)
    tally, stop = Tally(lease), threading.Event()
    has_answered, silence = run.accounts_read > 0, list[CyclrError]()
    fatal: CyclrError | None = None
    pool = ThreadPoolExecutor(THREADS)
    listings = {pool.submit(reading.ask, shared, one, until, stop): one for one in accounts}
    try:
        for listing in as_completed(listings, (until + GRACE - timezone.now()).total_seconds()):
            answer = listing.result()
            if answer is None:
                continue
            error = answer.error
            if answer.listed is not None:
                has_answered, silence = True, []
                _write(reading, answer, answer.listed, tally)
            elif error is not None and _is_about_the_console(error):
                fatal = fatal or error
            elif error is not None and fatal is None:
                reading.fail(answer.account, error, tally)
                if isinstance(error, UnexpectedAnswerError | PagingError | PermanentError):
                    has_answered, silence = True, []
                else:
                    silence.append(error)
                    fatal = error if len(silence) >= ACCOUNTS_IN_A_ROW else None
            if fatal is not None:
                stop.set()
            tally.note()
    except TimeoutError:
        for account in [one for listing, one in listings.items() if listing.running()]:
            reading.fail(account, SoftTimeLimitExceeded(), tally)
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
    tally.note(at_once=True)
    if fatal is None and silence and not has_answered:
        fatal = silence[0]
    if fatal is not None:
        note(run.console, fatal)
        raise fatal


def _is_about_the_console(error: CyclrError) -> bool:
    """Whether every other account would get the same answer."""
    if isinstance(error, CredentialsRefusedError):
        return not isinstance(error, AccountRefusedError)
    return error.through is None and isinstance(error, PacedError | RateLimitedError)


def _write(
    reading: Reading[T], answer: Answer[T], listed: cyclr_api.Listing[T], tally: Tally
) -> None:
    """Write one account's listing; one that the database does not take is its failure alone."""
    tally.has_answered = True
    try:
        reading.take(answer, listed, tally)
    except DatabaseError as error:
        logger.exception("listing not written account=%d", answer.account.pk)
        reading.fail(answer.account, error, tally)


def _take(
    answer: Answer[cyclr_api.AccountConnector],
    listed: cyclr_api.Listing[cyclr_api.AccountConnector],
    tally: Tally,
) -> None:
    written = write_connectors(answer.account, listed, answer.began, answer.answers)
    tally.read.append(answer.account.pk)
    tally.count(accounts_read=1, connectors_found=len(listed), skipped=written.skipped)


def _fail(account: Account, error: Exception, tally: Tally) -> None:
    """This account could not be read in this run; the next one tries again."""
    tally.count(accounts_failed=1)
    Account.objects.filter(pk=account.pk).update(
        refresh_error=message_for(error), refresh_failed_run=tally.lease.job.pk
    )


def _list_connectors(
    client: cyclr_api.Client,
    account: Account,
    until: datetime,
    stop: threading.Event,
    known: Iterable[int],
) -> Answer[cyclr_api.AccountConnector] | None:
    """One listing, in a thread of the pool: it asks Cyclr and leaves the database alone.

    `known`: the connectors that are asked for by themselves should it lack them.
    """
    began = timezone.now()
    if stop.is_set() or began >= until:
        return None
    max_wait = min(MAX_WAIT, (until - began).total_seconds())
    try:
        there = client.account(account.cyclr_id)
        listed = there.connectors.readable(max_wait=max_wait)
        answers = missing_connectors(there, listed, known)
        return Answer(account, began, listed=listed, answers=answers)
    except CyclrError as error:
        return Answer(account, began, error=error)
