"""What workers read from the queues: hints, of which nothing is believed but task and row.

A message is made anew from those two, so what somebody else, another release or a damaged broker
left in a queue can neither end a worker nor stop the queue: it is dropped with one line. The rows
are the truth; the dispatcher sends what was lost.
"""

from __future__ import annotations

import base64
import inspect
import json
import logging
import typing
from typing import Any
from uuid import uuid4

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES, redis
from kombu.utils.encoding import bytes_to_str

from dashboard.jobs.aliases import ALIASES

logger = logging.getLogger(__name__)

MOST_BYTES = 64 * 1024
LARGEST_NUMBER = 2**63 - 1
"""Of a row's id, or a step."""

DEATHS, WITHIN = 3, 120
"""So many workers that died in so many seconds drop the queues."""


def message_of(app: Celery, item: bytes, queue: str) -> dict[str, Any]:
    """A message of our own in place of one that was read. ValueError if it is no hint."""
    if len(item) > MOST_BYTES:
        raise ValueError("too large")
    try:
        found = json.loads(item)
        name = found["headers"]["task"]
        body = base64.b64decode(found["body"], validate=True)
        args, kwargs = json.loads(body)[:2]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError) as error:
        raise ValueError("unreadable") from error
    task = app.tasks.get(ALIASES.get(name, name)) if isinstance(name, str) else None
    if task is None or not task.name.startswith("dashboard."):
        raise ValueError("unknown task")
    if kwargs or not isinstance(args, list) or not _fits(task.run, args):
        raise ValueError(f"not the arguments of {task.name}")
    sent = app.amqp.as_task_v2(str(uuid4()), task.name, args=args, kwargs={})
    return {
        "body": base64.b64encode(json.dumps(sent.body).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": sent.headers,
        "properties": {
            **sent.properties,
            "body_encoding": "base64",
            "delivery_mode": 2,
            "delivery_tag": str(uuid4()),
            "delivery_info": {"exchange": "", "routing_key": queue},
        },
    }


def _fits(function: Any, args: list[Any]) -> bool:
    """Whether the function can be called with these, by number and kind."""
    try:
        given = inspect.signature(function).bind(*args).arguments
    except TypeError:
        return False
    kinds = typing.get_type_hints(function)
    return all(
        type(value) is kinds.get(name) and (kinds[name] is not int or 0 <= value <= LARGEST_NUMBER)
        for name, value in given.items()
    )


class Channel(redis.Channel):  # type: ignore[misc]  # kombu has no types
    """Reads hints from the queues, and drops the rest."""

    app: Celery

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        drop_damaged(self.client)  # a worker that lost its connection for it begins with a new one

    def _brpop_read(self, **options: Any) -> bool:
        try:
            found = self._answer(**options)
            if not found:
                raise redis.Empty
            queue = bytes_to_str(found[0]).rsplit(self.sep, 1)[0]
            self._queue_cycle.rotate(queue)
            try:
                message = message_of(self.app, found[1], queue)
            except ValueError as error:
                size = len(found[1])
                logger.warning("message dropped queue=%s bytes=%d why=%s", queue, size, error)
            else:
                self.connection._deliver(message, queue)
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _answer(self, **options: Any) -> Any:
        try:
            return self.client.parse_response(self.client.connection, "BRPOP", **options)
        except self.connection_errors:
            self.client.connection.disconnect()
            raise


class Transport(redis.Transport):  # type: ignore[misc]
    """Celery's way to Redis with our channel."""

    Channel = Channel


def use_with(app: Celery) -> None:
    """Let the application's workers read by these."""
    Channel.app = app
    name = f"{__name__}:Transport"
    TRANSPORT_ALIASES.update(redis=name, rediss=name)


# ---- workers that died ----

RUNNING, DIED = "worker:running", "worker:died"


def keys_of_queues() -> dict[str, str]:
    """Where messages lie: the queues, and what was taken and is not done. Each with its type."""
    names = [queue.name for queue in Channel.app.conf.task_queues]
    urgent = [f"{name}{Channel.sep}{step}" for name in names for step in Channel.priority_steps]
    taken = {"unacked": "hash", "unacked_index": "zset", "unacked_mutex": "string"}
    return dict.fromkeys([*names, *urgent], "list") | taken


def drop_damaged(server: Any) -> None:
    """Drop what has another type than workers can read, which they would fail at for ever."""
    bindings = (f"_kombu.binding.{queue.name}" for queue in Channel.app.conf.task_queues)
    wanted = keys_of_queues() | dict.fromkeys([*bindings, RUNNING], "set") | {DIED: "string"}
    for key, kind in wanted.items():
        if bytes_to_str(server.type(key)) not in {kind, "none"}:
            server.delete(key)
            logger.warning("queue dropped key=%s why=damaged", key)


def drop_after_deaths(server: Any, worker: str) -> None:
    """Note that a worker starts. If three have died in a row, whatever the queues hold is dropped.

    A worker that ends by itself says so (`note_end`); one that was there before did not.
    """
    has_died = not server.sadd(RUNNING, worker)
    if not has_died:
        return
    deaths = int(server.incr(DIED))
    server.expire(DIED, WITHIN)
    if deaths >= DEATHS:
        server.delete(*keys_of_queues(), DIED)
        logger.warning("queues dropped after deaths=%d; the rows are sent anew", deaths)


def note_end(server: Any, worker: str) -> None:
    """The worker ends because it was told to."""
    server.srem(RUNNING, worker)
