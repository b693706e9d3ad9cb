"""The dispatcher does every package's periodic tasks, and the fault of one stops no other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dashboard.jobs.periodic import PeriodicTask
from dashboard.jobs.registry import Worker
from dashboard.jobs.working import dispatch as send_due
from dashboard.jobs.working import job_classes
from tests.support.waiting import CEILING

ROOT = Path(__file__).resolve().parents[2]


def test_it_does_the_periodic_tasks_of_every_package(tmp_path: Path) -> None:
    written = sum(
        len(re.findall(r"^@(?:periodic|works_on)\(", path.read_text(), re.MULTILINE))
        for path in (ROOT / "dashboard").rglob("*.py")
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DESK_ENV_FILE": os.devnull,
        "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3",
        "SECRET_KEY": "k" * 50,
        "CREDENTIAL_KEYS": "k" * 40,
        "DESK_PROCESS": "dispatcher",
    }
    process = subprocess.Popen(
        [sys.executable, "manage.py", "dispatch"],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=CEILING)

    assert written >= 6
    assert f"tasks={written}" in first
    assert process.returncode == 0


@pytest.mark.django_db
def test_a_periodic_task_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.jobs.management.commands import dispatch

    done: list[str] = []

    def broken() -> None:
        done.append("broken")
        raise RuntimeError("a fault of one package")

    def sound() -> None:
        done.append("sound")
        if done.count("sound") >= 2:
            os.kill(os.getpid(), signal.SIGTERM)

    tasks: Any = [PeriodicTask("broken", 0, broken), PeriodicTask("sound", 0, sound)]
    monkeypatch.setattr(dispatch, "PERIODIC", tasks)
    monkeypatch.setattr(dispatch, "SHORTEST", 0.01)
    monkeypatch.setattr(dispatch, "close_old_connections", lambda: None)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        dispatch.Command().handle()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert done == ["broken", "sound", "broken", "sound"]


@pytest.mark.django_db
@pytest.mark.parametrize("model", job_classes(), ids=lambda model: model.__name__)
def test_while_no_job_is_open_one_short_query_says_so(
    model: Any, django_assert_num_queries: Any
) -> None:
    worker = Worker(
        model=model,
        work=lambda lease: None,
        gives_up=lambda lease, error: None,
        room=lambda: 1,
        plans=lambda key: None,
    )

    with django_assert_num_queries(1) as asked:
        send_due(worker)

    assert asked.captured_queries[0]["sql"].endswith("LIMIT 1")
