"""Signs of progress, as systemd's watchdog and our own supervisor read them."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.celery import LOOP_WITHIN, TASK_WITHIN, Getting
from dashboard.common import watchdog
from tests.support.desk import ROOT, Desk
from tests.support.proc import command_of, environment_of
from tests.support.services import RedisServer
from tests.support.waiting import CEILING


@pytest.fixture
def listener(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> Iterator[socket.socket]:
    """A service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        monkeypatch.chdir(tmp_path)  # the path of a socket must be short
        wire.bind("notify")
        wire.settimeout(CEILING)
        settings.NOTIFY_SOCKET = str(tmp_path / "notify")
        yield wire


def test_ready_begins_the_watch(listener: socket.socket) -> None:
    watchdog.ready()

    assert listener.recv(100) == b"READY=1\nWATCHDOG=1"


def test_signs_are_sent_only_while_it_gets_on(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "EVERY", 0.01)
    answers = iter([True, True, False, False, True])
    asked: list[bool] = []

    def goes_on() -> bool:
        asked.append(next(answers))  # its end is a fault, which is no sign either
        return asked[-1]

    watchdog.watch(goes_on)

    assert [listener.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    assert asked == [True, True, False, False, True]


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens"])
def test_nobody_who_listens_is_no_fault(address: str, settings: Any) -> None:
    settings.NOTIFY_SOCKET = address

    watchdog.notify("WATCHDOG=1")


@pytest.fixture
def server(redis_server: RedisServer, settings: Any) -> Any:
    import redis

    settings.REDIS_URL = redis_server.url
    with redis.Redis.from_url(redis_server.url) as one:
        yield one


@pytest.mark.redis
def test_a_worker_gets_on_while_its_loop_turns_and_nothing_waits(server: Any) -> None:
    one = Getting()
    assert one.gets_on(["interactive"])

    one.took_at -= TASK_WITHIN
    assert one.gets_on(["interactive"])
    server.lpush("interactive", "message")
    assert not one.gets_on(["interactive"])
    assert one.gets_on(["bulk"])
    one.take()
    assert one.gets_on(["interactive"])

    one.turned_at -= LOOP_WITHIN
    assert not one.gets_on(["interactive"])
    one.turn()
    assert one.gets_on(["interactive"])


@pytest.mark.redis
@pytest.mark.parametrize("trouble", ["away", "takes no writes"])
def test_a_worker_is_not_replaced_for_want_of_redis(
    server: Any, redis_server: RedisServer, trouble: str
) -> None:
    one = Getting()
    one.turned_at -= LOOP_WITHIN
    if trouble == "away":
        redis_server.signal(signal.SIGKILL)
    else:
        server.replicaof("127.0.0.1", "1")

    assert one.gets_on(["interactive"])


@pytest.mark.processes
@pytest.mark.parametrize("name", ["interactive", "background", "dispatcher"])
def test_who_is_watched_shows_progress_to_a_service_manager(
    name: str, desk: Desk, listener: socket.socket, settings: Any
) -> None:
    inherited = environment_of(desk.pid_of(name))
    again = [part.replace(f"{name}@", "second@") for part in command_of(desk.pid_of(name))]

    process = subprocess.Popen(
        [sys.executable, *again[1:]],
        cwd=ROOT,
        env={**inherited, "NOTIFY_SOCKET": settings.NOTIFY_SOCKET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    try:
        assert listener.recv(100) == b"READY=1\nWATCHDOG=1"
        assert listener.recv(100) == b"WATCHDOG=1"
        assert listener.recv(100) == b"WATCHDOG=1"
    finally:
        process.terminate()
        process.wait(CEILING)


@pytest.mark.processes
def test_messages_that_cannot_be_read_end_no_worker(desk: Desk) -> None:
    from tests.jobs.test_hints import POISON, raw

    before = {name: desk.pid_of(name) for name in ("interactive", "background")}
    with _broker_of(desk) as broker:
        for queue in ("interactive", "checks", "sync", "bulk"):
            broker.lpush(queue, *(raw(poison) for poison in POISON.values()))
        desk.wait_for(lambda: not broker.exists("interactive", "checks", "sync", "bulk"), "to read")

    assert {name: desk.pid_of(name) for name in before} == before
    assert desk.logs.count("message dropped") >= 4 * len(POISON)


def _broker_of(desk: Desk) -> Any:
    import redis

    url = environment_of(desk.pid_of("web"))["REDIS_URL"]
    return redis.Redis(unix_socket_path=url.partition("//")[2])
