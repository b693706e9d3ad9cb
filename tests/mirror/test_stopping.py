"""Stopping the sync of a console, and letting it go on where it was."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import Actor, AuditEntry
from dashboard.consoles.models import Console
from dashboard.mirror import sync, tasks
from dashboard.mirror.models import Account, SyncRun
from dashboard.mirror.sync import reading
from dashboard.people.models import Role
from tests.factories import make_user
from tests.mirror.test_runs import sent, start, step

__all__ = ["sent"]


@pytest.fixture
def lead(console: Console) -> Actor:
    return Actor.staff(make_user(Role.LEAD, name="Mara"))


def stop(console: Console, lead: Actor) -> None:
    assert sync.stop_sync(console, lead)
    console.refresh_from_db()


def test_no_run_begins_while_it_is_stopped(
    cyclr: CyclrState, console: Console, lead: Actor
) -> None:
    stop(console, lead)

    sync.start_due_runs()

    assert not tasks.ask_for_sync(console)
    assert not SyncRun.objects.exists()
    assert console.sync_stopped_by == "Mara"
    assert not sync.stop_sync(console, lead)
    assert AuditEntry.objects.filter(action="sync.stop").count() == 1


def test_a_run_stops_in_the_middle_and_goes_on_there(
    cyclr: CyclrState,
    console: Console,
    lead: Actor,
    sent: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = step(step(start(console)))
    monkeypatch.setattr(reading, "NOTE_EVERY", timedelta(0))
    monkeypatch.setattr(reading, "READERS", 1)
    taken, turns = reading._Batch.add, threading.Semaphore(2)

    class TwoAhead(ThreadPoolExecutor):
        """No listing begins before all but two of those before it were taken."""

        def submit(self, ask: Any, /, *args: Any, **named: Any) -> Future[Any]:
            def in_turn() -> Any:
                turns.acquire()
                answer = ask(*args, **named)
                if answer is None:  # it was stopped, and is not taken
                    turns.release()
                return answer

            return super().submit(in_turn)

    def add(batch: reading._Batch[object], answer: object) -> None:
        taken(batch, answer)  # type: ignore[arg-type]
        sync.stop_sync(console, lead)
        turns.release()

    monkeypatch.setattr(reading, "ThreadPoolExecutor", TwoAhead)
    monkeypatch.setattr(reading._Batch, "add", add)
    step(run)
    turns.release(1000)
    monkeypatch.undo()
    done = run.accounts_read
    assert 0 < done < len(cyclr.accounts)

    step(run)
    assert run.finished_at is None
    assert run.accounts_read == done
    assert run.not_before > timezone.now() + timedelta(seconds=30)

    assert sync.resume_sync(console, lead) == run
    run.refresh_from_db()
    assert (run.read_before, run.not_before <= timezone.now()) == (done, True)
    while not step(run).finished_at:
        pass
    assert run.last_error == ""
    assert run.accounts_read == len(cyclr.accounts)
    assert not Account.objects.filter(read_at=None).exists()


def test_a_run_that_waits_for_hours_is_not_given_up(
    cyclr: CyclrState, console: Console, lead: Actor
) -> None:
    run = start(console)
    stop(console, lead)
    SyncRun.objects.update(created_at=timezone.now() - timedelta(hours=9))

    step(run)

    assert run.finished_at is None
    assert run.touched_at > timezone.now()


def test_without_a_run_that_waits_a_new_one_begins(
    cyclr: CyclrState, console: Console, lead: Actor
) -> None:
    stop(console, lead)

    tasks.resume_sync(console, lead)

    assert SyncRun.objects.get().is_asked
    assert sync.resume_sync(console, lead) is None
