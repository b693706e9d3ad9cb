"""What dies is started again, what must not die ends everything, nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.proc import is_there
from tests.support.waiting import CEILING, wait_until

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = [sys.executable, "-S", "-c"]
SLEEPS = [*PYTHON, "import time; time.sleep(600)"]
DIES = [*PYTHON, "raise SystemExit(3)"]
STUBBORN = [
    *PYTHON,
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True))\n"
    "print('deaf', flush=True)\n"
    "while True: time.sleep(600)",
]
HAS_A_CHILD = [
    *PYTHON,
    "import subprocess, sys, time\n"
    "print('child', subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'])"
    ".pid, flush=True)\n"
    "time.sleep(600)",
]


class FakeTree:
    """A running `fake_tree.py`."""

    def __init__(self, directory: Path, processes: list[dict[str, Any]]) -> None:
        self.directory = directory
        (directory / "gone-at-the-end").mkdir()
        self.log = directory / "log"
        with self.log.open("wb") as log:
            self.popen = subprocess.Popen(
                [sys.executable, str(ROOT / "tests/tooling/fake_tree.py"), str(directory)],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        assert self.popen.stdin is not None
        self.popen.stdin.write(json.dumps([{"stage": 1, **one} for one in processes]).encode())
        self.popen.stdin.close()
        wait_until(lambda: set(self.ids()) >= {one["name"] for one in processes})

    def ids(self) -> dict[str, int]:
        try:
            found: dict[str, int] = json.loads((self.directory / "ids.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return found

    def id_of(self, name: str, *, other_than: int = 0) -> int:
        return int(wait_until(lambda: (pid := self.ids().get(name, 0)) != other_than and pid))

    def words(self) -> str:
        return self.log.read_text()

    def ends(self) -> int:
        return self.popen.wait(CEILING)


StartTree = Callable[..., FakeTree]


@pytest.fixture
def start_tree(tmp_path: Path) -> Iterator[StartTree]:
    trees: list[FakeTree] = []

    def start(*processes: dict[str, Any]) -> FakeTree:
        trees.append(FakeTree(tmp_path, list(processes)))
        return trees[-1]

    yield start
    for tree in trees:
        tree.popen.kill()
        tree.popen.wait()


def test_a_dead_worker_is_started_again(start_tree: StartTree) -> None:
    tree = start_tree({"name": "worker", "command": SLEEPS})
    first = tree.id_of("worker")

    os.kill(first, signal.SIGKILL)

    second = tree.id_of("worker", other_than=first)
    assert is_there(second)
    assert "worker was killed by SIGKILL; starting it again" in tree.words()


def test_what_a_dead_process_leaves_behind_ends_before_it_starts_again(
    start_tree: StartTree,
) -> None:
    tree = start_tree({"name": "worker", "command": HAS_A_CHILD})
    child = int(wait_until(lambda: "child " in tree.words() and tree.words().split()[-1]))

    os.kill(tree.id_of("worker"), signal.SIGKILL)

    wait_until(lambda: not is_there(child))


FROZEN_LATER = [
    *PYTHON,
    "import os, signal, socket, time\n"
    "wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
    "address = chr(0) + os.environ['NOTIFY_SOCKET'][1:]\n"
    "print('up', flush=True)\n"
    "while True:\n"
    "    wire.sendto(b'WATCHDOG=1', address); time.sleep(0.1)",
]


@pytest.mark.skipif(sys.platform != "linux", reason="names of sockets without a file")
def test_a_watched_process_that_freezes_is_replaced(start_tree: StartTree) -> None:
    watched = {"is_watched": True, "silent_after": 1.0}
    tree = start_tree({"name": "worker", "command": FROZEN_LATER, **watched})
    first = tree.id_of("worker")
    wait_until(lambda: "up" in tree.words())

    os.kill(first, signal.SIGSTOP)

    assert is_there(tree.id_of("worker", other_than=first))
    assert not is_there(first)
    assert "worker does not get on: killed" in tree.words()


def test_a_process_that_is_not_watched_is_left_alone(start_tree: StartTree) -> None:
    shows = [*PYTHON, "import os, time; print(os.environ.get('NOTIFY_SOCKET'), flush=True)\n"]
    tree = start_tree({"name": "worker", "command": [*shows[:-1], shows[-1] + "time.sleep(600)"]})

    wait_until(lambda: "None" in tree.words())


def test_five_deaths_in_a_minute_end_everything(start_tree: StartTree) -> None:
    tree = start_tree({"name": "other", "command": SLEEPS}, {"name": "worker", "command": DIES})
    other = tree.id_of("other")

    assert tree.ends() == 1

    assert "worker ended with status 3. Processes ended 5 times within 60 seconds" in tree.words()
    assert not is_there(other)


def test_the_death_of_the_web_ends_everything(start_tree: StartTree) -> None:
    tree = start_tree(
        {"name": "worker", "command": SLEEPS},
        {"name": "web", "command": SLEEPS, "is_vital": True, "stage": 2},
    )
    worker = tree.id_of("worker")

    os.kill(tree.id_of("web"), signal.SIGKILL)

    assert tree.ends() == 1
    assert "web was killed by SIGKILL, so everything ends" in tree.words()
    assert not is_there(worker)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_all_of_it(start_tree: StartTree, number: signal.Signals) -> None:
    tree = start_tree(
        {"name": "worker", "command": HAS_A_CHILD}, {"name": "web", "command": SLEEPS, "stage": 2}
    )
    child = int(wait_until(lambda: "child " in tree.words() and tree.words().split()[-1]))
    ids = [*tree.ids().values(), child]

    tree.popen.send_signal(number)

    assert tree.ends() == 0
    assert not [pid for pid in ids if is_there(pid)]
    assert not (tree.directory / "gone-at-the-end").exists()


def test_what_does_not_end_is_killed(start_tree: StartTree) -> None:
    tree = start_tree({"name": "worker", "command": STUBBORN, "stop_within": 0.3})
    worker = tree.id_of("worker")
    wait_until(lambda: "deaf" in tree.words())

    tree.popen.send_signal(signal.SIGINT)

    assert tree.ends() == 0
    assert not is_there(worker)


def test_a_second_signal_does_not_wait(start_tree: StartTree) -> None:
    tree = start_tree({"name": "worker", "command": STUBBORN, "stop_within": 600})
    wait_until(lambda: "deaf" in tree.words())
    tree.popen.send_signal(signal.SIGINT)
    wait_until(lambda: "asked" in tree.words())
    assert tree.popen.poll() is None

    tree.popen.send_signal(signal.SIGINT)

    assert tree.ends() == 0


def test_later_stages_end_first(start_tree: StartTree) -> None:
    says_when = [
        *PYTHON,
        "import signal, sys, time\n"
        "def end(*_):\n    time.sleep(0.3); print('ended', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True); time.sleep(600)",
    ]
    tree = start_tree(
        {"name": "broker", "command": says_when, "stage": 0},
        {"name": "web", "command": says_when, "stage": 2},
        {"name": "worker", "command": says_when, "stage": 1},
    )
    wait_until(lambda: tree.words().count("up") == 3)

    tree.popen.send_signal(signal.SIGINT)
    tree.ends()

    ended = [line.split()[0] for line in tree.words().splitlines() if line.endswith("ended")]
    assert ended == ["web", "worker", "broker"]


def test_nothing_outlives_a_supervisor_that_was_killed(start_tree: StartTree) -> None:
    tree = start_tree(
        {"name": "worker", "command": HAS_A_CHILD}, {"name": "deaf", "command": STUBBORN}
    )
    wait_until(lambda: "child " in tree.words() and "deaf" in tree.words())
    child = next(int(line.split()[-1]) for line in tree.words().splitlines() if "child" in line)
    ids = [*tree.ids().values(), child]

    tree.popen.kill()

    wait_until(lambda: not [pid for pid in ids if is_there(pid)])
    wait_until(lambda: not (tree.directory / "gone-at-the-end").exists())
