"""`xdist_group`: tests that cannot stand each other run one after another, in one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import pathlib

import pytest


@pytest.mark.parametrize("number", range(20))
@pytest.mark.parametrize("group", [
    pytest.param("one", marks=pytest.mark.xdist_group("one")),
    pytest.param("other", marks=pytest.mark.xdist_group("other")),
    "none",
])
def test_in_a_process(group, number, worker_id):
    with open(f"{group}.txt", "a") as file:
        file.write(f"{worker_id}\\n")
"""


def test_the_tests_of_a_group_run_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_them.py").write_text(TESTS)
    parallel = ["-n", "2", "--dist", "loadgroup", "-p", "tests.support.groups"]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *parallel, "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    ran_in = {file.stem: file.read_text().split() for file in tmp_path.glob("*.txt")}
    assert {name: len(ran) for name, ran in ran_in.items()} == dict.fromkeys(
        ["one", "other", "none"], 20
    ), done.stdout
    assert len(set(ran_in["one"])) == len(set(ran_in["other"])) == 1
