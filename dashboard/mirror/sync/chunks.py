"""The accounts' connectors, read a chunk of accounts at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
from dashboard.mirror.models import Account, SyncRun
from dashboard.mirror.sync.connectors import (
    ConnectorAnswers,
    known_connectors,
    missing_connectors,
    write_connectors,
)
from dashboard.mirror.sync.errors import words_for
from dashboard.mirror.sync.limits import MAX_WAIT, THREADS
from dashboard.mirror.sync.methods import fill_methods

logger = logging.getLogger(__name__)


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
class Answer:
    """What Cyclr said about one account."""

    account: Account
    began: datetime
    listed: cyclr_api.Listing[cyclr_api.AccountConnector] | None = None
    answers: ConnectorAnswers | None = None
    error: CyclrError | None = None


@dataclass(slots=True)
class Tally:
    """What a chunk has done since it was last written down."""

    lease: Lease[SyncRun]
    noted_at: datetime = field(default_factory=timezone.now)
    read: list[int] = field(default_factory=list)
    failed: int = 0
    found: int = 0
    skipped: int = 0

    def note(self, *, at_once: bool = False) -> None:
        """Write it to the run, every few seconds or at once."""
        if not at_once and timezone.now() - self.noted_at < NOTE_EVERY:
            return
        if self.read:
            fill_methods(self.lease.job.console, self.read)
            note(self.lease.job.console, None)
        if self.read or self.failed:
            self.lease.write(
                accounts_read=F("accounts_read") + len(self.read),
                accounts_failed=F("accounts_failed") + self.failed,
                connectors_found=F("connectors_found") + self.found,
                skipped=F("skipped") + self.skipped,
                touched_at=timezone.now(),
            )
        self.noted_at = timezone.now()
        self.read = []
        self.failed = self.found = self.skipped = 0


def read_chunk(lease: Lease[SyncRun], until: datetime) -> bool:
    """Read the connectors of the next accounts, several at once; says whether more are waiting.

    No listing begins after `until`, and each is written as it comes: what was read stays.
    """
    run = lease.job
    waiting = waiting_accounts(run)
    found = Account.objects.select_related("console").in_bulk(waiting)
    accounts = [found[pk] for pk in waiting if pk in found]
    shared = client(run.console, BACKGROUND)
    tally, stop = Tally(lease), threading.Event()
    has_answered, silence = run.accounts_read > 0, list[CyclrError]()
    fatal: CyclrError | None = None
    pool = ThreadPoolExecutor(THREADS)
    known = known_connectors(found) if run.is_asked else {}
    listings = {
        pool.submit(_list_connectors, shared, one, until, stop, known.get(one.pk, ())): one
        for one in accounts
    }
    try:
        for listing in as_completed(listings, (until + GRACE - timezone.now()).total_seconds()):
            answer = listing.result()
            if answer is None:
                continue
            error = answer.error
            if answer.listed is not None:
                has_answered, silence = True, []
                _take(answer, answer.listed, tally)
            elif error is not None and _is_about_the_console(error):
                fatal = fatal or error
            elif error is not None and fatal is None:
                _fail(answer.account, error, tally)
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
            _fail(account, SoftTimeLimitExceeded(), tally)
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
    tally.note(at_once=True)
    if fatal is None and silence and not has_answered:
        fatal = silence[0]
    if fatal is not None:
        note(run.console, fatal)
        raise fatal
    return bool(waiting_accounts(run))


def _is_about_the_console(error: CyclrError) -> bool:
    """Whether every other account would get the same answer."""
    if isinstance(error, CredentialsRefusedError):
        return not isinstance(error, AccountRefusedError)
    return error.through is None and isinstance(error, PacedError | RateLimitedError)


def _take(
    answer: Answer, listed: cyclr_api.Listing[cyclr_api.AccountConnector], tally: Tally
) -> None:
    """Write one account's listing; one that the database does not take is its failure alone."""
    try:
        written = write_connectors(answer.account, listed, answer.began, answer.answers)
    except DatabaseError as error:
        logger.exception("connectors not written account=%d", answer.account.pk)
        _fail(answer.account, error, tally)
        return
    tally.read.append(answer.account.pk)
    tally.found += len(listed)
    tally.skipped += written.skipped


def _fail(account: Account, error: Exception, tally: Tally) -> None:
    """This account could not be read in this run; the next one tries again."""
    tally.failed += 1
    Account.objects.filter(pk=account.pk).update(
        refresh_error=words_for(error), refresh_failed_run=tally.lease.job.pk
    )


def _list_connectors(
    client: cyclr_api.Client,
    account: Account,
    until: datetime,
    stop: threading.Event,
    known: Iterable[int],
) -> Answer | None:
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
