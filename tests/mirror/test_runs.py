"""Runs: what is wrong with one thing stops no other, and every run ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DataError, OperationalError
from django.utils import timezone

from cyclr_api import (
    CredentialsRefusedError,
    CyclrError,
    PagingError,
    RateLimitedError,
    TemporaryError,
    UnexpectedAnswerError,
    UnreachableError,
    UnsendableError,
)
from cyclr_api.simulator import CyclrState
from dashboard.common.encryption import DecryptionError
from dashboard.consoles.models import CREDENTIALS_REFUSED, Console
from dashboard.consoles.pacing import PacedError
from dashboard.jobs.leases import Lease, LeaseLostError
from dashboard.jobs.messages import Message
from dashboard.mirror import sync, tasks
from dashboard.mirror.freshness import reading_of
from dashboard.mirror.models import Account, CatalogueConnector, DailyFigure, SyncRun
from dashboard.mirror.sync import chunks, connectors, library, reading, refresh, runs
from dashboard.mirror.sync.answers import Answer
from dashboard.mirror.sync.merge import Written
from tests.simulated import dispatch_due
from tests.support.waiting import CEILING, wait_until

CALL = "GET /account/connectors"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The messages that were sent: run and step."""
    messages: list[tuple[int, int]] = []

    def send(message: Message, run_id: int, step: int) -> bool:
        assert message.queue == "sync"
        messages.append((run_id, step))
        return True

    monkeypatch.setattr(Message, "send", send)
    return messages


def start(console: Console) -> SyncRun:
    """A new run."""
    run = sync.start_run(console)
    assert run is not None
    return run


def step(run: SyncRun) -> SyncRun:
    """Do the step whose turn it is."""
    tasks.run_sync(run.pk, run.attempt)
    run.refresh_from_db()
    return run


def run_whole(console: Console) -> SyncRun:
    """A complete run, step after step."""
    run = start(console)
    for _ in range(20):
        if step(run).finished_at:
            return run
    raise AssertionError("the run does not end")


def answering(
    monkeypatch: pytest.MonkeyPatch, errors: Callable[[Account], Exception | None]
) -> None:
    """Let listings of connectors fail as told; the others go to the simulator."""
    real = chunks._list_connectors

    def listing(client: Any, account: Account, *rest: Any, **more: Any) -> Answer[Any] | None:
        error = errors(account)
        answer = real(client, account, *rest, **more)
        if answer is None or error is None:
            return answer
        if not isinstance(error, CyclrError):
            raise error
        return Answer(account, answer.began, error=error)

    monkeypatch.setattr(chunks, "_list_connectors", listing)


# ---- one odd thing ----


def test_an_odd_part_of_one_connector_stops_nothing(cyclr: CyclrState, console: Console) -> None:
    def odd(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one | {"Parameters": ["odd"], "Authentication": [5]} for one in found]

    cyclr.faults.rewrite("GET", "/connectors", odd)
    run = run_whole(console)

    assert (run.last_error, run.library_error) == ("", "")
    assert run.accounts_read == len(cyclr.accounts)
    assert CatalogueConnector.objects.count() > 5


def test_an_element_that_cannot_be_read_is_counted_and_the_others_are_there(
    cyclr: CyclrState, console: Console
) -> None:
    run_whole(console)
    for path in ("/accounts", "/connectors"):
        cyclr.faults.rewrite("GET", path, lambda found: [*found[1:], "odd"] if found else [])
    for _ in range(3):
        run = run_whole(console)

    assert run.last_error == "" and run.skipped >= 2
    assert Account.objects.there().count() == len(cyclr.accounts) == run.accounts_read
    assert not CatalogueConnector.objects.exclude(missed=0).exists()
    assert reading_of([console]).skipped == run.skipped


def test_without_its_library_the_accounts_are_read(cyclr: CyclrState, console: Console) -> None:
    cyclr.faults.respond("GET", "/connectors", 200, {"Items": []})
    run = run_whole(console)

    assert run.last_error == "" and run.accounts_read == len(cyclr.accounts)
    assert run.library_error == "Cyclr’s answer could not be read."
    assert reading_of([console]).library_error == run.library_error
    cyclr.faults.clear()
    assert run_whole(console).library_error == ""


