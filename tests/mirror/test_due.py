"""Which accounts a run reads: quiet ones less often where there are many, and all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.common.timing import format_span
from dashboard.consoles.models import Console
from dashboard.mirror import sync
from dashboard.mirror.freshness import reading_of
from dashboard.mirror.models import Account, SyncRun
from dashboard.mirror.sync import due
from tests.factories import make_account
from tests.mirror.test_runs import run_whole, start, step

PERIOD = 900.0
A_DAY_AGO = timedelta(days=1, seconds=1)


@pytest.fixture(autouse=True)
def period(settings: Any) -> None:
    settings.SYNC_EVERY = PERIOD


@pytest.fixture
def large(settings: Any, monkeypatch: pytest.MonkeyPatch, console: Console) -> None:
    """Four accounts are as many as are read in a small part of a period."""
    share = 4.5 / (settings.CYCLR_CALLS_PER_SECOND * PERIOD)
    monkeypatch.setattr(due, "FULL_SHARE", share)


def read_ago(minutes: float, **columns: Any) -> Account:
    """A quiet account that was read so many minutes ago, unless said otherwise."""
    moment = timezone.now()
    return make_account(
        **{"read_at": moment - timedelta(minutes=minutes), "active_at": moment - A_DAY_AGO}
        | columns
    )


def waiting(console: Console, *, is_asked: bool = False) -> set[int]:
    run = sync.start_run(console, is_asked=is_asked)
    assert run is not None
    return set(sync.waiting_accounts(run))


def test_of_a_small_console_every_run_reads_everything(console: Console) -> None:
    accounts = {read_ago(minutes, console=console).pk for minutes in (0, 1, 16, 50)}

    assert waiting(console) == accounts


def test_of_a_large_one_quiet_accounts_are_read_one_time_in_four(
    large: None, console: Console
) -> None:
    for minutes in (1, 16, 31, 44):
        read_ago(minutes, console=console)
    old = {read_ago(minutes, console=console).pk for minutes in (46, 70)}
    never = make_account(console=console, read_at=None)

    assert waiting(console) == old | {never.pk}


def test_where_something_happens_every_run_looks(large: None, console: Console) -> None:
    moment = timezone.now()
    for _ in range(5):
        read_ago(1, console=console)
    busy = {
        read_ago(1, console=console, viewed_at=moment - timedelta(hours=23)).pk,
        read_ago(1, console=console, active_at=moment - timedelta(hours=23)).pk,
        read_ago(1, console=console, refresh_error="Cyclr does not answer.").pk,
    }

    assert waiting(console) == busy


def test_who_asks_for_a_reading_gets_all_of_it(large: None, console: Console) -> None:
    accounts = {read_ago(1, console=console).pk for _ in range(6)}

    assert waiting(console, is_asked=True) == accounts


def test_no_account_is_older_than_its_interval_when_a_run_has_ended(
    large: None, cyclr: CyclrState, console: Console
) -> None:
    began = timezone.now()
    oldest = timedelta(0)
    with time_machine.travel(began, tick=False) as clock:
        run_whole(console)
        Account.objects.update(active_at=began - A_DAY_AGO)
        reads = []
        for _ in range(9):
            clock.shift(PERIOD)
            ages = [timezone.now() - one.read_at for one in Account.objects.all()]
            oldest = max(oldest, *ages)
            reads.append(run_whole(console).accounts_read)

    every = len(cyclr.accounts)
    assert oldest <= timedelta(seconds=due.QUIET_TIMES * PERIOD)
    assert reads.count(every) == 2 and set(reads) == {0, every}


def test_progress_is_of_those_that_are_read(
    large: None, cyclr: CyclrState, console: Console
) -> None:
    run_whole(console)
    Account.objects.update(active_at=timezone.now() - A_DAY_AGO)
    seen = Account.objects.values_list("pk", flat=True)[0]
    Account.objects.filter(pk=seen).update(viewed_at=timezone.now())
    run = step(step(start(console)))

    reading = reading_of([console])
    assert (reading.found, reading.read) == (1, 0)
    step(run)
    assert SyncRun.objects.get(pk=run.pk).accounts_read == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (900, "15 min"), (90000, "1 d")],
)
def test_spans(seconds: float, text: str) -> None:
    assert format_span(seconds) == text


def test_an_account_says_how_often_it_is_read(large: None, agent: Client, console: Console) -> None:
    accounts = [read_ago(1, console=console) for _ in range(6)]
    page = agent.get(accounts[0].get_absolute_url()).content.decode()
    assert "read every 1 h" in page

    Account.objects.filter(pk=accounts[0].pk).update(viewed_at=timezone.now())
    page = agent.get(accounts[0].get_absolute_url()).content.decode()
    assert "read every 15 min" in page
    Account.objects.filter(pk=accounts[1].pk).update(gone_at=timezone.now())
    assert "read every" not in agent.get(accounts[1].get_absolute_url()).content.decode()
