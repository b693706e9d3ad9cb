"""How much memory worker processes take at most while a whole console is read.

    .venv/bin/python tests/bench/sync_memory.py [--old PATH] [--accounts 10000] [--latency 0.02]

Starts this build, and one in another folder whose `.venv` is there, one after the other: each on
an empty SQLite database, beside a Cyclr that has so many accounts with six connectors on average.
Every process is looked at twice a second until the first reading is over. Prints the peaks of each
kind of process, of the largest one: its own memory (the proportional set size of what no file
holds: what several share counts for each in part), the same with pages of files, which are mostly
those of the SQLite database that the system would take back, and the resident set size. The
latency decides how long it takes, hardly how much memory. Linux only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.figures import Figure, record  # noqa: E402
from tests.bench.memory import name_of  # noqa: E402
from tests.support.environment import outer_environment  # noqa: E402
from tests.support.proc import fields_of, text_of, tree_of  # noqa: E402
from tests.support.services import free_port  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
EVERY = 0.5
LONGEST = 1800.0
"""Seconds that a reading may take."""
OVER = "SELECT 1 FROM mirror_syncrun WHERE finished_at IS NOT NULL"


@dataclass(slots=True)
class Peak:
    """Megabytes of the largest process of a kind, and how many there were in all."""

    own: float = 0.0
    pss: float = 0.0
    rss: float = 0.0
    pids: set[int] = field(default_factory=set)

    def take(self, pid: int) -> None:
        """Look at it now."""
        if sizes := sizes_of(pid):
            self.pids.add(pid)
            self.own = max(self.own, sizes["Pss_Anon"])
            self.pss, self.rss = max(self.pss, sizes["Pss"]), max(self.rss, sizes["Rss"])

    def __str__(self) -> str:
        return f"{self.own:6.1f}, {self.pss:6.1f}, {self.rss:6.1f} MB ({len(self.pids)})"


def sizes_of(pid: int) -> dict[str, float]:
    """`Pss_Anon`, `Pss` and `Rss` in megabytes; nothing of a process that is gone."""
    lines = text_of(pid, "smaps_rollup").splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}


def kinds(pids: list[int]) -> dict[int, str]:
    """What each process is: workers have one that takes messages, and those that do the work."""
    names = {pid: name_of(pid) for pid in pids}
    parents = {pid: int(fields[1]) for pid in pids if (fields := fields_of(pid))}
    return {
        pid: f"{name}: a process" if names.get(parents.get(pid, 0)) == name else name
        for pid, name in names.items()
    }


def environment_of(var: Path, cyclr: str) -> dict[str, str]:
    """All settings of a dashboard."""
    return {
        **outer_environment(),
        "DESK_ENV_FILE": os.devnull,
        "DESK_VAR": str(var),
        "DESK_DEMO": "0",
        "PORT": str(free_port()),
        "CYCLR_API_URL": cyclr,
        "CYCLR_SERVICE_URL": cyclr,
        "CYCLR_CLIENT_ID": "bench",
        "CYCLR_CLIENT_SECRET": "bench",
        "CYCLR_CALLS_PER_SECOND": "10000",
    }


def is_over(database: Path) -> bool:
    """Whether the first reading has ended; false also while there is no table."""
    if not database.exists():
        return False
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as lite,
    ):
        return bool(lite.execute(OVER).fetchall())
    return False


def measure(root: Path, cyclr: str) -> dict[str, Peak]:
    """The peaks of one build over its first reading, by kind of process."""
    var = Path(tempfile.mkdtemp(prefix="desk-bench-"))
    process = subprocess.Popen(
        [root / ".venv" / "bin" / "python", "-m", "dashboard.launcher.supervisor"],
        cwd=root,
        env=environment_of(var, cyclr),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    peaks: dict[str, Peak] = {}
    began = time.monotonic()
    try:
        while not is_over(var / "desk.sqlite3"):
            if process.poll() is not None or time.monotonic() - began > LONGEST:
                sys.exit(f"{root} does not read the console to its end")
            for pid, kind in kinds(tree_of(process.pid)).items():
                peaks.setdefault(kind, Peak()).take(pid)
            time.sleep(EVERY)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        shutil.rmtree(var, ignore_errors=True)
    sys.stdout.write(f"{root.name}: {time.monotonic() - began:.0f} s until it was read\n")
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--old", type=Path, help="another build, with its .venv")
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--latency", type=float, default=0.02)
    asked = parser.parse_args()
    builds = {"this": ROOT, **({"old": asked.old.resolve()} if asked.old else {})}
    port = free_port()
    stand_in = Path(__file__).with_name("cyclr_stand_in.py")
    numbers = [f"--accounts={asked.accounts}", f"--latency={asked.latency}"]
    cyclr = subprocess.Popen([sys.executable, str(stand_in), f"--port={port}", *numbers])
    try:
        time.sleep(2)
        found = {name: measure(root, f"http://127.0.0.1:{port}") for name, root in builds.items()}
    finally:
        cyclr.terminate()
    sys.stdout.write(f"{'own, with files, resident':26} this build{'': >24}old\n")
    for kind, peak in sorted(found["this"].items()):
        old = found.get("old", {}).get(kind)
        sys.stdout.write(f"{kind:26} {peak}   {old or ''}\n")
        if old and kind.startswith("background"):
            here, there = f"{peak.own:.0f} MB", f"{old.own:.0f} MB"
            record(Figure(f"{kind}, own at most", here, there, peak.own / old.own, 1.0))


if __name__ == "__main__":
    main()
