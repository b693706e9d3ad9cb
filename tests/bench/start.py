"""How long `./run` takes to start, and what it takes of the machine when it is idle.

    .venv/bin/python tests/bench/start.py [--old PATH] [--postgres] [--settings NAME=VALUE…]

Prints, for this build and for one in another folder whose `.venv` is there: seconds until
`/readyz` answers 200 for a first and for a second start, the memory (sum of the proportional set
sizes, see `memory.py`) and the share of one core of the whole tree while idle. Seconds of the
processor until then depend less on what else the machine does. Every build starts in a new
directory with the bundled Cyclr and its demo, unless --settings DESK_DEMO=0. Figures count only
against others of the same run. Linux only.
"""

from __future__ import annotations

import argparse
import http.client
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from memory import megabytes, tree  # noqa: E402

from tests.support.environment import outer_environment  # noqa: E402
from tests.support.proc import fields_of  # noqa: E402
from tests.support.services import PostgresServer, free_port  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 180.0
"""Seconds that a start may take."""
FIGURES = (
    *("first start, s", "of the processor, s", "second start, s", "of the processor, s"),
    *("memory, MB", "idle, % of a core"),
)


class Start:
    """One start of a build."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.port = int(environment["PORT"])
        began = time.monotonic()
        self.process = subprocess.Popen(
            ["./run"],
            cwd=root,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() - began > LONGEST:
                sys.exit(f"{root} does not start")
            time.sleep(0.05)
        self.took = time.monotonic() - began
        self.worked = processor_seconds(tree(self.process.pid))

    def is_ready(self) -> bool:
        """Whether /readyz says so."""
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            wire.request("GET", "/readyz")
            return wire.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            wire.close()

    def end(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


def processor_seconds(pids: list[int]) -> float:
    """What these processes took so far, and those below them that have ended."""
    ticks = 0
    for pid in pids:
        ticks += sum(map(int, fields_of(pid)[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def surroundings(asked: argparse.Namespace) -> Iterator[dict[str, str]]:
    """The environment of a new dashboard."""
    var = tempfile.mkdtemp(prefix="desk-bench-")
    server = PostgresServer() if asked.postgres else None
    environment = {
        **outer_environment(),
        "DESK_ENV_FILE": os.devnull,
        "DESK_VAR": var,
        "PORT": str(free_port()),
        "LOCAL_CYCLR_PORT": str(free_port()),
        **dict(pair.split("=", 1) for pair in asked.settings),
    }
    if server:
        environment["DATABASE_URL"] = f"{server.make_database('desk')}?pool=true"
    try:
        yield environment
    finally:
        shutil.rmtree(var, ignore_errors=True)
        if server:
            server.stop()


def measure(root: Path, asked: argparse.Namespace) -> tuple[float, ...]:
    """FIGURES of one build."""
    with surroundings(asked) as environment:
        first = Start(root, environment)
        try:
            time.sleep(asked.settle)
            before = processor_seconds(tree(first.process.pid))
            time.sleep(asked.idle)
            pids = tree(first.process.pid)
            share = 100 * (processor_seconds(pids) - before) / asked.idle
            memory = sum(map(megabytes, pids))
        finally:
            first.end()
        second = Start(root, environment)
        second.end()
    return first.took, first.worked, second.took, second.worked, memory, share


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="another build, with its .venv")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--settle", type=float, default=60, help="seconds until it is idle")
    parser.add_argument("--idle", type=float, default=60, help="seconds that are measured")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL with a pool")
    parser.add_argument("--settings", nargs="*", default=[], metavar="NAME=VALUE")
    asked = parser.parse_args()
    builds = {"this": ROOT, **({"old": asked.old.resolve()} if asked.old else {})}
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in builds}
    for _ in range(asked.rounds):
        for name, root in builds.items():
            found[name].append(measure(root, asked))
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)]
        for name, rows in found.items()
    }
    for place, figure in enumerate(FIGURES):
        cells = [f"{name} {values[place]:7.1f}" for name, values in medians.items()]
        ratio = f"  x {medians['this'][place] / medians['old'][place]:.2f}" if asked.old else ""
        sys.stdout.write(f"{figure:20} {'   '.join(cells)}{ratio}\n")


if __name__ == "__main__":
    main()
