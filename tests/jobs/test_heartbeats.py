"""Each process shows signs of life by itself: what is gone is told, what ended is not missed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.jobs import heartbeats, tasks
from dashboard.jobs.models import Heartbeat
from dashboard.mirror.models import SyncRun
from tests.factories import make_account, make_user
from tests.pages import signed_in, text_of
from tests.simulated import Sent

pytestmark = pytest.mark.django_db


def background() -> tuple[int, int]:
    """How many background workers live, and how many are missed."""
    state = next(one for one in heartbeats.process_states() if one.name == "background")
    return state.alive, state.gone


def fall_silent(host: str, span: timedelta) -> None:
    Heartbeat.objects.filter(host=host).update(at=timezone.now() - span)


def test_each_host_is_counted_by_itself() -> None:
    for host in ("a", "b", "c", "a"):
        heartbeats.show("background", host)
    assert background() == (3, 0)
    fall_silent("b", timedelta(seconds=80))
    fall_silent("c", timedelta(minutes=50))

    assert background() == (1, 2)


def test_who_ends_in_order_is_not_missed() -> None:
    heartbeats.show("background", "a")
    heartbeats.show("background", "b")
    heartbeats.end("background", "b")

    assert background() == (1, 0)


def test_who_fell_silent_long_ago_is_forgotten_but_never_the_last_one() -> None:
    heartbeats.show("background", "a")
    heartbeats.show("background", "b")
    fall_silent("b", timedelta(hours=2))
    heartbeats.forget_missed()
    assert Heartbeat.objects.count() == 1
    fall_silent("a", timedelta(hours=2))
    heartbeats.forget_missed()

    assert Heartbeat.objects.count() == 1
    assert background() == (0, 0)


@pytest.mark.parametrize("path", ["/", "/settings/"])
def test_pages_tell_that_two_of_three_are_gone(path: str) -> None:
    SyncRun.objects.create(console=make_account().console, finished_at=timezone.now())
    for host in ("a", "b", "c"):
        heartbeats.show("background", host)
    heartbeats.show("interactive", "a")
    heartbeats.show("dispatcher", "a")
    fall_silent("b", timedelta(minutes=3))
    fall_silent("c", timedelta(minutes=3))

    page = text_of(signed_in(make_user()).get(path))

    assert "Partly running" in page and "2 of 3 not seen" in page


@pytest.mark.parametrize(
    ("queues", "process"),
    [(["interactive", "checks"], "interactive"), (["sync", "bulk"], "background")]
    + [(["interactive", "checks", "sync", "bulk"], "interactive")],
)
def test_a_worker_is_known_by_its_queues(queues: list[str], process: str) -> None:
    assert heartbeats.process_of(queues) == process


def test_each_worker_is_given_something_to_take(sent_messages: Sent) -> None:
    for host in ("a", "b", "c"):
        heartbeats.show("background", host)
    fall_silent("c", timedelta(minutes=3))
    tasks.show_life()

    assert sent_messages.count(("beat", "sync", "background")) == 3
    assert sent_messages.count(("beat", "interactive", "interactive")) == 1
    assert Heartbeat.objects.filter(process="dispatcher").count() == 1
    tasks.beat("background")
    assert background() == (3, 1)
