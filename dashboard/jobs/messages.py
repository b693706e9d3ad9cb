"""The base of every task, and the one way to send one: by name, so that senders import no task."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from celery import Task
from django.db import transaction
from kombu import Connection, Producer
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from dashboard.celery import app

logger = logging.getLogger(__name__)

PUBLISH_WITHIN = 0.5
"""Seconds that publishing may take at most: a page must not wait for a broker."""
REST_FOR = 2.0
"""Seconds without another try after one failed: not every click must find out by itself."""

_own = threading.local()
_away_until = 0.0


class DeskTask(Task):  # type: ignore[misc]  # celery has no types
    """A task's options in one place. Celery never retries: the row says when to try again."""

    abstract = True
    ignore_result = True
    acks_late = True
    reject_on_worker_lost = True
    max_retries = 0


def _producer() -> Producer:
    """This thread's producer, on a connection that gives up soon."""
    if getattr(_own, "url", None) != app.conf.broker_url:
        options = dict(app.conf.broker_transport_options)
        options |= {"socket_timeout": PUBLISH_WITHIN, "socket_connect_timeout": PUBLISH_WITHIN}
        options |= {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
        _own.connection = Connection(app.conf.broker_url, transport_options=options)
        _own.producer = Producer(_own.connection, auto_declare=False)
        _own.url = app.conf.broker_url
    producer: Producer = _own.producer
    return producer


def _forget_producer() -> None:
    _own.url = None
    connection: Connection | None = getattr(_own, "connection", None)
    if connection is not None:
        try:
            connection.collect(socket_timeout=PUBLISH_WITHIN)
        except (KombuError, RedisError, OSError) as error:
            logger.debug("broker connection not closed error=%s", type(error).__name__)


MESSAGES: set[Message] = set()
"""Every message that somebody may send: a test asserts that a task answers to each name."""


@dataclass(frozen=True, slots=True)
class Message:
    """Has a worker of this queue carry out the task of this dotted name.

    A message is a hint. When the broker does not take it the dispatcher sends another one later,
    so an error is logged and swallowed.
    """

    task: str
    queue: str

    def __post_init__(self) -> None:
        MESSAGES.add(self)

    def send(self, *args: Any) -> bool:
        """Send it, in half a second at most; says whether it left."""
        global _away_until  # noqa: PLW0603 - one broker for the whole process
        if time.monotonic() < _away_until:
            return False
        try:
            app.send_task(self.task, args, queue=self.queue, producer=_producer(), retry=False)
        except (KombuError, RedisError, OSError, EOFError) as error:
            _away_until = time.monotonic() + REST_FOR
            _forget_producer()
            logger.warning("publish failed task=%s error=%s", self.task, type(error).__name__)
            return False
        return True

    def send_on_commit(self, *args: Any) -> None:
        """`send` once the row that the message is about can be seen by a worker."""
        transaction.on_commit(lambda: self.send(*args), robust=True)