def test_nor_does_a_fault_of_ours_in_the_library_stop_them(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise DataError("a value too strange")

    monkeypatch.setattr(runs, "refresh_library", broken)
    run = run_whole(console)

    assert run.accounts_read == len(cyclr.accounts)
    assert "database" in run.library_error


@pytest.mark.parametrize("chosen", [False, True])
def test_the_library_is_read_through_another_account_if_one_is_of_no_use(
    cyclr: CyclrState, console: Console, chosen: bool
) -> None:
    for odd in (" leading", ".", "gone-soon"):
        Account.objects.create(console=console, cyclr_id=odd)
    if chosen:
        Console.objects.update(catalogue_account=" leading")
    run = run_whole(console)

    assert bool(run.library_error) is chosen
    assert CatalogueConnector.objects.exists() is not chosen


def test_a_library_that_everybody_is_refused_is_not_asked_for_without_end(
    cyclr: CyclrState, console: Console
) -> None:
    fault = cyclr.faults.respond("GET", "/connectors", 403)
    run = run_whole(console)

    assert run.library_error == "Cyclr refuses to tell (403)."
    assert fault.met == library.CATALOGUE_TRIES


@pytest.mark.parametrize(
    "error",
    [
        UnexpectedAnswerError(CALL, 200),
        PagingError(CALL),
        UnreachableError(CALL, 500),
        UnsendableError(CALL),
    ],
)
def test_an_account_whose_listing_fails_is_its_own_failure(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch, error: CyclrError
) -> None:
    answering(monkeypatch, lambda account: error if "1042" in account.cyclr_id else None)
    run = run_whole(console)

    account = Account.objects.get(cyclr_id="shop-1042.example")
    assert (run.last_error, run.accounts_failed) == ("", 1)
    assert run.accounts_read == len(cyclr.accounts) - 1
    assert account.refresh_error == sync.message_for(error)
    assert Console.objects.get().trouble_since is None


def test_so_is_one_that_the_database_does_not_take(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = connectors.write_connectors

    def write(told: Sequence[Answer[Any]]) -> Written:
        if any("1042" in one.account.cyclr_id for one in told):
            raise DataError("a value too strange")
        return real(told)

    monkeypatch.setattr(chunks, "write_connectors", write)
    run = run_whole(console)

    assert (run.last_error, run.accounts_failed) == ("", 1)
    assert run.accounts_read == len(cyclr.accounts) - 1


def test_accounts_that_failed_last_time_come_last(cyclr: CyclrState, console: Console) -> None:
    sync.refresh_accounts(console)
    pks = list(Account.objects.order_by("pk").values_list("pk", flat=True))
    Account.objects.filter(pk=pks[0]).update(refresh_error="Cyclr does not answer.")
    Account.objects.filter(pk=pks[3]).update(viewed_at=timezone.now())
    waiting = sync.waiting_accounts(start(console))

    assert (waiting[0], waiting[-1]) == (pks[3], pks[0])


def test_cyclr_down_in_the_middle_ends_the_run_and_keeps_what_was_read(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        cyclr.add_account(Id=f"more-{number}", Name=f"More {number}")
    run = step(step(start(console)))
    answered: list[int] = []
    lock = threading.Lock()

    def errors(account: Account) -> Exception | None:
        with lock:
            answered.append(account.pk)
            return UnreachableError(CALL) if len(answered) > 3 else None

    answering(monkeypatch, errors)
    step(run)

    assert run.last_error == "Cyclr does not answer."
    assert run.accounts_read == 3 == Account.objects.exclude(read_at=None).count()
    assert reading.ACCOUNTS_IN_A_ROW <= run.accounts_failed <= 4 * reading.ACCOUNTS_IN_A_ROW


def test_refused_credentials_are_no_accounts_fault(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = step(step(start(console)))
    answering(monkeypatch, lambda account: CredentialsRefusedError(CALL, 401))
    step(run)

    assert run.last_error == CREDENTIALS_REFUSED
    assert not Account.objects.exclude(refresh_error="").exists()


# ---- time ----


def test_no_listing_begins_when_the_time_is_over_and_each_is_written_as_it_comes(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READERS", 2)
    run = step(step(start(console)))
    real = chunks._list_connectors

    with time_machine.travel(timezone.now(), tick=False) as clock:

        def slow(*arguments: Any, **more: Any) -> Answer[Any] | None:
            answer = real(*arguments, **more)
            if answer is not None:
                clock.shift(0.1)
            return answer

        monkeypatch.setattr(chunks, "_list_connectors", slow)
        claimed = SyncRun.objects.claim(run.pk, attempt=run.attempt)
        assert claimed is not None
        is_more = sync.read_chunks(claimed, until=timezone.now() + timedelta(seconds=0.25))

    read = Account.objects.exclude(read_at=None).count()
    assert is_more
    assert 2 <= read <= 6 < len(cyclr.accounts)
    run.refresh_from_db()
    assert run.accounts_read == read


def all_but_one(listings: Collection[Any], _seconds: float) -> Iterator[Any]:
    """`as_completed` whose time is over when only one has not ended."""
    for number, one in enumerate(as_completed(listings), 1):
        yield one
        if number == len(listings) - 1:
            raise TimeoutError


def test_an_account_that_takes_too_long_fails_alone(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = step(step(start(console)))
    real, ended = chunks._list_connectors, threading.Event()

    def stalling(client: Any, account: Account, *rest: Any, **more: Any) -> Answer[Any] | None:
        if "1042" in account.cyclr_id:
            ended.wait(CEILING)
        return real(client, account, *rest, **more)

    monkeypatch.setattr(chunks, "_list_connectors", stalling)
    monkeypatch.setattr(reading, "as_completed", all_but_one)
    step(run)
    ended.set()

    slow = Account.objects.get(cyclr_id="shop-1042.example")
    assert (run.last_error, run.accounts_failed) == ("", 1)
    assert run.accounts_read == len(cyclr.accounts) - 1
    assert slow.refresh_error == "Cyclr answers too slowly to be read in time."


def test_lists_are_read_several_pages_at_once(cyclr: CyclrState, console: Console) -> None:
    for number in range(1200):
        cyclr.add_account(Id=f"more-{number}", Name=f"More {number}")
    hold = cyclr.faults.hold("GET", "/accounts", skip=2, times=2)

    def release_two_at_once() -> bool:
        wait_until(lambda: hold.waiting == 2)
        hold.release()
        return True

    with ThreadPoolExecutor(1) as thread:
        released = thread.submit(release_two_at_once)
        step(start(console))
        assert released.result(CEILING)

    assert Account.objects.count() == len(cyclr.accounts) > 1200


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DataError("index row size 10000 exceeds"), "The database rejected it"),
        (OperationalError("lock timeout"), "The database rejected it"),
        (SoftTimeLimitExceeded(), "Cyclr answers too slowly"),
        (DecryptionError(), "see CREDENTIAL_KEYS"),
        (ZeroDivisionError(), "A fault of ours"),
    ],
)
@pytest.mark.parametrize(
    ("module", "what"), [(runs, "refresh_accounts"), (chunks, "_list_connectors")]
)
def test_a_run_that_crashes_ends_in_words(
    cyclr: CyclrState,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    sent: list[tuple[int, int]],
    error: Exception,
    words: str,
    module: ModuleType,
    what: str,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(module, what, broken)
    run = run_whole(console)

    assert words in run.last_error
    assert sync.start_run(console) is not None


def test_a_refresh_that_crashes_ends_in_words(
    harbour: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise DecryptionError

    monkeypatch.setattr(refresh, "asking", broken)
    tasks.ask_for_refresh(harbour)
    with pytest.raises(DecryptionError):
        tasks.refresh_account(harbour.pk)

    harbour.refresh_from_db()
    assert "CREDENTIAL_KEYS" in harbour.refresh_error
    assert not harbour.is_refreshing


# ---- messages and steps ----


@pytest.mark.parametrize("kind", [PacedError, RateLimitedError])
def test_a_pause_is_kept_and_sends_nothing_before_its_end(
    cyclr: CyclrState,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    sent: list[tuple[int, int]],
    kind: type[CyclrError],
) -> None:
    run = step(step(start(console)))
    sent.clear()
    answering(monkeypatch, lambda account: kind(CALL, retry_after=30))
    step(run)
    assert run.finished_at is None and run.accounts_failed == 0
    assert run.not_before > timezone.now() + timedelta(seconds=25)
    dispatch_due(SyncRun)
    before = run.attempt
    assert step(run).attempt == before
    assert sent == []
    SyncRun.objects.update(not_before=timezone.now())
    dispatch_due(SyncRun)
    dispatch_due(SyncRun)

    assert sent == [(run.pk, run.attempt)]
    run.refresh_from_db()
    monkeypatch.undo()
    assert step(run).finished_at and run.accounts_read == len(cyclr.accounts)


def test_a_pause_without_an_end_of_its_own_is_a_second_at_least(
    cyclr: CyclrState,
    console: Console,
    sent: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = step(step(start(console)))
    answering(monkeypatch, lambda account: PacedError(CALL))
    step(run)

    assert run.not_before > timezone.now() + timedelta(seconds=0.5)


def test_a_long_pause_is_not_taken_for_a_stuck_run(console: Console) -> None:
    run = start(console)
    sync.pause(Lease(run), 1800)
    SyncRun.objects.update(created_at=timezone.now() - timedelta(hours=1))

    assert sync.start_run(console) is None


def test_a_step_is_done_once_however_often_its_message_comes(
    cyclr: CyclrState,
    console: Console,
    sent: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[str] = []
    for name in ("read_accounts", "read_library", "read_chunks"):
        real = getattr(sync, name)

        def noted(*arguments: Any, real: Any = real, name: str = name, **more: Any) -> Any:
            done.append(name)
            return real(*arguments, **more)

        monkeypatch.setattr(sync, name, noted)
    run = start(console)
    for _ in range(3):
        tasks.run_sync(run.pk, 0)
    assert sent == [(run.pk, 1)]
    for number in (0, 1, 0, 1, 2, 1, 2):
        tasks.run_sync(run.pk, number)

    assert done == ["read_accounts", "read_library", "read_chunks"]
    assert sent == [(run.pk, 1), (run.pk, 2)]
    assert SyncRun.objects.get().finished_at


def test_a_step_that_was_lost_is_sent_again_and_the_late_worker_does_nothing(
    cyclr: CyclrState, console: Console, sent: list[tuple[int, int]]
) -> None:
    run = start(console)
    lost = SyncRun.objects.claim(run.pk, attempt=0)
    assert lost is not None
    dispatch_due(SyncRun)
    assert sent == []
    SyncRun.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    dispatch_due(SyncRun)
    assert sent == [(run.pk, 1)]
    run.refresh_from_db()
    step(run)
    before = SyncRun.objects.values().get()
    writes: list[Callable[[], None]] = [
        lambda: sync.read_library(lost),
        lambda: sync.pause(lost, 60),
        lambda: sync.finish_run(lost, "late"),
        lambda: sync.release(lost),
    ]
    for write in writes:
        with pytest.raises(LeaseLostError):
            write()

    assert SyncRun.objects.values().get() == before
    assert not DailyFigure.objects.exists()


def test_a_lost_message_is_sent_again_after_a_while(
    console: Console, sent: list[tuple[int, int]]
) -> None:
    dispatch_due(SyncRun)
    dispatch_due(SyncRun)
    assert len(sent) == 1
    SyncRun.objects.update(published_at=timezone.now() - SyncRun.policy.republish_after)
    dispatch_due(SyncRun)

    assert len(sent) == 2 and sent[0] == sent[1]


def test_a_run_whose_workers_die_is_closed_although_it_is_sent_again_and_again(
    console: Console, sent: list[tuple[int, int]]
) -> None:
    run = start(console)
    began = timezone.now() - runs.STUCK_AFTER + timedelta(seconds=30)
    SyncRun.objects.update(touched_at=began)
    for number in range(3):
        SyncRun.objects.update(leased_until=None, published_at=None)
        dispatch_due(SyncRun)
        assert SyncRun.objects.claim(run.pk, attempt=number) is not None
    assert len(sent) == 3 and SyncRun.objects.get().touched_at == began
    assert sync.start_run(console) is None
    SyncRun.objects.update(touched_at=began - timedelta(minutes=1))
    second = sync.start_run(console)

    run.refresh_from_db()
    assert second is not None
    assert run.last_error == "It stopped half-way."


# ---- words ----


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PacedError(CALL, retry_after=3), "Cyclr allows no more calls for now."),
        (RateLimitedError(CALL, 429, retry_after=3), "Cyclr allows no more calls for now."),
        (UnexpectedAnswerError(CALL, 200), "Cyclr’s answer could not be read."),
        (PagingError(CALL), "Cyclr’s answer could not be read."),
        (UnreachableError(CALL), "Cyclr does not answer."),
        (TemporaryError(CALL, 503), "Cyclr answers with an error (503)."),
        (CredentialsRefusedError(CALL, 401), CREDENTIALS_REFUSED),
    ],
)
def test_words_tell_what_happened(error: CyclrError, words: str) -> None:
    assert sync.message_for(error) == words
