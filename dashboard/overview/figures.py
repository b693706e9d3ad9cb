"""The figures beside the list: how many are authenticated, the trend, and how sync is doing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from dashboard.common.timing import format_date
from dashboard.consoles.models import Console
from dashboard.jobs.heartbeats import ProcessState, process_states
from dashboard.mirror.models import Account, DailyFigure, SyncRun

TREND_DAYS = 30


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the installed connectors are authenticated."""

    installed: int
    unauthenticated: int
    not_working: int = 0

    @property
    def authenticated(self) -> int:
        """Those that are."""
        return self.installed - self.unauthenticated

    @property
    def percent(self) -> str:
        """`97.9 %`, cut and not rounded, so that only all of them are 100 %."""
        if not self.installed:
            return "–"
        tenths = math.floor(1000 * self.authenticated / self.installed)
        return f"{tenths / 10:.0f} %" if tenths % 10 == 0 else f"{tenths / 10:.1f} %"


@dataclass(frozen=True, slots=True)
class Reading:
    """How the reading of one console is doing."""

    console: Console
    running: SyncRun | None
    last: SyncRun | None
    last_good: SyncRun | None
    broken_off: int
    runs: int
    oldest_at: datetime | None
    unread: int
    accounts: int

    @property
    def is_first(self) -> bool:
        """Whether nothing was ever read, so that there is nothing to show yet."""
        return self.last_good is None and self.accounts == self.unread

    @property
    def is_failing(self) -> bool:
        """Whether the last complete try broke off."""
        return self.last is not None and bool(self.last.last_error)

    @property
    def done(self) -> int:
        """Accounts that the moving run has dealt with."""
        return self.running.accounts_read + self.running.accounts_failed if self.running else 0

    @property
    def speed(self) -> str:
        """How fast the moving run reads, once it has read some."""
        if self.running is None or self.running.listed_at is None or self.done < 1:
            return ""
        seconds = (timezone.now() - self.running.listed_at).total_seconds()
        if seconds < 1:
            return ""
        speed = self.done / seconds
        return f"{speed:.0f} accounts/s" if speed >= 1 else f"{60 * speed:.0f} accounts/min"


@dataclass(frozen=True, slots=True)
class Trend:
    """The line of the last days in a box of 252 × 70, with what it says in words."""

    line: str
    area: str
    tip: tuple[str, str]
    ticks: list[str]
    message: str
    now: int
    change: str


@dataclass(slots=True)
class Figures:
    """All of them, for the consoles in view."""

    share: Share
    readings: list[Reading]
    trend: Trend | None
    workers: list[ProcessState] = field(default_factory=list)

    @property
    def is_first(self) -> bool:
        """Whether there is nothing to show yet."""
        return bool(self.readings) and all(reading.is_first for reading in self.readings)

    @property
    def silent(self) -> list[ProcessState]:
        """Our own processes of which none, or not every one, shows a sign of life."""
        return [one for one in self.workers if not one.is_alive or one.gone]

    @property
    def is_running(self) -> bool:
        """Whether Cyclr is being read now."""
        return any(reading.running for reading in self.readings)


def figures(consoles: Sequence[Console]) -> Figures:
    """The figures of these consoles; as many queries for ten as for one."""
    share, readings = _readings(consoles)
    return Figures(share, readings, trend(consoles, share.unauthenticated), process_states())


def sync_figures(consoles: Sequence[Console]) -> Figures:
    """The same without the trend, for the part of the page that moves."""
    share, readings = _readings(consoles)
    return Figures(share, readings, None, process_states())


def _readings(consoles: Sequence[Console]) -> tuple[Share, list[Reading]]:
    counted = {
        row["console"]: row
        for row in Account.objects.there()
        .filter(console__in=consoles)
        .order_by()
        .values("console")
        .annotate(
            accounts=Count("pk"),
            unread=Count("pk", filter=Q(read_at=None)),
            oldest=Min("read_at"),
            installed=Sum("connector_count"),
            broken=Sum("unauthenticated_count"),
            failing=Sum("not_working_count"),
        )
    }
    runs: dict[int, list[SyncRun]] = defaultdict(list)
    for run in SyncRun.objects.filter(console__in=consoles):  # newest first, 50 a console
        runs[run.console_id].append(run)
    readings = []
    for console in consoles:
        row = counted.get(console.pk, {})
        ended = [run for run in runs[console.pk] if run.finished_at]
        readings.append(
            Reading(
                console=console,
                running=next((run for run in runs[console.pk] if not run.finished_at), None),
                last=ended[0] if ended else None,
                last_good=next((run for run in ended if not run.last_error), None),
                broken_off=sum(1 for run in ended if run.last_error),
                runs=len(ended),
                oldest_at=row.get("oldest"),
                unread=row.get("unread", 0),
                accounts=row.get("accounts", 0),
            )
        )
    share = Share(
        installed=sum(row["installed"] or 0 for row in counted.values()),
        unauthenticated=sum(row["broken"] or 0 for row in counted.values()),
        not_working=sum(row["failing"] or 0 for row in counted.values()),
    )
    return share, readings


# ---- the trend ----

WIDTH, TOP, BOTTOM = 252.0, 8.5, 78.5


def trend(consoles: Sequence[Console], unauthenticated: int) -> Trend | None:
    """The line over the last 30 days, or None with fewer than two days to draw.

    A console counts from its first day on. Later days that lack one are left out: they would look
    like a fall.
    """
    today = timezone.now().date()
    days: dict[date, list[int]] = defaultdict(list)
    rows = DailyFigure.objects.filter(
        console__in=consoles, day__gt=today - timedelta(days=TREND_DAYS), day__lt=today
    )
    first_days: dict[int, date] = {}
    for console, day, count in rows.values_list("console", "day", "unauthenticated"):
        days[day].append(count)
        first_days.setdefault(console, day)  # rows come by day
    begun = {day: sum(1 for first in first_days.values() if first <= day) for day in days}
    whole = {day: sum(counts) for day, counts in days.items() if len(counts) == begun[day]}
    if not whole:
        return None
    whole[today] = unauthenticated
    points = sorted(whole.items())
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
    return Trend(
        line=line,
        area=f"{line}V{BOTTOM}H0Z",
        tip=drawn[-1],
        ticks=[_short(high), _short((low + high) / 2), _short(low)],
        message=(
            f"Not authenticated connectors over {span + 1} days: from {first[1]:,} to {last[1]:,}, "
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
