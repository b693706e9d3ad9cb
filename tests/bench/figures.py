"""Figures of a bench, for the table that `./test bench` writes to `docs/benchmarks.md`.

Each is a ratio of two things that were measured in one run: figures of two machines, or of two
days, say nothing beside each other.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "BENCH_FIGURES"
"""The environment variable that names the file to append to; without it nothing is written."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `wanted` is the least or the most that the ratio may be."""

    what: str
    here: str
    beside: str
    ratio: float
    wanted: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it is as good as is wanted."""
        return self.ratio >= self.wanted if self.at_least else self.ratio <= self.wanted


def record(figure: Figure) -> None:
    """Write a figure down for whoever gathers them."""
    if path := os.environ.get(FILE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(figure)) + "\n")


def recorded(path: Path) -> list[Figure]:
    """What was written down, in order."""
    if not path.exists():
        return []
    return [Figure(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]
