"""The processes of a whole dashboard: their commands, in which order, and what they are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboard.launcher.processes import Process

HOST = "127.0.0.1"

BROKER, CYCLR, LOADED, WORKER, DISPATCHER, WEB = range(6)
"""The stages: started in this order, ended in the opposite one."""

FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""For glibc, which gives each thread a heap of its own and seldom anything back."""


def hand_on(**values: str) -> None:
    """Tell the processes so, whatever files say."""
    for name, value in values.items():
        os.environ[name] = value
        os.environ.pop(f"{name}_FILE", None)


def python(*arguments: str) -> list[str]:
    """A command line of this Python."""
    return [sys.executable, *arguments]


def child_environment(process: str, **more: str) -> dict[str, str]:
    """What a process is told; the first administrator's password is for `prepare` alone."""
    files = {f"{name}_FILE" for name in more}
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DESK_ADMIN_") and name not in files
    }
    return {
        **inherited,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "PYTHONUNBUFFERED": "1",
        "DESK_PROCESS": process,
        **more,
    }


def loaded() -> Process:
    """What all of the dashboard's own are forked from."""
    return Process(
        name="loaded",
        command=python("-m", "dashboard.launcher.loaded"),
        stage=LOADED,
        environment=child_environment("worker") | FEW_ARENAS,
        is_loaded_once=True,
    )


def worker(name: str, queues: str, at_once: int, silent_after: float) -> Process:
    """One Celery worker that does so much at once. TERM lets it finish what it has in hand."""
    return Process(
        name=name,
        command=python(
            *("-m", "celery", "--quiet"),
            *("-A", "dashboard.celery:app", "worker", "-Q", queues),
            # Idle, one process is there; each further one comes with the message that needs it.
            *("--autoscale", f"{at_once},1", "-n", f"{name}@%h", "--prefetch-multiplier", "1"),
            *("--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle"),
        ),
        stage=WORKER,
        environment=child_environment("worker"),
        is_forked=True,
        is_watched=True,
        silent_after=silent_after,
        stop_within=25,
    )


def dashboard_processes(port: int, silent_after: float) -> list[Process]:
    """The dashboard's own four; those that are watched are replaced after so many seconds."""
    return [
        # Its work waits for Cyclr most of the time; a slow Cyclr must not fill every slot.
        worker("interactive", "interactive,checks", at_once=4, silent_after=silent_after),
        # Two may read a console; a bulk run has a slot beside them.
        worker("background", "sync,bulk", at_once=3, silent_after=silent_after),
        Process(
            name="dispatcher",
            # The checks load every page; the preparation has run them.
            command=python("manage.py", "dispatch", "--skip-checks"),
            stage=DISPATCHER,
            environment=child_environment("dispatcher"),
            is_forked=True,
            is_watched=True,
            silent_after=silent_after,
        ),
        Process(
            name="web",
            command=python("-m", "dashboard.web", "--bind", f"{HOST}:{port}"),
            stage=WEB,
            environment=child_environment("web"),
            is_forked=True,
            is_vital=True,
        ),
    ]


def simulator(port: int, var: Path, more: Sequence[str]) -> Process:
    """The local Cyclr; what happened in it is kept."""
    return Process(
        name="cyclr",
        command=python(
            *("-m", "cyclr_api.simulator", "--port", str(port)),
            *("--save", str(var / "cyclr.json"), *more),
        ),
        stage=CYCLR,
        environment=child_environment("simulator"),
    )
