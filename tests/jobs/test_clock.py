"""A clock that is set wrong, and right again, stops no work and lets nothing pass for alive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import models
from django.utils import timezone

from dashboard.jobs import clock
from dashboard.jobs.heartbeats import process_states
from dashboard.jobs.models import Heartbeat
from dashboard.operations.models import Operation
from dashboard.people.models import SignInFailure
from tests.factories import make_operation

pytestmark = pytest.mark.django_db

JUMPS = [timedelta(minutes=10), timedelta(hours=9)]


@pytest.fixture(autouse=True)
def a_process_that_starts() -> Iterator[None]:
    clock._seen = None
    yield
    clock._seen = None


def test_every_moment_that_is_kept_is_decided() -> None:
    kinds = [clock.PAUSES, clock.CLAIMS, clock.MARKS, clock.DATES]

    assert not {name for _, name in clock.fields()} - set().union(*kinds)
    assert sum(map(len, kinds)) == len(set().union(*kinds))


@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_set_back_is_noticed_by_a_process_that_saw_it(jump: timedelta) -> None:
    with time_machine.travel(timezone.now() + jump) as traveller:
        assert clock.jump_back() == timedelta()
        traveller.shift(-jump)

        assert abs(clock.jump_back() - jump) < timedelta(seconds=5)
        assert clock.jump_back() == timedelta()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_set_ahead_is_none(jump: timedelta) -> None:
    with time_machine.travel(timezone.now()) as traveller:
        clock.jump_back()
        traveller.shift(jump)

        assert clock.jump_back() == timedelta()


@pytest.mark.parametrize("jump", JUMPS)
def test_a_process_that_starts_notices_by_the_signs_of_life(jump: timedelta) -> None:
    Heartbeat.objects.create(process="dispatcher", host="a", at=timezone.now() + jump)

    assert abs(clock.jump_back() - jump) < timedelta(seconds=5)


def test_another_machine_whose_clock_is_a_little_ahead_is_no_jump() -> None:
    Heartbeat.objects.create(
        process="dispatcher", host="a", at=timezone.now() + timedelta(seconds=20)
    )

    assert clock.jump_back() == timedelta()


@pytest.mark.parametrize("jump", JUMPS)
def test_work_of_before_the_jump_rests_no_longer_than_it_was_to(jump: timedelta) -> None:
    pause = timedelta(minutes=3)
    with time_machine.travel(timezone.now() + jump) as traveller:
        clock.notice_jumps()
        ready = make_operation(not_before=timezone.now(), published_at=timezone.now())
        rests = make_operation(not_before=timezone.now() + pause)
        held = make_operation(state="running", leased_until=timezone.now() + timedelta(seconds=30))
        traveller.shift(-jump)
        assert not Operation.objects.due(timezone.now()).exists()

        clock.notice_jumps()

        now = timezone.now()
        assert list(Operation.objects.due(now)) == [ready]
        later = Operation.objects.due(now + pause + timedelta(seconds=5))
        assert set(later) == {ready, rests, held}
        ready.refresh_from_db()
        assert ready.published_at is not None and ready.published_at <= now


@pytest.mark.parametrize("jump", JUMPS)
def test_what_a_worker_holds_since_the_jump_stays_its_own(jump: timedelta) -> None:
    until = timezone.now() + timedelta(seconds=30)
    held = make_operation(state="running", leased_until=until)

    clock.take_back(jump)

    held.refresh_from_db()
    assert held.leased_until == until


@pytest.mark.parametrize("jump", JUMPS)
def test_somebody_may_sign_in_again_in_time(jump: timedelta) -> None:
    failure = SignInFailure.objects.create(**_values_of(SignInFailure))
    SignInFailure.objects.update(at=timezone.now() + jump)

    clock.take_back(jump)

    failure.refresh_from_db()
    assert failure.at <= timezone.now()


def _values_of(model: type[models.Model]) -> dict[str, str]:
    texts = (models.CharField, models.TextField)
    fields = model._meta.local_concrete_fields
    return {one.name: "x" for one in fields if isinstance(one, texts)}


def test_nothing_that_lies_behind_is_taken_back() -> None:
    make_operation(not_before=timezone.now(), published_at=timezone.now())

    assert clock.take_back(timedelta(hours=9)) == 0


def test_a_sign_of_life_from_the_future_is_none() -> None:
    moments: dict[str, datetime] = {
        "interactive": timezone.now() + timedelta(hours=9),
        "background": timezone.now() + timedelta(minutes=10),
        "dispatcher": timezone.now(),
    }
    for name, at in moments.items():
        Heartbeat.objects.create(process=name, host="a", at=at)

    assert [sign.name for sign in process_states() if sign.is_alive] == ["dispatcher"]
