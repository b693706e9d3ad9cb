"""`./test bench [NAME…]`: the benches, one after the other, and a table of what they found.

Each is a process of its own and is shown as it speaks; its figures go into its section of
`docs/benchmarks.md`, with the commit, the machine and how busy that was. A bench that measures
pages does so on an empty PostgreSQL database, where there is a server.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.figures import FILE, Figure, recorded
from tests.support.services import make_database

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `./test bench` (all), or `./test bench NAME…`. A figure counts only as a ratio to the one
beside it, which was measured in the same run on the same machine; what each does stands at the top
of its module in `tests/bench/`.
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """A module of `tests/bench` that records figures."""

    name: str
    title: str
    arguments: tuple[str, ...] = ()
    database: str = ""
    """The variable that names its database, if it is to run on PostgreSQL."""


BENCHES = [
    Bench("lists", "Long lists", database="TEST_DATABASE_URL"),
    Bench("cycles", "The list of cycles", database="TEST_DATABASE_URL"),
    Bench("connector", "The page of a connector", database="TEST_DATABASE_URL"),
    Bench("campaigns", "A reconnect campaign", database="TEST_DATABASE_URL"),
    Bench("forecasts", "Forecasts and older releases", database="TEST_DATABASE_URL"),
    Bench("first_sync", "The first reading of a console", ("--accounts", "5000")),
    Bench("methods", "Calling methods while all is read"),
    Bench("templates", "A template into many accounts"),
    Bench("enumeration", "Who is known, by time", database="TEST_DATABASE_URL"),
    Bench("agents", "Fifty agents at once", ("--minutes", "1")),
]


def run(bench: Bench, servers: dict[str, str]) -> bool:
    """Run one, and write its section."""
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as folder:
        path = Path(folder) / "figures.jsonl"
        environment = {**os.environ, FILE: str(path)}
        url = servers.get("TEST_POSTGRES_URL")
        if bench.database and url:
            environment[bench.database] = make_database(url, f"bench_{bench.name}")
        load = os.getloadavg()[0]
        command = [sys.executable, str(ROOT / "tests" / "bench" / f"{bench.name}.py")]
        # Its exit status says whether all is as wanted: so does its section.
        done = subprocess.run([*command, *bench.arguments], env=environment, cwd=ROOT, check=False)
        figures = recorded(path)
    if not figures:
        sys.stdout.write(f"{bench.name} recorded nothing (status {done.returncode})\n")
        return False
    write(bench, figures, load)
    return True


def write(bench: Bench, figures: list[Figure], load: float) -> None:
    """Put its section into the page, in place of the one that may be there."""
    text = PAGE.read_text("utf-8") if PAGE.exists() else HEAD
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.M | re.S))
    sections[bench.title] = section(figures, load)
    titles = [one.title for one in BENCHES]
    parts = [f"## {title}\n\n{sections[title].strip()}\n" for title in titles if title in sections]
    PAGE.write_text("\n".join([HEAD, *parts]), "utf-8")


def section(figures: list[Figure], load: float) -> str:
    """The words and the table of one bench."""
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit.strip() or '?'}, {os.cpu_count()} cores,"
        f" load {load:.1f} before it began.",
        "",
        "| | here | beside | ratio | wanted | |",
        "|---|---:|---:|---:|---:|---|",
        *(line(one) for one in figures),
    ]
    return "\n".join(lines)


def line(figure: Figure) -> str:
    """One row of a table."""
    wanted = f"{'≥' if figure.at_least else '≤'} {figure.wanted:g}"
    what = figure.what.replace("|", "/")
    met = "met" if figure.is_met else "**not met**"
    cells = [what, figure.here, figure.beside, f"{figure.ratio:.2f}", wanted, met]
    return f"| {' | '.join(cells)} |"


def main(names: list[str], servers: dict[str, str]) -> bool:
    """Run those that are named, or all; whether each of them recorded something."""
    unknown = set(names) - {bench.name for bench in BENCHES}
    if unknown:
        known = ", ".join(bench.name for bench in BENCHES)
        sys.stdout.write(f"No such bench: {', '.join(sorted(unknown))}. There are: {known}.\n")
        return False
    chosen = [bench for bench in BENCHES if not names or bench.name in names]
    results = [run(bench, servers) for bench in chosen]
    return all(results)
