"""A connection breaks while nobody looks: the alarm comes within its account's own interval."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.alarms.models import Alarm
from dashboard.alarms.watching import ask_about_doubted, watch
from dashboard.consoles.models import Console
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, SyncRun
from dashboard.mirror.sync import due
from tests.mirror.test_runs import run_whole, step
from tests.simulated import Sent

PERIOD = 900
TURN = timedelta(seconds=30)
"""How far the clock is set on between two looks of the dispatcher."""


def turn(clock: time_machine.Traveller) -> None:
    """What dispatcher and workers do in half a minute."""
    clock.shift(TURN)
    sync.start_due_runs()
    for run in SyncRun.objects.open():
        while not run.finished_at:
            step(run)
    watch()
    ask_about_doubted()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("is_large", [False, True], ids=["small", "large"])
def test_an_alarm_opens_within_the_interval_that_the_account_shows(
    cyclr: CyclrState,
    console: Console,
    settings: Any,
    sent_messages: Sent,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    is_large: bool,  # noqa: FBT001
) -> None:
    settings.SYNC_EVERY = PERIOD
    if is_large:
        share = 4.5 / (settings.CYCLR_CALLS_PER_SECOND * PERIOD)
        monkeypatch.setattr(due, "FULL_SHARE", share)
    chance = random.Random(seed)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        run_whole(console)
        clock.shift(timedelta(days=2))  # nobody looks and nothing happens: all are quiet
        watch()
        assert not Alarm.objects.exists()
        for _ in range(chance.randrange(2, 30)):
            turn(clock)
        found = AccountConnector.objects.there().filter(authenticated=True, account__gone_at=None)
        broken = chance.choice(list(found.order_by("cyclr_id")))
        shown = sync.reading_interval(Account.objects.get(pk=broken.account_id))
        assert shown == timedelta(seconds=PERIOD * (due.QUIET_TIMES if is_large else 1))

        cyclr.deauthenticate(broken.cyclr_id)
        began = timezone.now()
        while not Alarm.objects.exists() and timezone.now() - began < 2 * shown:
            turn(clock)

    alarm = Alarm.objects.get()
    assert alarm.account_connector == broken
    assert alarm.opened_at - began <= shown + 2 * TURN
