"""A second process beside a run: each account is read once, whatever becomes of the helper."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cyclr_api import RateLimitedError, UnreachableError
from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.jobs.leases import LeaseLostError
from dashboard.jobs.messages import Message
from dashboard.mirror import sync, tasks
from dashboard.mirror.models import Account, SyncHelper, SyncRun
from dashboard.mirror.sync import chunks
from tests.mirror.test_runs import answering, run_whole, start, step

CALL = "GET /account/connectors"
LISTING = "/account/connectors"


@pytest.fixture(autouse=True)
def fast(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """A console that may be asked fast, and what was sent."""
    settings.CYCLR_CALLS_PER_SECOND = 1000.0
    monkeypatch.setattr(chunks, "CHUNK", 16)
    monkeypatch.setattr(chunks, "CHUNKS", 1)
    messages: list[tuple[str, int]] = []

    def send(message: Message, pk: int, *_: int) -> bool:
        messages.append((message.task, pk))
        return True

    monkeypatch.setattr(Message, "send", send)
    return messages


def listed(cyclr: CyclrState) -> Counter[str]:
    """How often each account's connectors were asked for."""
    asked = (one for one in cyclr.requests if one.path.endswith(LISTING))
    return Counter(str(one.account) for one in asked)


def begun(console: Console) -> tuple[SyncRun, SyncHelper]:
    """A run whose first chunk was read, and the helper that it asked for."""
    run = step(step(step(start(console))))
    return run, run.helpers.get()


def test_the_two_read_each_account_once(cyclr: CyclrState, console: Console) -> None:
    run, helper = begun(console)
    while not helper.finished_at:
        tasks.help_sync(helper.pk)
        helper.refresh_from_db()
    while not run.finished_at:
        step(run)

    assert (run.last_error, helper.last_error) == ("", "")
    assert run.accounts_read == len(cyclr.accounts) == Account.objects.exclude(read_at=None).count()
    assert run.connectors_found > 20
    assert run.helpers.count() == 1


def test_each_reads_its_half(cyclr: CyclrState, console: Console) -> None:
    run, helper = begun(console)
    tasks.help_sync(helper.pk)

    read = set(Account.objects.exclude(read_at=None).values_list("pk", flat=True))
    assert len(read) == 32
    assert len([pk for pk in read if pk % 2]) == 16
    run.refresh_from_db()
    assert run.accounts_read == 32


def test_some_chunks_are_read_for_one_message(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 8)
    monkeypatch.setattr(chunks, "CHUNKS", 2)
    run, helper = begun(console)
    run.refresh_from_db()
    assert run.accounts_read == 16

    tasks.help_sync(helper.pk)

    run.refresh_from_db()
    assert run.accounts_read == 32


def test_after_a_stop_no_further_chunk_is_begun(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 8)
    run, helper = begun(console)
    monkeypatch.setattr(chunks, "CHUNKS", 2)
    of_run = SyncRun.objects.claim(run.pk, attempt=run.attempt)
    of_helper = SyncHelper.objects.claim(helper.pk)
    assert of_run is not None and of_helper is not None
    sync.stop_sync(console, Actor.system())

    soon = timezone.now() + timedelta(seconds=20)
    assert sync.read_chunks(of_run, soon)
    assert sync.help_read(of_helper, soon)

    run.refresh_from_db()
    assert run.accounts_read == 3 * 8


def test_a_slow_or_a_small_console_needs_no_help(
    cyclr: CyclrState, console: Console, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 20.0
    run_whole(console)
    settings.CYCLR_CALLS_PER_SECOND = 1000.0
    monkeypatch.setattr(chunks, "CHUNK", 1000)
    run_whole(console)

    assert not SyncHelper.objects.exists()


def test_without_a_process_for_the_helper_the_run_reads_everything(
    cyclr: CyclrState, console: Console
) -> None:
    run, helper = begun(console)
    SyncHelper.objects.update(created_at=timezone.now() - timedelta(seconds=11))
    while not run.finished_at:
        step(run)

    assert run.accounts_read == len(cyclr.accounts)
    tasks.help_sync(helper.pk)
    helper.refresh_from_db()
    assert helper.finished_at and not helper.last_error
    assert set(listed(cyclr).values()) <= {1, 2}


def test_a_helper_that_was_killed_holds_nothing_up(cyclr: CyclrState, console: Console) -> None:
    run, helper = begun(console)
    SyncHelper.objects.update(attempt=1, leased_until=timezone.now() - timedelta(seconds=1))
    while not run.finished_at:
        step(run)

    assert run.accounts_read == len(cyclr.accounts)


def test_a_run_waits_for_the_last_accounts_of_its_helper(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, helper = begun(console)
    SyncHelper.objects.update(attempt=1, leased_until=timezone.now() + timedelta(seconds=60))
    while sync.waiting_accounts(run, chunks.RUNS_HALF):
        step(run)
    looks = 0

    def look(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            SyncHelper.objects.update(leased_until=None)

    monkeypatch.setattr(time, "sleep", look)
    step(run)
    assert looks == 3 and run.accounts_read < len(cyclr.accounts)
    while not run.finished_at:
        step(run)
    assert run.accounts_read == len(cyclr.accounts)


@pytest.mark.parametrize(
    ("error", "ends"),
    [(RateLimitedError(CALL, 429, retry_after=30), False), (UnreachableError(CALL), True)],
)
def test_what_is_wrong_with_cyclr_is_the_runs_to_tell(
    cyclr: CyclrState,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    error: Any,
    ends: bool,
) -> None:
    run, helper = begun(console)
    answering(monkeypatch, lambda account: error)
    tasks.help_sync(helper.pk)

    helper.refresh_from_db()
    run.refresh_from_db()
    assert bool(helper.finished_at) == ends and helper.leased_until is None
    assert run.finished_at is None
    assert not chunks.has_help(run)
    if not ends:
        assert helper.not_before > timezone.now() + timedelta(seconds=20)


def test_a_run_that_ended_is_not_written_to(cyclr: CyclrState, console: Console) -> None:
    run, helper = begun(console)
    before = run.accounts_read
    claimed = SyncHelper.objects.claim(helper.pk)
    assert claimed is not None
    SyncRun.objects.update(finished_at=timezone.now())
    with pytest.raises(LeaseLostError):
        chunks.help_read(claimed, timezone.now() + timedelta(seconds=20))

    run.refresh_from_db()
    assert run.accounts_read == before


def test_a_second_process_joins_in_again_after_a_stop(cyclr: CyclrState, console: Console) -> None:
    run, helper = begun(console)
    actor = Actor.system()
    sync.stop_sync(console, actor)
    tasks.help_sync(helper.pk)
    helper.refresh_from_db()
    assert helper.finished_at is not None

    sync.resume_sync(console, actor)
    run.refresh_from_db()
    assert chunks.has_help(run)

    assert run.helpers.filter(finished_at=None).count() == 1


def test_one_that_ended_by_itself_is_not_asked_for_again(
    cyclr: CyclrState, console: Console
) -> None:
    run, helper = begun(console)
    SyncHelper.objects.filter(pk=helper.pk).update(finished_at=timezone.now())

    assert not chunks.has_help(run)
    assert run.helpers.count() == 1
