"""Time zones as people name them: every name that somebody may type or paste, and its clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzlocal.windows_tz import win_tz

from dashboard.common import zones
from dashboard.common.zones import OLDER, find, listed, search, understand
from tests.pages import HOSTILE

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Asia/Kathmandu", "Asia/Kathmandu"),
        (" asia/KATHMANDU ", "Asia/Kathmandu"),
        ("america/new york", "America/New_York"),
        ("New York", "America/New_York"),
        ("kathmandu", "Asia/Kathmandu"),
        ("Nepal", "Asia/Kathmandu"),
        ("São Paulo", "America/Sao_Paulo"),
        ("Zürich", "Europe/Zurich"),
        ("Asia/Calcutta", "Asia/Calcutta"),
        ("Europe/Kiev", "Europe/Kiev"),
        ("Kiev", "Europe/Kyiv"),
        ("Asmera", "Africa/Asmara"),
        ("US/Pacific", "America/Los_Angeles"),
        ("canada/eastern", "America/Toronto"),
        ("Japan", "Asia/Tokyo"),
        ("GB", "Europe/London"),
        ("UTC", "Etc/UTC"),
        ("z", "Etc/UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("Nepal Standard Time", "Asia/Kathmandu"),
        ("india standard time", "Asia/Kolkata"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("(UTC+05:45) Kathmandu", "Asia/Kathmandu"),
        ("(UTC) Coordinated Universal Time", "Etc/UTC"),
        ("vancouver", "America/Vancouver"),
    ],
)
def test_what_people_type_is_understood(typed: str, name: str) -> None:
    assert understand(typed).name == name


@pytest.mark.parametrize(
    ("typed", "some"),
    [
        ("Germany", {"Europe/Berlin", "Europe/Busingen"}),
        ("+5:45", {"Asia/Kathmandu"}),
        ("UTC+5:45", {"Asia/Kathmandu"}),
        ("(UTC+05:45)", {"Asia/Kathmandu"}),
        ("(UTC+07:00) Bangkok, Hanoi, Jakarta", {"Asia/Bangkok", "Asia/Jakarta"}),
    ],
)
def test_what_may_mean_several_is_asked_about(typed: str, some: set[str]) -> None:
    meant = understand(typed)

    assert meant.name == "" and some <= {one.name for one in meant.candidates}


@pytest.mark.parametrize(
    "typed", ["", "   ", "EST", "CST6CDT", "nowhere", "Mars/Olympus", *HOSTILE]
)
def test_what_means_nothing_is_no_zone(typed: str) -> None:
    assert understand(typed).name == ""


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    name = understand(text).name

    assert name == "" or name in available_timezones()
    assert all(found in listed() for found in search(text))


def test_every_name_of_a_place_is_known_and_has_a_zone_that_is_offered() -> None:
    odd = ("Etc/", "SystemV/")
    places = [name for name in available_timezones() if "/" in name and not name.startswith(odd)]

    assert len(places) > 500
    assert [name for name in places if not understand(name).name or find(name) is None] == []


def test_every_windows_name_is_known() -> None:
    assert [name for name in win_tz if not understand(name).name] == []


@pytest.mark.parametrize("name", OLDER)
def test_the_older_name_shows_the_same_clock_for_a_year(name: str) -> None:
    """So it may stand in for a name that a system does not know."""
    days = [NOW + timedelta(days=number) for number in range(365)]

    clocks = {day.astimezone(ZoneInfo(name)).utcoffset() for day in days}
    assert name in {one.name for one in listed()} and OLDER[name] in available_timezones()
    assert [
        day
        for day in days
        if day.astimezone(ZoneInfo(name)).utcoffset()
        != day.astimezone(ZoneInfo(OLDER[name])).utcoffset()
    ] == []
    assert clocks


def test_every_country_has_a_zone_with_its_clock() -> None:
    every = {one.country for one in listed()}

    assert {"Nepal", "Norway", "Canada", "Ukraine", "India"} <= every and len(every) > 240
    assert listed()[0].name == "Etc/UTC"


@pytest.mark.parametrize(
    ("name", "clock", "offset"),
    [
        ("Asia/Kathmandu", "17:45", "UTC+05:45"),
        ("America/Vancouver", "05:00", "UTC−07:00"),
        ("Pacific/Kiritimati", "02:00 tomorrow", "UTC+14:00"),
        ("Etc/UTC", "12:00", "UTC"),
    ],
)
def test_beside_each_stands_what_the_clock_shows(name: str, clock: str, offset: str) -> None:
    one = find(name)

    assert one is not None
    assert (one.clock(NOW), one.offset(NOW)) == (clock, offset)


def test_a_search_finds_by_country_part_and_windows_name() -> None:
    assert [one.name for one in search("new york")] == ["America/New_York"]
    assert [one.name for one in search("calcutta")] == ["Asia/Kolkata"]
    assert "America/Vancouver" in {one.name for one in search("canada bc")}
    assert search("kat")[0].name == "Asia/Kathmandu"
    assert find("Not/AZone") is None and zones.current_name("Not/AZone") == "Not/AZone"
