"""A thousand connectors that Cyclr calls authenticated, some of them dead: all found, no other."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cyclr_api.simulator import CyclrState, scaled_state
from dashboard.connectors import schedules
from dashboard.connectors.answers import proposed, reads_by_name, why_not
from dashboard.connectors.models import ConnectionTest, ConnectionTestMethod, TestEvery
from dashboard.connectors.tasks import begin_scheduled_tests
from dashboard.consoles import pacing
from dashboard.consoles.models import Console
from dashboard.consoles.services import client as client_of
from dashboard.mirror.models import AccountConnector
from tests.connectors.conftest import say, work
from tests.mirror.test_runs import run_whole
from tests.simulated import joined

EVERY = TestEvery.SIX_HOURS
PERIOD = timedelta(hours=int(EVERY))
RATE = 20.0
"""Calls a second, as a console has by default."""

DEAD = [
    {"Status": 401, "Body": {"Message": "Unauthorized"}},
    {"Status": 401, "Body": {"error": "invalid_grant"}},
    {"Status": 401, "Body": None},
    {"Status": 403, "Body": {"Message": "The token was revoked."}},
    {"Status": 403, "Body": {"error": "insufficient_scope"}},
]
TROUBLED = [
    {"Status": 500, "Body": {"Message": "Internal error"}},
    {"Status": 502, "Body": "<html>Bad gateway: 401 Unauthorized</html>"},
    {"Status": 503, "Body": None},
    {"Status": 429, "Body": {"Message": "Too many requests"}},
    {"Status": 404, "Body": {"Message": "Not found"}},
    {"Status": 400, "Body": {"Message": "401 is not a valid page."}},
    {"Status": 403, "Body": {"Message": "Your IP address is not allowed."}},
]
"""What says nothing about the credentials, also where it speaks of such a status."""


@pytest.fixture
def cyclr(settings: Any) -> Iterator[CyclrState]:
    """A large Cyclr: 250 accounts, and a thousand connectors that it calls authenticated."""
    with joined(scaled_state(250, 1250, seed=11), settings) as world:
        yield world


@pytest.fixture
def connectors(cyclr: CyclrState, console: Console) -> list[AccountConnector]:
    """What is authenticated, after a whole reading: a thousand; the others are not."""
    run_whole(console)
    authenticated = AccountConnector.objects.filter(authenticated=True).select_related("account")
    found = list(authenticated.order_by("cyclr_id"))
    for one in found[1000:]:
        cyclr.deauthenticate(one.cyclr_id)
        AccountConnector.objects.filter(pk=one.pk).update(authenticated=False)
    return found[:1000]


def put_all_kinds_on_a_schedule(console: Console, connectors: list[AccountConnector]) -> set[int]:
    """As an administrator does who takes what is proposed: the keys of what can be tested."""
    kinds: dict[tuple[str, str], list[AccountConnector]] = {}
    for one in connectors:
        kinds.setdefault((one.connector_name, one.connector_version), []).append(one)
    tested: set[int] = set()
    for (name, version), some in kinds.items():
        library = client_of(console).account(some[0].account.cyclr_id).library
        methods = {str(one.id): one for one in library.methods_named(name, version or None)}
        offered = {key: one.name for key, one in methods.items() if not why_not(one)}
        key = proposed({key: name for key, name in offered.items() if reads_by_name(name)})
        if not key:
            continue
        method = ConnectionTestMethod.objects.create(
            console=console,
            connector_name=name,
            connector_version=version,
            method_id=methods[key].id,
            unique_id=methods[key].unique_id or "",
            method_name=methods[key].name,
        )
        schedules.set_for_kind(method, EVERY)
        tested |= {one.pk for one in some}
    return tested


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """A clock that goes on when somebody waits, also for the pacing, and by itself never."""
    with time_machine.travel(timezone.now(), tick=False) as moved:
        monkeypatch.setattr(time, "sleep", moved.shift)
        paced = SimpleNamespace(monotonic=time.time, sleep=moved.shift)
        monkeypatch.setattr(pacing, "time", paced)
        yield moved


def shown(browser: Client, query: dict[str, str]) -> set[int]:
    """The installed connectors that the list shows."""
    page = browser.get(reverse("connector_list"), query).content.decode()
    return {int(pk) for pk in re.findall(r'href="/connectors/(\d+)/"', page)}


def count_rows() -> None:
    """Have the database know how many rows there are, as it does where it runs for long.

    PostgreSQL's own look may have come between two tests, when the tables were empty: then it
    reads them from end to end for each row, and nothing is thrown away within a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def test_twenty_of_a_thousand_are_found_in_one_period_within_the_budget_and_no_other(
    cyclr: CyclrState,
    console: Console,
    connectors: list[AccountConnector],
    settings: Any,
    agent: Client,
    clock: time_machine.Traveller,
) -> None:
    tested = put_all_kinds_on_a_schedule(console, connectors)
    assert len(tested) > 950
    some = random.Random(3).sample([one for one in connectors if one.pk in tested], 60)
    dead, troubled = some[:20], some[20:]
    for number, one in enumerate(dead):
        say(cyclr, one, DEAD[number % len(DEAD)])
    for number, one in enumerate(troubled):
        say(cyclr, one, TROUBLED[number % len(TROUBLED)])
    settings.CYCLR_CALLS_PER_SECOND = RATE
    began, open_ones = timezone.now(), ConnectionTest.objects.open()

    while ConnectionTest.objects.count() < len(tested) or open_ones.exists():
        clock.shift(60)
        begin_scheduled_tests()
        count_rows()
        work()

    took = timezone.now() - began
    calls = [effect for effect in cyclr.ledger if effect.kind == "call"]
    called = {effect.ids["account_connector"] for effect in calls}
    a_minute = Counter((effect.time - began) // timedelta(minutes=1) for effect in calls)
    assert took < PERIOD
    assert called == {one.cyclr_id for one in connectors if one.pk in tested}
    assert len(calls) <= schedules.SHARE * RATE * took.total_seconds()
    assert max(a_minute.values()) <= 2 * schedules.a_minute(console), "tries again included"
    expected = {one.pk for one in dead}
    assert shown(agent, {"q": "tested:dead"}) == expected
    assert shown(agent, {"state": "not-working"}) == expected
    assert ConnectionTest.objects.filter(worked=False).count() == len(dead)
