"""slipcover's marks stay in the code for long, in pytest-xdist's processes too."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.marks import RUNS

ROOT = Path(__file__).resolve().parents[2]
COUNTED = """
def work(number):
    total = number
    return total
"""
TEST = """
import pathlib

import counted


def test_it():
    code = counted.work.__code__
    for number in range({runs}):
        counted.work(number)
    pathlib.Path("seen").write_text("kept" if counted.work.__code__ is code else "replaced")
"""


@pytest.mark.parametrize(("runs", "seen"), [(1000, "kept"), (2 * RUNS, "replaced")])
def test_a_mark_goes_after_so_many_runs_and_no_sooner(tmp_path: Path, runs: int, seen: str) -> None:
    (tmp_path / "counted.py").write_text(COUNTED)
    (tmp_path / "test_it.py").write_text(TEST.format(runs=runs))
    tests = ["-m", "pytest", "-n", "1", "-p", "no:cacheprovider", "test_it.py"]

    done = subprocess.run(
        [sys.executable, "-m", "slipcover", "--source", ".", "--out", os.devnull, *tests],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTEST_PLUGINS": "tests.support.marks"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert (tmp_path / "seen").read_text() == seen
