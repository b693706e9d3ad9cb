"""How many were and were not authenticated over the last days: two lines, and their numbers."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from dashboard.common.timing import format_date
from dashboard.consoles.models import Console
from dashboard.mirror.models import DailyFigure

TREND_DAYS = 30
WIDTH, TOP, BOTTOM = 252.0, 8.5, 78.5


@dataclass(frozen=True, slots=True)
class Line:
    """A line over the last days in a box of 252 × 70, with what it says in words."""

    line: str
    area: str
    tip: tuple[str, str]
    ticks: list[str]
    message: str
    now: int
    change: str


@dataclass(frozen=True, slots=True)
class Day:
    """How many were and were not authenticated at the end of a day; of today, now."""

    day: date
    authenticated: int
    unauthenticated: int


@dataclass(frozen=True, slots=True)
class Trend:
    """The last days as two lines, and the same numbers for a table, the newest first."""

    authenticated: Line
    unauthenticated: Line
    days: list[Day]


def trend(consoles: Sequence[Console], authenticated: int, unauthenticated: int) -> Trend | None:
    """The last 30 days up to what is now, or None with fewer than two days to draw.

    A console counts from its first day on. Later days that lack one are left out: they would look
    like a fall.
    """
    today = timezone.now().date()
    whole = _whole_days(consoles, today)
    if not whole:
        return None
    days = [*whole, Day(today, authenticated, unauthenticated)]
    return Trend(
        _line("Authenticated", [(one.day, one.authenticated) for one in days]),
        _line("Not authenticated", [(one.day, one.unauthenticated) for one in days]),
        days[::-1],
    )


def _whole_days(consoles: Sequence[Console], today: date) -> list[Day]:
    """The days before today of which all consoles that had begun have a figure; one query."""
    rows = DailyFigure.objects.filter(
        console__in=consoles, day__gt=today - timedelta(days=TREND_DAYS), day__lt=today
    )
    days: dict[date, list[DailyFigure]] = defaultdict(list)
    first_days: dict[int, date] = {}
    for figure in rows:  # they come by day
        days[figure.day].append(figure)
        first_days.setdefault(figure.console_id, figure.day)
    begun = {day: sum(1 for first in first_days.values() if first <= day) for day in days}
    return [
        Day(
            day,
            sum(one.authenticated for one in figures),
            sum(one.unauthenticated for one in figures),
        )
        for day, figures in sorted(days.items())
        if len(figures) == begun[day]
    ]


def _line(name: str, points: Sequence[tuple[date, int]]) -> Line:
    first, last = points[0], points[-1]
    low, high = _scale([count for _, count in points])
    span = (last[0] - first[0]).days
    drawn = [
        (
            f"{WIDTH * (day - first[0]).days / span:.1f}",
            f"{BOTTOM - (BOTTOM - TOP) * (count - low) / (high - low):.1f}",
        )
        for day, count in points
    ]
    line = "M" + "L".join(f"{x} {y}" for x, y in drawn)
    lowest = min(points, key=lambda point: point[1])
    return Line(
        line=line,
        area=f"{line}V{BOTTOM}H0Z",
        tip=drawn[-1],
        ticks=[_short(high), _short((low + high) / 2), _short(low)],
        message=(
            f"{name} connectors over {span + 1} days: from {first[1]:,} to {last[1]:,}, "
            f"lowest {lowest[1]:,} on {_day(lowest[0])}"
        ),
        now=last[1],
        change=_change(last[1] - first[1], first[0]),
    )


def _scale(counts: Sequence[int]) -> tuple[int, int]:
    """Round bounds around the counts, with a round middle."""
    low, high = min(counts), max(counts)
    step = 10 ** max(0, math.floor(math.log10(max(high - low, 1))))
    for factor in (0.5, 1, 2, 5, 10, 20):
        half = max(1, int(step * factor))
        quantum = max(1, half // 2)
        bottom = low // quantum * quantum
        if bottom + 2 * half >= high:
            return bottom, bottom + 2 * half
    return low, high + 1


def _short(number: float) -> str:
    """`1.5k` for 1500; `12`, `1.2M`."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if abs(number) >= size:
            return f"{number / size:.2f}".rstrip("0").rstrip(".") + letter
    return f"{number:.0f}"


def _change(change: int, since: date) -> str:
    if change == 0:
        return f"as many as on {_day(since)}"
    return f"{abs(change):,} {'more' if change > 0 else 'fewer'} than on {_day(since)}"


def _day(day: date) -> str:
    return format_date(datetime(day.year, day.month, day.day)).rsplit(" ", 1)[0]
