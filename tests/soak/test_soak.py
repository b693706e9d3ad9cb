"""A small run of the soak: `./test soak` is the full one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.soak import ROOT
from tests.support.waiting import CEILING

pytestmark = [
    pytest.mark.processes,
    pytest.mark.redis,
    pytest.mark.postgres,
    pytest.mark.xdist_group("processes"),
]


def test_nothing_is_lost_or_doubled_while_everything_breaks(tmp_path: Path) -> None:
    report = tmp_path / "report.json"

    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.support.soak"),
            *("--installs", "40", "--pause", "2", "--report", str(report)),
        ],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=10 * CEILING,
        check=False,
    )

    assert report.exists(), done.stdout[-4000:] + done.stderr[-4000:]
    result = json.loads(report.read_text())
    assert result["is_good"], json.dumps(result, indent=2)
    assert sum(result["accidents"].values()) > 0
    assert sum(result["faults_met"].values()) > 0
