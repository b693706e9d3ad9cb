"""What is loaded before a fork is shared by who is forked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.environment import outer_environment

ROOT = Path(__file__).resolve().parent.parent.parent

FORK = """
import django, gc, os, sys
django.setup()
from dashboard.common.preloading import LATE, preload
preload()
assert set(LATE) <= set(sys.modules)
assert gc.get_freeze_count() == 0
if os.fork() == 0:
    frozen, rest = gc.get_freeze_count(), len(gc.get_objects())
    os._exit(0 if frozen > 50_000 and rest < frozen / 10 else 1)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_the_collector_looks_at_nothing_that_was_there_before_the_fork() -> None:
    environment = outer_environment() | {"DJANGO_SETTINGS_MODULE": "tests.settings"}

    done = subprocess.run(
        [sys.executable, "-c", FORK], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")
