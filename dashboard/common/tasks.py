"""The base of every task, and the one way to send one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery import Task
from django.conf import settings
from django.db import transaction
from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.pools import producers

from dashboard.celery import app

logger = logging.getLogger(__name__)

PUBLISH_WITHIN = 0.5
"""Seconds that publishing may take at most: a page must not wait for a broker."""


class DeskTask(Task):  # type: ignore[misc]  # celery has no types
    """A task's options in one place. Celery never retries: the row says when to try again."""

    abstract = True
    ignore_result = True
    acks_late = True
    reject_on_worker_lost = True
    max_retries = 0


def _connection() -> Connection:
    options = dict(app.conf.broker_transport_options)
    options |= {"socket_timeout": PUBLISH_WITHIN, "socket_connect_timeout": PUBLISH_WITHIN}
    return Connection(app.conf.broker_url, transport_options=options)


def publish(task: Task, *args: Any, queue: str) -> bool:
    """Send a task's message, in half a second at most; says whether it left.

    A message is a hint. When the broker does not take it the dispatcher sends another one later,
    so an error here is logged and swallowed.
    """
    try:
        with producers[_connection()].acquire(block=True, timeout=PUBLISH_WITHIN) as producer:
            task.apply_async(args, queue=queue, producer=producer, retry=False)
    except (OperationalError, OSError, EOFError) as error:
        logger.warning("publish failed task=%s error=%s", task.name, type(error).__name__)
        producers[_connection()].force_close_all()
        return False
    return True


def publish_on_commit(task: Task, *args: Any, queue: str) -> None:
    """`publish` once the row that the message is about can be seen by a worker."""
    send: Callable[[], object] = lambda: publish(task, *args, queue=queue)  # noqa: E731
    transaction.on_commit(send, robust=True)


def is_worker() -> bool:
    """Whether this process may call Cyclr at all."""
    return bool(settings.PROCESS in {"worker", "test"})
