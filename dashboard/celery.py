"""The Celery application: every call to Cyclr is made by one of its workers.

A message carries a row's id and is only a hint: the row says what is to be done, how often it was
tried and when it may be tried again. So nothing here retries, and losing a message costs seconds
(the dispatcher sends it again). The figures are explained in `docs/operations-guide.md`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Collection
from typing import Any

from billiard.util import get_pdeathsig
from celery import Celery, bootsteps
from celery.signals import (
    setup_logging,
    task_failure,
    task_received,
    task_revoked,
    task_success,
    worker_init,
    worker_ready,
    worker_shutting_down,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue
from redis.exceptions import RedisError

from dashboard.common import watchdog
from dashboard.common.preloading import preload
from dashboard.common.redis import connection
from dashboard.jobs import hints

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

try:
    _ = settings.REDIS_URL
except ImproperlyConfigured as error:
    sys.exit(f"ImproperlyConfigured: {error}")

app = Celery("dashboard")

LOOP_WITHIN, TASK_WITHIN = 15.0, 75.0
"""Seconds within which a worker's loop comes by; within which it takes what waits (a task may
last 60)."""

VISIBILITY = 180
"""Seconds after which a message that nobody acknowledged is delivered again."""


def broker_url(url: str) -> str:
    """`REDIS_URL` as Celery wants it: the database of a socket address is a query."""
    if url.startswith("redis+socket://") and "virtual_host=" not in url:
        return f"{url}?virtual_host=0"
    return url


app.conf.update(
    broker_url=broker_url(settings.REDIS_URL) or "memory://",
    task_ignore_result=True,
    result_backend=None,
    accept_content=["json"],
    task_serializer="json",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=50,
    task_time_limit=60,
    task_default_queue="checks",
    task_queues=[Queue(name) for name in ("interactive", "checks", "sync", "bulk")],
    task_create_missing_queues=False,
    worker_prefetch_multiplier=1,
    worker_autoscaler="dashboard.common.autoscaler:Autoscaler",
    worker_max_tasks_per_child=500,
    worker_max_memory_per_child=300_000,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_channel_error_retry=True,
    broker_transport_options={
        "visibility_timeout": VISIBILITY,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
        "socket_keepalive": not settings.REDIS_URL.startswith("redis+socket://"),
    },
    timezone="UTC",
)
app.autodiscover_tasks()
hints.use_with(app)


@setup_logging.connect
def leave_logging_to_django(**_: object) -> None:
    """Celery would set its own handlers; ours keep untrusted text on one line."""


class LostAcknowledgement(logging.Handler):
    """Ends the worker when an acknowledgement was lost: it would fall silent bit by bit.

    Each failed one leaks a prefetch slot (kombu 5.7), until the worker takes nothing any more and
    still answers pings. The supervisor starts a new one; the message is delivered again.
    """

    SAID = ("Couldn't ack", "Couldn't reject")
    SAID_BY = ("celery.worker.request", "celery.worker.consumer.consumer")
    """What kombu's messages say, by whose logger; a test holds that it still is so."""

    def emit(self, record: logging.LogRecord) -> None:
        if any(text in str(record.msg) for text in self.SAID):
            os.kill(os.getpid(), signal.SIGTERM)


@worker_init.connect
def watch_acknowledgements(**_: object) -> None:
    """Only the worker's main process acknowledges."""
    for name in LostAcknowledgement.SAID_BY:
        logging.getLogger(name).addHandler(LostAcknowledgement())


@worker_init.connect
def preload_what_tasks_need(**_: object) -> None:
    """Before the first process is forked that carries tasks out."""
    preload()
    # Each new process asks for this signal, and would load a parser of C for it.
    with contextlib.suppress(OSError):
        get_pdeathsig()


@worker_init.connect
def drop_what_ends_workers(sender: Any, **_: object) -> None:
    """A message that ends its worker would end the next one too."""
    if server := connection():
        with contextlib.suppress(RedisError):
            hints.drop_after_deaths(server, sender.hostname)


@worker_shutting_down.connect
def end_in_order(sender: str, **_: object) -> None:
    """Told to end: that is no death."""
    if server := connection():
        with contextlib.suppress(RedisError):
            hints.note_end(server, sender)


class Getting:
    """Whether a worker gets on: its loop turns, and it takes what waits in its queues."""

    def __init__(self) -> None:
        self.turned_at = self.took_at = time.monotonic()

    def turn(self) -> None:
        """The loop came by."""
        self.turned_at = time.monotonic()

    def take(self, **_: object) -> None:
        """A task was taken or ended."""
        self.took_at = time.monotonic()

    def gets_on(self, queues: Collection[str]) -> bool:
        """Without Redis nothing can move, and no new process would change that."""
        now = time.monotonic()
        if now - self.turned_at < LOOP_WITHIN and now - self.took_at < TASK_WITHIN:
            return True
        try:
            waiting = self.count_waiting(queues)
        except RedisError:
            return True
        return now - self.turned_at < LOOP_WITHIN and not waiting

    def count_waiting(self, queues: Collection[str]) -> int:
        """How many messages wait; RedisError also if Redis takes no writes."""
        server = connection()
        if server is None:
            return 0
        server.set("worker:watched", 1, ex=60)
        return sum(int(server.llen(name)) for name in queues)


getting = Getting()
for _signal in (task_received, task_success, task_failure, task_revoked):
    _signal.connect(getting.take)


class Turning(bootsteps.StartStopStep):  # type: ignore[misc]
    """Has the loop come by each second, anew after each lost connection."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, parent: Any) -> None:
        """With each consumer."""
        parent.timer.call_repeatedly(1.0, getting.turn)


app.steps["consumer"].add(Turning)


@worker_ready.connect
def show_progress(**_: object) -> None:
    """To systemd or the supervisor, for as long as there is some."""
    getting.turn()
    getting.take()
    queues = list(app.amqp.queues.consume_from)
    watchdog.ready()
    watchdog.watch(lambda: getting.gets_on(queues))
