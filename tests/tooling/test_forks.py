"""The dashboard's own processes are forked from one that has loaded it: what they share and not."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from dashboard.launcher.forks import Forks, NotForkedError
from dashboard.launcher.shown import as_bytes, filled
from tests.support.desk import Desk
from tests.support.proc import (
    children_of,
    environment_of,
    files_of,
    is_there,
    text_of,
    tree_of,
)
from tests.support.waiting import wait_until

FORKED = {
    "interactive": "worker",
    "background": "worker",
    "dispatcher": "dispatcher",
    "web": "web",
}
"""What each is told to be."""

processes = pytest.mark.processes


@contextmanager
def standing(pid: int) -> Iterator[None]:
    """It stands still."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        if is_there(pid):
            os.kill(pid, signal.SIGCONT)


def is_served(desk: Desk) -> bool:
    with urllib.request.urlopen(f"{desk.url}/healthz") as answer:  # noqa: S310
        return bool(answer.status == 200)


def replaced(desk: Desk, name: str, first: int) -> int:
    """The id of the one that came after the first."""
    desk.wait_for(lambda: desk.has(name) and desk.pid_of(name) != first, f"for another {name}")
    return desk.pid_of(name)


@processes
def test_all_of_them_stem_from_the_loaded_one(desk: Desk) -> None:
    assert {desk.pid_of(name) for name in FORKED} == set(children_of(desk.pid_of("loaded")))


@processes
@pytest.mark.parametrize(("name", "told"), FORKED.items())
def test_each_is_told_what_it_is_and_shows_its_own_command(
    desk: Desk, name: str, told: str
) -> None:
    environment = environment_of(desk.pid_of(name))
    command = text_of(desk.pid_of(name), "cmdline")

    assert environment["DESK_PROCESS"] == told
    assert not [one for one in environment if one.startswith("DESK_ADMIN_")]
    wanted = {"interactive": "-n\0interactive@%h", "background": "-n\0background@%h"}
    wanted |= {"dispatcher": "manage.py\0dispatch", "web": "-m\0dashboard.web"}
    assert wanted[name] in command


@processes
def test_no_connection_and_no_database_is_shared(desk: Desk) -> None:
    loaded = files_of(desk.pid_of("loaded"))
    sockets = {name: files_of(desk.pid_of(name), kind="socket:") for name in FORKED}

    assert not [name for name in loaded if "desk.sqlite3" in name]
    assert all(sockets[name] for name in ("interactive", "background", "web"))
    for name, own in sockets.items():
        others = [sockets[other] for other in sockets if other != name]
        assert not own & loaded.union(*others)


@processes
def test_nobody_holds_the_way_to_the_guard_or_to_another_process(desk: Desk) -> None:
    supervisor = files_of(desk.process.pid, kind="pipe:") if desk.process else set()
    loaded = files_of(desk.pid_of("loaded"), kind="pipe:")
    assert loaded

    for name in FORKED:
        own = files_of(desk.pid_of(name), kind="pipe:")
        assert len(own & supervisor) == 1, "its own output"
        assert not own & loaded


@processes
def test_a_forked_worker_that_dies_is_replaced_by_another_one(desk: Desk) -> None:
    first = desk.pid_of("background")
    pool = tree_of(first)

    os.kill(first, signal.SIGKILL)

    second = replaced(desk, "background", first)
    assert second in tree_of(desk.pid_of("loaded"))
    desk.wait_for(lambda: not [pid for pid in pool if is_there(pid)], "for its pool to end")
    assert "background was killed by SIGKILL; starting it again" in desk.logs


@processes
@pytest.mark.parametrize("fate", ["killed", "frozen"])
def test_who_was_forked_outlives_a_loaded_process_that_is_lost(
    desk_processes: Callable[..., Desk], fate: str
) -> None:
    desk = desk_processes()
    loaded, worker, web = (desk.pid_of(name) for name in ("loaded", "interactive", "web"))

    if fate == "killed":
        os.kill(loaded, signal.SIGKILL)
        replaced(desk, "loaded", loaded)
        assert is_there(worker)
        os.kill(worker, signal.SIGKILL)
    else:
        with standing(loaded):
            os.kill(worker, signal.SIGKILL)
            replaced(desk, "loaded", loaded)
    another = replaced(desk, "interactive", worker)

    assert another in tree_of(desk.pid_of("loaded"))
    assert desk.pid_of("web") == web
    assert is_served(desk)


@processes
def test_no_forked_process_outlives_a_supervisor_that_was_killed(
    desk_processes: Callable[..., Desk],
) -> None:
    desk = desk_processes()
    assert desk.process is not None
    pids = [pid for pid in tree_of(desk.process.pid) if pid != desk.process.pid]
    assert desk.pid_of("interactive") in pids

    desk.process.kill()
    desk.process.wait()

    wait_until(lambda: not [pid for pid in pids if is_there(pid)])


def test_a_loaded_process_that_is_gone_forks_nothing() -> None:
    forks = Forks()
    with closing(forks):
        forks.far_end.close()

        with pytest.raises(NotForkedError):
            forks.fork(["python", "-m", "celery"], {})


@pytest.mark.parametrize("more", [0, 1, 40])
def test_a_command_is_shown_in_the_room_that_there_is(more: int) -> None:
    command = ["/bin/python", "-m", "dashboard.web", "--bind", "127.0.0.1:8000"]
    bare = as_bytes([command[0], "-X", "forked", *command[1:]])

    shown = filled(command, len(bare) + more)

    assert len(shown) == len(bare) + more
    parts = shown.decode().removesuffix("\0").split("\0")
    assert [parts[0], *parts[3:]] == command
    assert parts[2].startswith("forked")


def test_a_command_that_is_too_long_is_not_shown_in_part() -> None:
    with pytest.raises(ValueError, match="no room"):
        filled(["python", "-m", "dashboard.web"], 20)
