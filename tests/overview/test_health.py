"""Liveness and readiness, for machines."""

from __future__ import annotations

import os
import socket
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from dashboard.jobs.models import Heartbeat
from dashboard.mirror.models import SyncRun
from dashboard.overview import health
from tests.factories import make_console


def all_alive(age: timedelta = timedelta()) -> None:
    for name in ("interactive", "background", "dispatcher"):
        Heartbeat.objects.create(process=name, host="a", at=timezone.now() - age)


def test_liveness_asks_nobody(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest-django refuses the database to this test, which is the point.
    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


@pytest.mark.parametrize(
    "host", ["10.0.3.7:8400", "ip-10-0-3-7.internal", "7c7168a662c1:8000", "my_pod", "[::1]", ""]
)
@pytest.mark.parametrize("tls", [False, True])
def test_health_is_told_whatever_name_it_is_asked_by(
    host: str, tls: bool, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECURE_SSL_REDIRECT = tls
    monkeypatch.setattr(health, "is_broker_there", lambda: False)
    monkeypatch.setattr(connection, "cursor", _refuse)

    assert client.get("/healthz", HTTP_HOST=host).status_code == 200
    assert client.get("/readyz", HTTP_HOST=host).status_code == 503  # and not 400
    for path in ("/", "/sign-in/", "/healthz/", "/healthz/x", "//healthz", "/c/healthz"):
        assert client.get(path, HTTP_HOST=host).status_code == 400


def _refuse(*_: object, **__: object) -> None:
    raise OperationalError


@pytest.mark.django_db
def test_ready_with_database_broker_and_workers(
    client: Client, settings: Any, redis_url: str
) -> None:
    settings.REDIS_URL = redis_url
    all_alive()
    moment = timezone.now() - timedelta(minutes=5)
    SyncRun.objects.create(console=make_console(name="Secret plc"), finished_at=moment)

    response = client.get("/readyz")

    assert response.status_code == 200
    answer = response.json()
    assert (answer["ready"], answer["database"], answer["broker"]) == (True, True, True)
    assert answer["pulse_age"]["interactive"] < 5
    assert 295 < answer["last_sync_age"] < 310
    assert "Secret" not in response.content.decode()


@pytest.mark.django_db
def test_not_ready_when_a_worker_is_silent(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "is_broker_there", lambda: True)
    all_alive(timedelta(seconds=91))

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["workers"] is False


@pytest.mark.django_db
def test_not_ready_without_broker_and_quickly(client: Client, settings: Any) -> None:
    all_alive()
    with socket.socket() as silent:  # listens and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        began = time.monotonic()
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["broker"] is False
    assert time.monotonic() - began < 30  # redis-py by itself would take a minute


@pytest.mark.django_db
def test_not_ready_without_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("password authentication failed for user secret")

    monkeypatch.setattr(connection, "cursor", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["database"] is False
    assert b"secret" not in response.content


@pytest.mark.django_db
@pytest.mark.parametrize("silent", ["interactive", "background", "dispatcher"])
def test_not_ready_names_who_is_silent(
    silent: str, client: Client, settings: Any, redis_url: str
) -> None:
    settings.REDIS_URL = redis_url
    all_alive()
    Heartbeat.objects.filter(process=silent).update(at=timezone.now() - timedelta(seconds=80))

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["silent"]) == (503, [silent])


@pytest.mark.django_db
def test_two_of_three_workers_that_are_gone_are_told_and_take_no_page_away(
    client: Client, settings: Any, redis_url: str
) -> None:
    settings.REDIS_URL = redis_url
    all_alive()
    for host in ("b", "c"):
        at = timezone.now() - timedelta(minutes=3)
        Heartbeat.objects.create(process="interactive", host=host, at=at)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["processes"]["interactive"] == {"alive": 1, "gone": 2}
    assert answer.json()["processes"]["background"] == {"alive": 1, "gone": 0}
    Heartbeat.objects.filter(process="interactive", host="a").update(at=at)
    assert client.get("/readyz").status_code == 503


def room(free: int, names: int = 1) -> os.statvfs_result:
    return os.statvfs_result((4096, 1, 10**9, free, free, 10**6, names, names, 0, 255))


@pytest.mark.django_db
@pytest.mark.parametrize("disk", [room(0), room(health.ROOM - 1), room(10**9, names=0)])
def test_not_ready_on_a_full_disk(
    disk: os.statvfs_result,
    client: Client,
    settings: Any,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.REDIS_URL = redis_url
    all_alive()
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(os, "statvfs", lambda _: disk)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["disk"]) == (503, False)


def test_a_directory_that_is_not_made_yet_has_the_room_of_its_parents(tmp_path: Path) -> None:
    assert health.has_room(tmp_path / "a" / "b") == health.has_room(tmp_path)
