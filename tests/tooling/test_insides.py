"""What we lean on inside other packages is still there; `pyproject.toml` caps them."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import kombu.message
import pytest
import urllib3
from celery.worker.consumer.tasks import Tasks
from kombu.transport import TRANSPORT_ALIASES, redis
from urllib3.connectionpool import HTTPConnectionPool

from dashboard.celery import LostAcknowledgement, Turning
from dashboard.jobs import hints


@pytest.mark.parametrize("said", LostAcknowledgement.SAID)
def test_a_lost_acknowledgement_is_still_said_in_these_words(said: str) -> None:
    assert f'logger.critical("{said}' in inspect.getsource(kombu.message.Message)


@pytest.mark.parametrize("name", LostAcknowledgement.SAID_BY)
def test_it_is_still_said_by_these_loggers(name: str) -> None:
    module = importlib.import_module(name)

    assert module.logger.name == name
    source = inspect.getsource(module)
    assert re.search(r"(_on_ack|_log_error)\(logger, ", source)


@pytest.mark.parametrize(
    "name", ["_in_poll", "_queue_cycle", "_flush_brpop_reauth", "connection_errors", "sep"]
)
def test_kombu_reads_its_queues_as_our_channel_does(name: str) -> None:
    source = inspect.getsource(redis.Channel._brpop_read) + inspect.getsource(redis.Channel)

    assert name in source
    assert issubclass(hints.Channel, redis.Channel)


def test_kombu_finds_our_transport_by_its_aliases() -> None:
    assert (
        TRANSPORT_ALIASES["redis"] == TRANSPORT_ALIASES["rediss"] == f"{hints.__name__}:Transport"
    )


def test_celery_still_has_the_step_that_ours_comes_after() -> None:
    step: Any = Tasks

    assert Turning.requires == (f"{step.__module__}:{step.__name__}",)


def test_urllib3_takes_other_connections_from_a_pool_of_ours() -> None:
    assert HTTPConnectionPool.ConnectionCls.response_class  # type: ignore[attr-defined]
    assert urllib3.PoolManager().pool_classes_by_scheme.keys() == {"http", "https"}
