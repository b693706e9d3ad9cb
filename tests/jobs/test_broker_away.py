"""A broker that freezes or dies: nothing raises, and nothing waits longer than it may."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from dashboard.celery import app
from dashboard.common import limits
from dashboard.jobs import messages
from dashboard.jobs.messages import Message
from tests.support.services import RedisServer

pytestmark = pytest.mark.redis


@pytest.fixture
def broker(
    redis_server: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RedisServer]:
    """The process's broker, for this test alone."""
    settings.REDIS_URL = redis_server.url
    settings.PROCESS = "web"
    monkeypatch.setattr(app.conf, "broker_url", redis_server.url)
    monkeypatch.setattr(messages, "REST_FOR", 0.0)
    monkeypatch.setattr(limits, "REST_FOR", 0.0)
    yield redis_server
    messages._forget_producer()


def publish() -> bool:
    """Send some message."""
    return Message("dashboard.jobs.tasks.beat", "checks").send("test")


def test_a_frozen_broker_takes_nothing_and_is_used_again_when_it_thaws(
    broker: RedisServer,
) -> None:
    assert publish()
    broker.signal(signal.SIGSTOP)
    assert [publish(), publish()] == [False, False]
    assert limits.is_within("frozen", most=1, seconds=60)
    broker.signal(signal.SIGCONT)

    assert publish()
    assert limits.is_within("thawed", most=1, seconds=60)


def test_a_dead_broker_takes_nothing_and_is_used_again_when_it_is_back(
    broker: RedisServer,
) -> None:
    assert publish()
    broker.signal(signal.SIGKILL)
    assert [publish(), publish()] == [False, False]
    broker.start()

    assert publish()


def test_limits_count_alone_while_redis_is_away(broker: RedisServer) -> None:
    broker.signal(signal.SIGKILL)

    assert [limits.is_within("alone", most=2, seconds=600) for _ in range(3)] == [True, True, False]


def test_after_a_failure_a_while_nobody_tries(
    broker: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "REST_FOR", 600.0)
    broker.signal(signal.SIGKILL)
    assert not publish()
    broker.start()
    assert not publish()
    monkeypatch.setattr(messages, "_away_until", 0.0)

    assert publish()
