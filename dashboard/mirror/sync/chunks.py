"""The accounts' connectors, a chunk of accounts at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, Q
from django.utils import timezone

import cyclr_api
from cyclr_api import CyclrError
from dashboard.jobs.leases import Lease, LeaseLostError
from dashboard.mirror.models import Account, SyncHelper, SyncRun
from dashboard.mirror.sync import due
from dashboard.mirror.sync.answers import Answer
from dashboard.mirror.sync.connectors import (
    known_connectors,
    missing_connectors,
    write_connectors,
)
from dashboard.mirror.sync.errors import message_for
from dashboard.mirror.sync.limits import MAX_WAIT
from dashboard.mirror.sync.reading import Reading, Tally, read_each
from dashboard.mirror.sync.stopping import is_stopped

CHUNK = 1000
"""Accounts that are looked up together."""

CHUNKS = 10
"""So many are read for one message: from the end of one to the next message nobody reads."""

HELPED_ABOVE = 100.0
"""Calls a second from which on a second process pays: one makes some three hundred."""

EXPECTED_WITHIN = timedelta(seconds=10)
"""So soon a helper should have begun."""

RUNS_HALF, HELPERS_HALF = 0, 1
"""By the accounts' numbers, even and odd ones."""

LOOK_EVERY = 0.2
"""Seconds between two looks whether the helper is done."""


def waiting_accounts(run: SyncRun, half: int | None = None) -> list[int]:
    """Accounts, or half of them, whose connectors the run has still to read.

    Those that failed last time come last, those looked at lately first.
    """
    is_fine = ExpressionWrapper(Q(refresh_error=""), output_field=BooleanField())
    rows = due.waiting_accounts(run).order_by(
        is_fine.desc(),
        F("viewed_at").desc(nulls_last=True),
        F("read_at").asc(nulls_first=True),
        "pk",
    )
    if half is not None:
        rows = rows.alias(half=F("pk") % 2).filter(half=half)
    return list(rows.values_list("pk", flat=True)[:CHUNK])


def read_chunks(lease: Lease[SyncRun], until: datetime) -> bool:
    """Read accounts' connectors, some chunks of them; says whether more are waiting."""
    for _ in range(CHUNKS):
        if not _read_chunk(lease, until):
            return False
        if timezone.now() >= until or is_stopped(lease.job.console_id):
            break
    return True


def _read_chunk(lease: Lease[SyncRun], until: datetime) -> bool:
    """The same of the next accounts."""
    run = lease.job
    if has_help(run):
        waiting = waiting_accounts(run, RUNS_HALF)
        if not waiting:
            _wait_for_help(run, until)
            return due.waiting_accounts(run).exists()
    else:
        waiting = waiting_accounts(run)
    tally = Tally(run.console, run.pk, lease.write)
    read_each(waiting, connectors_of(waiting, is_asked=run.is_asked), until, tally)
    return due.waiting_accounts(run).exists()


# ---- two processes ----


def has_help(run: SyncRun) -> bool:
    """Whether another process reads half of the accounts; asks for one where that pays."""
    moment = timezone.now()
    helper = run.helpers.first()
    if helper is None or _ended_by_a_stop(helper, run):
        is_fast = run.console.calls_per_second >= HELPED_ABOVE
        if not is_fast or not due.waiting_accounts(run)[CHUNK // 2 - 1 :].exists():
            return False
        helper = SyncHelper.objects.ask(run=run)
    is_at_it = helper.leased_until is not None and helper.leased_until > moment
    is_awaited = helper.attempt == 0 and moment - helper.created_at < EXPECTED_WITHIN
    return helper.finished_at is None and (is_at_it or is_awaited)


def _ended_by_a_stop(helper: SyncHelper, run: SyncRun) -> bool:
    """Whether it ended before somebody had the run go on: then another one may be asked for."""
    since = run.resumed_at
    return since is not None and helper.finished_at is not None and helper.finished_at < since


def _wait_for_help(run: SyncRun, until: datetime) -> None:
    """The other half is nearly done: to read it too would cost more calls than time."""
    while timezone.now() < until and has_help(run):
        time.sleep(LOOK_EVERY)


def help_read(lease: Lease[SyncHelper], until: datetime) -> bool:
    """A helper reads accounts of its half; says whether more are waiting."""
    run = lease.job.run
    tally = Tally(run.console, run.pk, partial(_write_to, run.pk))
    for _ in range(CHUNKS):
        waiting = waiting_accounts(run, HELPERS_HALF)
        read_each(waiting, connectors_of(waiting, is_asked=run.is_asked), until, tally)
        if not waiting or timezone.now() >= until or is_stopped(run.console_id):
            break
    return bool(waiting_accounts(run, HELPERS_HALF))


def give_up_help(lease: Lease[SyncHelper], error: BaseException | None) -> None:
    """Its workers were lost again and again: the run reads what is left."""
    lease.finish(last_error="It stopped half-way." if error is None else message_for(error))


def _write_to(run: int, **columns: Any) -> None:
    """Add what a helper read to the run, as long as there is one."""
    if not SyncRun.objects.filter(pk=run, finished_at=None).update(**columns):
        raise LeaseLostError


def connectors_of(
    accounts: Sequence[int], *, is_asked: bool
) -> Reading[cyclr_api.AccountConnector]:
    """Their connectors; where somebody `is_asked`, what a listing lacks is asked for by itself."""
    known = known_connectors(accounts)

    def ask(
        client: cyclr_api.Client, account: Account, until: datetime, stop: threading.Event
    ) -> Answer[cyclr_api.AccountConnector] | None:
        there = known.get(account.pk, ())
        return _list_connectors(client, account, until, stop, there, is_asked=is_asked)

    return Reading(ask, _take, _fail)


def _take(told: Sequence[Answer[cyclr_api.AccountConnector]], tally: Tally) -> None:
    written = write_connectors(told)
    tally.read += [one.account.pk for one in told]
    found = sum(len(one.listed or ()) for one in told)
    tally.count(accounts_read=len(told), connectors_found=found, skipped=written.skipped)


def _fail(account: Account, error: Exception, tally: Tally) -> None:
    """This account could not be read in this run; the next one tries again."""
    tally.count(accounts_failed=1)
    Account.objects.filter(pk=account.pk).update(
        refresh_error=message_for(error), refresh_failed_run=tally.run
    )


def _list_connectors(
    client: cyclr_api.Client,
    account: Account,
    until: datetime,
    stop: threading.Event,
    known: Iterable[int],
    *,
    is_asked: bool,
) -> Answer[cyclr_api.AccountConnector] | None:
    """One listing, in a thread of the pool: it asks Cyclr and leaves the database alone.

    `known`: the connectors without which a short page is not believed.
    """
    began = timezone.now()
    if stop.is_set() or began >= until:
        return None
    max_wait = min(MAX_WAIT, (until - began).total_seconds())
    expected = list(known)
    try:
        there = client.account(account.cyclr_id)
        listed = there.connectors.readable(max_wait=max_wait, expected=expected)
        answers = missing_connectors(there, listed, expected if is_asked else ())
        return Answer(account, began, listed=listed, answers=answers)
    except CyclrError as error:
        return Answer(account, began, error=error)
