"""Time zones as people look for them: by country, city and offset, by old and by Windows names.

What there is, and every rule, comes from the installed tzdata. Offered is one zone for each
country's part (`zone.tab`), also where two countries share a clock today: their laws may part.
See `docs/time-zones.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache, cached_property, lru_cache
from importlib import resources
from zoneinfo import available_timezones

from django.utils import timezone
from tzlocal.windows_tz import tz_win, win_tz

from dashboard.common.searching import normalize_for_search, squeeze
from dashboard.common.timing import zone

UNIVERSAL = "Etc/UTC"
OLDER = {
    "Africa/Asmara": "Africa/Asmera",
    "America/Argentina/Buenos_Aires": "America/Buenos_Aires",
    "America/Argentina/Catamarca": "America/Catamarca",
    "America/Argentina/Cordoba": "America/Cordoba",
    "America/Argentina/Jujuy": "America/Jujuy",
    "America/Argentina/Mendoza": "America/Mendoza",
    "America/Atikokan": "America/Coral_Harbour",
    "America/Ciudad_Juarez": "America/Denver",
    "America/Coyhaique": "America/Punta_Arenas",
    "America/Indiana/Indianapolis": "America/Indianapolis",
    "America/Kentucky/Louisville": "America/Louisville",
    "America/Nuuk": "America/Godthab",
    "Asia/Dhaka": "Asia/Dacca",
    "Asia/Ho_Chi_Minh": "Asia/Saigon",
    "Asia/Kathmandu": "Asia/Katmandu",
    "Asia/Kolkata": "Asia/Calcutta",
    "Asia/Qostanay": "Asia/Qyzylorda",
    "Asia/Thimphu": "Asia/Thimbu",
    "Asia/Yangon": "Asia/Rangoon",
    "Atlantic/Faroe": "Atlantic/Faeroe",
    "Europe/Kyiv": "Europe/Kiev",
    "Pacific/Chuuk": "Pacific/Truk",
    "Pacific/Kanton": "Pacific/Enderbury",
    "Pacific/Pohnpei": "Pacific/Ponape",
}
"""Names that a system with older rules may not know, and what it knows instead.

The older name of the same place where it was renamed; where a zone is new, one with the same clock
today in new and in old rules.
"""
SPELT_ANEW = {old: new for new, old in OLDER.items() if new.rpartition("/")[2] not in old}
"""The places behind old names that tzdata links to another place of the same clock."""


@dataclass(frozen=True)
class Zone:
    """A time zone that is offered. `country` and `part` are in English; UTC has neither."""

    name: str
    country: str = ""
    part: str = ""

    @property
    def city(self) -> str:
        """The place that it is named after, such as `Argentina, Buenos Aires` or `New York`."""
        return ", ".join(self.name.split("/")[1:]).replace("_", " ")

    @property
    def older_name(self) -> str:
        """What an older system may know it by; empty if its name is old."""
        return OLDER.get(self.name, "")

    @cached_property
    def words(self) -> str:
        """Everything that it is looked for by."""
        names = f"{self.name} {self.older_name}"
        known = (names, re.sub("[/_]", " ", names), self.country, self.part)
        return " " + normalize_for_search(" ".join([*known, tz_win.get(self.name, "")]))

    def clock(self, now: datetime | None = None) -> str:
        """What the clock shows there: `14:32`, and the day where it is not UTC's."""
        moment = (now or timezone.now()).astimezone(UTC)
        there = moment.astimezone(_rules(self.name))
        days = {-1: " yesterday", 0: "", 1: " tomorrow"}
        return f"{there:%H:%M}{days[(there.date() - moment.date()).days]}"

    def ahead(self, now: datetime | None = None) -> int:
        """Seconds ahead of UTC now."""
        offset = (now or timezone.now()).astimezone(_rules(self.name)).utcoffset()
        return int(offset.total_seconds()) if offset is not None else 0

    def offset(self, now: datetime | None = None) -> str:
        """`UTC+05:45`, as it is today; `UTC` for none."""
        return offset_text(self.ahead(now))


def offset_text(seconds: int) -> str:
    """What is so far ahead of UTC.

    >>> offset_text(20_700), offset_text(-12_600), offset_text(0)
    ('UTC+05:45', 'UTC−03:30', 'UTC')
    """
    hours, minutes = divmod(abs(seconds) // 60, 60)
    sign = "+" if seconds > 0 else "\N{MINUS SIGN}"
    return f"UTC{sign}{hours:02}:{minutes:02}" if seconds else "UTC"


@cache
def _rules(name: str) -> tzinfo:
    return zone(name) or UTC


def _rows(table: str) -> Iterator[list[str]]:
    text = resources.files("tzdata").joinpath("zoneinfo", table).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))


@lru_cache(maxsize=1)
def listed() -> tuple[Zone, ...]:
    """Every zone that is offered, by country; UTC comes first."""
    countries = {row[0]: row[1] for row in _rows("iso3166.tab")}
    found = [
        Zone(row[2], countries.get(row[0], row[0]), row[3] if len(row) > 3 else "")
        for row in _rows("zone.tab")
    ]
    found.sort(key=lambda one: (normalize_for_search(one.country), one.name))
    return (Zone(UNIVERSAL), *found)


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Zone]:
    return {one.name: one for one in listed()}


@lru_cache(maxsize=1)
def _spellings() -> dict[str, str]:
    """Every IANA name of a place, and of UTC, by its letters in lower case."""
    return {name.lower(): name for name in available_timezones() if "/" in name}


@lru_cache(maxsize=1)
def _links() -> dict[str, str]:
    """What each name that is no zone of its own stands for."""
    text = resources.files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text(encoding="utf-8")
    rows = (line.split() for line in text.splitlines() if line.startswith("L "))
    return {name: target for _, target, name in rows}


