"""How much memory a running dashboard takes: `python tests/bench/memory.py var/ready`.

The proportional set size of each process of the tree: what several share counts for each in part.
Let it be idle for two minutes first. Linux only.
"""

from __future__ import annotations

import sys
from pathlib import Path

NAMED = (
    "supervisor",
    "guard.py",
    "launcher.loaded",
    "cyclr_api.simulator",
    "interactive",
    "background",
    "dispatch",
    "dashboard.web",
)


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    below = [int(one) for at in threads for one in (at / "children").read_text().split()]
    return [pid, *(found for child in below for found in tree(child))]


def megabytes(pid: int) -> float:
    """The proportional set size."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def name_of(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return next((name for name in NAMED if name in command), command.strip()[:20] or "broker")


def main() -> None:
    total = 0.0
    for pid in tree(int(Path(sys.argv[1]).read_text().split()[0])):
        size = megabytes(pid)
        total += size
        sys.stdout.write(f"{name_of(pid):<19} {size:6.1f} MB\n")
    sys.stdout.write(f"{'all':<19} {total:6.1f} MB\n")


if __name__ == "__main__":
    main()
