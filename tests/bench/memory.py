"""How much memory a running dashboard takes: `python tests/bench/memory.py var/ready`.

The proportional set size of each process of the tree: what several share counts for each in part.
Let it be idle for two minutes first. Linux only.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.proc import text_of, tree_of  # noqa: E402

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


def megabytes(pid: int) -> float:
    """The proportional set size."""
    lines = text_of(pid, "smaps_rollup").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def name_of(pid: int) -> str:
    command = text_of(pid, "cmdline").replace("\0", " ")
    return next((name for name in NAMED if name in command), command.strip()[:20] or "broker")


def main() -> None:
    total = 0.0
    for pid in tree_of(int(Path(sys.argv[1]).read_text().split()[0])):
        size = megabytes(pid)
        total += size
        sys.stdout.write(f"{name_of(pid):<19} {size:6.1f} MB\n")
    sys.stdout.write(f"{'all':<19} {total:6.1f} MB\n")


if __name__ == "__main__":
    main()
