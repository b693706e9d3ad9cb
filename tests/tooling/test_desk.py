"""`./run` itself: the complete dashboard starts, mends itself and ends without leaving anything."""

from __future__ import annotations

import os
import signal
import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.support.desk import Desk
from tests.support.proc import is_there
from tests.support.waiting import CEILING

pytestmark = pytest.mark.processes

StartDesk = Callable[..., Desk]


def answers(desk: Desk, path: str) -> int:
    """The HTTP status of a page."""
    with urllib.request.urlopen(desk.url + path, timeout=CEILING) as answer:  # noqa: S310
        return int(answer.status)


def test_a_dead_worker_comes_back_and_ctrl_c_ends_all_of_it(desk_processes: StartDesk) -> None:
    desk = desk_processes()
    names = ["broker", "cyclr", "interactive", "background", "dispatcher", "web"]
    ids = {name: desk.pid_of(name) for name in names}
    assert answers(desk, "/healthz") == 200

    os.kill(ids["background"], signal.SIGKILL)
    desk.wait_for(
        lambda: desk.has("background") and desk.pid_of("background") != ids["background"],
        "for another worker",
    )

    all_ids = [*ids.values(), desk.pid_of("background")]
    assert desk.interrupt() == 0
    assert not [pid for pid in all_ids if is_there(pid)]
    assert "Traceback" not in desk.logs


def test_the_second_start_keeps_data_and_names_the_e_mail_alone(
    desk_processes: StartDesk,
) -> None:
    desk = desk_processes(DESK_ADMIN_PASSWORD="", DESK_DEMO="1")
    assert "shown only once" in desk.logs
    before, links = desk.logs, links_of(desk)
    assert links
    desk.interrupt()

    desk.start()

    said = desk.logs.removeprefix(before)
    assert f"Sign in as {desk.admin_email} with the password that was set." in said
    assert f"manage.py set_password {desk.admin_email}" in said
    assert "shown only once" not in said
    assert links_of(desk) == links


def links_of(desk: Desk) -> list[int]:
    """The connection links of the demo's story."""
    with closing(sqlite3.connect(f"file:{desk.var / 'desk.sqlite3'}?mode=ro", uri=True)) as file:
        return [pk for (pk,) in file.execute("SELECT id FROM links_link ORDER BY id")]


@pytest.mark.redis
@pytest.mark.postgres
def test_postgres_and_redis_take_the_place_of_the_embedded_ones(
    desk_processes: StartDesk, make_postgres_database: Callable[[], str], redis_url: str
) -> None:
    desk = desk_processes(DATABASE_URL=make_postgres_database(), REDIS_URL=redis_url)

    assert not desk.has("broker")
    assert not (desk.var / "desk.sqlite3").exists()
    assert answers(desk, "/healthz") == 200
    assert desk.interrupt() == 0
