"""Messages are hints: what cannot be read is dropped with a line, and no worker ends for it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from dashboard.celery import app
from dashboard.jobs import hints, messages
from dashboard.jobs.messages import Message
from dashboard.jobs.tasks import beat
from dashboard.mirror.tasks import run_sync
from dashboard.operations.tasks import run_operation
from tests.support.services import RedisServer


def message(**changes: Any) -> dict[str, Any]:
    """What our own publishing sends."""
    sent = app.amqp.as_task_v2("id", changes.pop("task", run_operation.name), args=[7], kwargs={})
    body = changes.pop("body", json.dumps(sent.body))
    made = {
        "body": base64.b64encode(body.encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": sent.headers,
        "properties": {"body_encoding": "base64", "delivery_tag": "x"},
    }
    return made | changes


def args(*values: Any, **named: Any) -> str:
    return json.dumps([list(values), named, {}])


POISON: dict[str, Any] = {
    "nothing": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe\x00",
    "a number": b"1",
    "null": b"null",
    "a list": b"[]",
    "deep": b"[" * 60_000,
    "huge": json.dumps(message(more="x" * hints.MOST_BYTES)).encode(),
    "no headers": message(headers=None),
    "headers of another kind": message(headers=[1]),
    "no task": message(headers={}),
    "a task that is no name": message(headers={"task": {"a": 1}}),
    "an unknown task": message(headers={"task": "dashboard.gone.tasks.run"}),
    "a task of Celery's own": message(headers={"task": "celery.backend_cleanup"}),
    "no body": message() | {"body": None},
    "a body that is no base64": message() | {"body": "!"},
    "a body that is no JSON": message(body="x"),
    "a body that is no list": message(body="{}"),
    "a body in another format": message(body="\x80\x04K\x01."),
    "no arguments": message(body=args()),
    "too many arguments": message(body=args(*range(1, 50))),
    "a text for a number": message(body=args("7")),
    "a truth for a number": message(body=args(True)),
    "a fraction": message(body=args(7.5)),
    "a number that no row has": message(body=args(2**63)),
    "less than nothing": message(body=args(-1)),
    "no row": message(body=args(None)),
    "a list for a number": message(body=args([7])),
    "names": message(body=args(7, more=1)),
}


def raw(poison: Any) -> bytes:
    return poison if isinstance(poison, bytes) else json.dumps(poison).encode()


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_what_is_no_hint_is_not_read(poison: Any) -> None:
    with pytest.raises(ValueError):
        hints.message_of(app, raw(poison), "interactive")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"properties": None},
        {"content-type": "application/x-python-serialize"},
        {"content-encoding": "utf-7"},
        {"headers": {"task": run_operation.name, "eta": "x", "expires": [], "retries": "many"}},
        {"body": json.dumps([[7], {}, {"callbacks": [{"task": "x"}], "chord": 1}])},
    ],
)
def test_of_a_hint_only_task_and_row_count(changes: dict[str, Any]) -> None:
    found = hints.message_of(app, raw(message(**changes)), "interactive")

    assert json.loads(base64.b64decode(found["body"]))[0] == [7]
    assert found["headers"]["task"] == run_operation.name
    assert found["headers"]["eta"] is None
    assert found["content-type"] == "application/json"


def test_a_first_step_is_no_less_a_hint() -> None:
    first = message(headers={"task": run_sync.name}, body=args(7, 0))

    assert hints.message_of(app, raw(first), "sync")["headers"]["task"] == run_sync.name


BEFORE: dict[str, list[Any]] = {
    "dashboard.connectors.tasks.look_up": [7],
    "dashboard.connectors.tasks.run_connection_test": [7],
    "dashboard.installs.tasks.tidy_description": [7],
    "dashboard.links.tasks.check_account": [7],
    "dashboard.links.tasks.request_sign_in_token": [7],
    "dashboard.links.tasks.send_mail": [7],
    "dashboard.mirror.tasks.compare_console": [7],
    "dashboard.mirror.tasks.probe_console": [7],
    "dashboard.mirror.tasks.refresh_account": [7],
    "dashboard.mirror.tasks.run_sync": [7, 0],
    "dashboard.notifications.tasks.deliver": [7],
    "dashboard.notifications.tasks.send_mail": [7],
    "dashboard.operations.tasks.beat": ["background"],
    "dashboard.operations.tasks.run_operation": [7],
}
"""What version 0.1.0 sends."""


@pytest.mark.parametrize("task", BEFORE)
def test_messages_from_before_an_upgrade_are_answered(task: str) -> None:
    app.autodiscover_tasks(force=True)
    old = message(headers={"task": task}, body=args(*BEFORE[task]))

    found = hints.message_of(app, raw(old), "sync")

    assert found["headers"]["task"] in app.tasks
    assert json.loads(base64.b64decode(found["body"]))[0] == BEFORE[task]


@pytest.fixture
def server(redis_server: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    import redis

    settings.REDIS_URL = redis_server.url
    monkeypatch.setattr(messages, "_away_until", 0.0)
    monkeypatch.setattr(app.conf, "broker_url", redis_server.url)
    with redis.Redis.from_url(redis_server.url) as one:
        yield one


@pytest.mark.redis
def test_what_we_send_is_read(server: Any) -> None:
    assert Message(beat.name, "interactive").send("interactive")

    found = hints.message_of(app, server.rpop("interactive"), "interactive")

    assert json.loads(base64.b64decode(found["body"]))[0] == ["interactive"]


@pytest.mark.redis
def test_the_third_death_in_a_row_drops_the_queues(server: Any) -> None:
    hints.drop_after_deaths(server, "interactive@a")
    for _ in range(2):
        server.lpush("interactive", "poison")
        server.hset("unacked", "tag", "poison")
        hints.drop_after_deaths(server, "interactive@a")
        assert server.exists("interactive", "unacked") == 2

    hints.drop_after_deaths(server, "background@a")  # its first start is no death
    assert server.exists("interactive", "unacked") == 2
    hints.drop_after_deaths(server, "background@a")

    assert server.exists("interactive", "unacked") == 0


@pytest.mark.redis
def test_an_end_that_was_asked_for_is_no_death(server: Any) -> None:
    server.lpush("interactive", "message")
    for _ in range(5):
        hints.drop_after_deaths(server, "interactive@a")
        hints.note_end(server, "interactive@a")

    assert server.llen("interactive") == 1


@pytest.mark.redis
@pytest.mark.parametrize(
    "key", ["interactive", "sync", "unacked", "unacked_index", "_kombu.binding.bulk"]
)
def test_what_no_worker_could_read_for_its_type_is_dropped(server: Any, key: str) -> None:
    server.lpush("checks", "message")
    server.set(key, "x")

    hints.drop_damaged(server)

    assert server.exists(key) == 0
    assert server.llen("checks") == 1
