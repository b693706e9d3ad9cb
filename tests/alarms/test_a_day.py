"""A day of a Cyclr that fails in many ways: no alarm but of what really broke."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from cyclr_api.simulator import CyclrState
from dashboard.alarms.models import Alarm, End
from dashboard.alarms.watching import ask_about_doubted, watch
from dashboard.consoles import pacing
from dashboard.mirror.models import Account
from dashboard.mirror.tasks import ask_for_refresh, refresh_account

pytestmark = pytest.mark.django_db
LISTING = "/account/connectors"
STEP = timedelta(hours=1)
YEAR = 365 * 86_400.0


def faults(cyclr: CyclrState) -> list[Callable[[], Any]]:
    """Ways in which a reading goes wrong; and none."""
    there = cyclr.faults
    return [
        lambda: None,
        lambda: there.respond("GET", LISTING, status=500),
        lambda: there.respond("GET", LISTING, status=200, body=[]),
        lambda: there.respond("GET", LISTING, status=200, body={"Message": "Busy."}),
        lambda: there.respond("GET", "/accounts/{id}", status=502, body="<html>Bad gateway"),
        lambda: there.html("GET", LISTING),
        lambda: there.truncate("GET", LISTING),
        lambda: there.rate_limit("GET", LISTING, retry_after=1),
        lambda: there.unreachable(),
        lambda: there.lag_listing(YEAR),
    ]


@pytest.fixture
def day(cyclr: CyclrState, harbour: Account) -> Iterator[Callable[[], None]]:
    """Each call is an hour later: the account is read, and alarms are looked for."""
    began = datetime.now(UTC)
    moments = iter(began + (number + 1) * STEP for number in range(1000))

    def step() -> None:
        pacing.forget_holds()
        with time_machine.travel(next(moments), tick=True):
            harbour.refresh_from_db()
            ask_for_refresh(harbour)
            refresh_account(harbour.pk)
            watch()
            ask_about_doubted()

    yield step


def test_a_day_of_errors_and_lists_that_lag_opens_no_alarm_and_a_real_break_one(
    cyclr: CyclrState, harbour: Account, day: Callable[[], None]
) -> None:
    ways = faults(cyclr)
    random.Random(3).shuffle(ways)
    for number in range(24):
        cyclr.faults.clear()
        ways[number % len(ways)]()
        day()
    cyclr.faults.clear()
    assert not Alarm.objects.exists()

    broken = next(one for one in cyclr.installed[harbour.cyclr_id] if one.authenticated)
    cyclr.deauthenticate(broken.id)
    day()
    alarm = Alarm.objects.get()
    assert alarm.account_connector is not None
    assert alarm.account_connector.cyclr_id == broken.id

    for number in range(len(ways)):
        cyclr.faults.clear()
        ways[number]()
        day()
    assert Alarm.objects.get().ended_at is None

    cyclr.faults.clear()
    cyclr.authenticate(broken.id)
    day()
    assert Alarm.objects.get().end == End.RECOVERED