def current_name(name: str) -> str:
    """The name of today for a known one: `Asia/Kolkata` for `Asia/Calcutta`; else as it is."""
    if name in _by_name():
        return name
    return SPELT_ANEW.get(name) or _links().get(name, name)


def find(name: str) -> Zone | None:
    """The zone of this exact name that is offered, also by an old name of it."""
    return _by_name().get(current_name(name))


# ---- what was typed ----

COUNTRIES_BY_NAME = {
    "cuba": "America/Havana",
    "egypt": "Africa/Cairo",
    "eire": "Europe/Dublin",
    "gb": "Europe/London",
    "gb-eire": "Europe/London",
    "hongkong": "Asia/Hong_Kong",
    "iceland": "Atlantic/Reykjavik",
    "iran": "Asia/Tehran",
    "israel": "Asia/Jerusalem",
    "jamaica": "America/Jamaica",
    "japan": "Asia/Tokyo",
    "libya": "Africa/Tripoli",
    "navajo": "America/Denver",
    "nz": "Pacific/Auckland",
    "nz-chat": "Pacific/Chatham",
    "poland": "Europe/Warsaw",
    "portugal": "Europe/Lisbon",
    "prc": "Asia/Shanghai",
    "roc": "Asia/Taipei",
    "rok": "Asia/Seoul",
    "singapore": "Asia/Singapore",
    "turkey": "Europe/Istanbul",
    "w-su": "Europe/Moscow",
}
"""IANA's names without an area. Abbreviations (`EST`, `CET`) are not among them: IANA links them
to one place each, and whoever writes one means another."""
UNIVERSAL_NAMES = frozenset(
    {"utc", "z", "gmt", "zulu", "uct", "universal", "etc/utc", "coordinated universal time"}
)
_WINDOWS_LABEL = re.compile(r"^\((?:UTC|GMT)[^)]*\)\s*")
"""Before the cities in Windows' list: `(UTC+05:45) Kathmandu`."""
_ABBREVIATION = re.compile(r"[A-Z]{2,5}(\d[A-Z]{3,4})?")
_OFFSET = re.compile(r"^(?:utc|gmt)?\s*([+\u2212-])\s*(\d{1,2})(?::?([0-5]\d))?$", re.IGNORECASE)
MOST_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class Meant:
    """What a text means: one name, or several zones that it may mean, or neither."""

    name: str = ""
    candidates: tuple[Zone, ...] = ()


def understand(text: str) -> Meant:
    """The zone that was typed or pasted: an IANA name, old or new, a Windows name, a place.

    >>> understand("asia/katmandu").name, understand("W. Europe Standard Time").name
    ('Asia/Katmandu', 'Europe/Berlin')
    """
    typed = _plain(text)
    lower = typed.lower()
    if lower in UNIVERSAL_NAMES:
        return Meant(UNIVERSAL)
    if name := _spellings().get(lower.replace(" ", "_")):
        # An old name of a place is kept: Cyclr may know no other. `US/Pacific` is none.
        return Meant(name if _is_of_place(name) else current_name(name))
    if name := COUNTRIES_BY_NAME.get(lower) or _windows_names().get(lower, ""):
        return Meant(name)
    places = _places(typed)
    if len(places) == 1:
        return Meant(places[0].name)
    if not typed or _ABBREVIATION.fullmatch(typed):
        return Meant()
    return Meant(candidates=tuple(places or search(typed))[:MOST_CANDIDATES])


def _plain(text: str) -> str:
    """What was typed without what Windows puts before it."""
    whole = " ".join(text.split())
    return _WINDOWS_LABEL.sub("", whole) or whole.strip("()")


def _places(typed: str) -> list[Zone]:
    """The zones of a city or country; of several cities with commas, those of each."""
    for wanted in ({squeeze(typed)}, {squeeze(part) for part in typed.split(",")}):
        found = [one for one in listed() if (wanted - {""}) & _places_of(one)]
        if found:
            return found
    return []


AREAS = frozenset(
    ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe"]
    + ["Indian", "Pacific", "Etc"]
)


def _is_of_place(name: str) -> bool:
    return name.partition("/")[0] in AREAS


@lru_cache(maxsize=1)
def _windows_names() -> dict[str, str]:
    """The zone behind each name of Windows', in lower case."""
    return {windows.lower(): current_name(name) for windows, name in win_tz.items()}


@cache
def _places_of(one: Zone) -> frozenset[str]:
    """What alone may mean it: its city, its country, the last part of its old name."""
    names = [one.country, one.city, one.name, *(one.name, one.older_name)]
    return frozenset(squeeze(name) for name in [*names, *_last_parts(names)] if name)


def _last_parts(names: Iterable[str]) -> list[str]:
    return [name.rpartition("/")[2] for name in names if "/" in name]


def search(text: str, now: datetime | None = None) -> list[Zone]:
    """The zones of which every word is told, or that are as far from UTC as it says today.

    Those whose city or country begins so come first.
    """
    typed = _plain(text)
    if match := _OFFSET.match(typed):
        sign, hours, minutes = match.groups()
        ahead = (int(hours) * 3600 + int(minutes or 0) * 60) * (1 if sign == "+" else -1)
        return [one for one in listed() if one.ahead(now) == ahead]
    words = normalize_for_search(typed.replace("_", " ")).split()
    if not words:
        return list(listed())
    found = [one for one in listed() if all(f" {word}" in one.words for word in words)]
    return sorted(found, key=lambda one: not _begins_with(one, words[0]))


def _begins_with(one: Zone, word: str) -> bool:
    starts = (one.name.rpartition("/")[2], one.country)
    return any(normalize_for_search(start).startswith(word) for start in starts)
