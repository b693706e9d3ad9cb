"""The newest time zone rules count, wherever a time is shown or planned."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DECEMBER = datetime(2026, 12, 15, 12, tzinfo=UTC)
CHANGED = {
    "America/Vancouver": -7,
    "America/Edmonton": -6,
    "America/Winnipeg": -5,
    "America/Havana": -4,
    "Africa/Casablanca": 0,
}
"""Hours that a Debian image of 2025 has otherwise."""


@pytest.mark.parametrize("zone", CHANGED)
def test_a_zone_follows_the_installed_rules(zone: str) -> None:
    with resources.files("tzdata").joinpath("zoneinfo", zone).open("rb") as file:
        installed = ZoneInfo.from_file(file)

    offset = DECEMBER.astimezone(ZoneInfo(zone)).utcoffset()

    assert offset == DECEMBER.astimezone(installed).utcoffset() == timedelta(hours=CHANGED[zone])


@pytest.mark.parametrize("module", ["dashboard.celery", "dashboard.launcher.supervisor"])
def test_every_process_has_them_from_its_start(module: str) -> None:
    code = f"import zoneinfo; assert zoneinfo.TZPATH; import {module}; print(zoneinfo.TZPATH)"
    environment = {
        "PYTHONTZPATH": "/usr/share/zoneinfo",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert done.stdout == "()\n", done.stderr


def test_all_names_are_there() -> None:
    assert {*CHANGED, "UTC", "Europe/Berlin"} <= available_timezones()
