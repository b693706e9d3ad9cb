"""The figures beside the list: how many are authenticated, and how sync is doing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min, Q, Sum
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.jobs.heartbeats import ProcessState, process_states
from dashboard.mirror.models import Account, SyncRun
from dashboard.overview.trend import Trend, trend

ALMOST = 50
"""Seconds; what takes less is not told by the minute."""


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
    def is_stopped(self) -> bool:
        """Whether somebody stopped the sync."""
        return self.console.sync_stopped_at is not None

    @property
    def is_moving(self) -> bool:
        """Whether Cyclr is being read now."""
        return self.running is not None and not self.is_stopped

    @property
    def total(self) -> int:
        """Accounts that the moving run is to read; quiet ones may have to wait for a later one."""
        run = self.running
        return max(run.accounts_found, self.done) if run and run.accounts_at else self.accounts

    @property
    def per_second(self) -> float:
        """Accounts a second since the run listed them, or since it was resumed; 0 at first."""
        run = self.running
        if run is None or run.listed_at is None or self.is_stopped:
            return 0.0
        since = max(run.listed_at, run.resumed_at or run.listed_at)
        seconds = (timezone.now() - since).total_seconds()
        return max(self.done - run.read_before, 0) / seconds if seconds >= 1 else 0.0

    @property
    def speed(self) -> str:
        """How fast the moving run reads, once it has read some."""
        speed = self.per_second
        if not speed:
            return ""
        return f"{speed:.0f} accounts/s" if speed >= 1 else f"{60 * speed:.0f} accounts/min"

    @property
    def left(self) -> str:
        """How long it will take at this speed: `about 4 min left`."""
        speed, waiting = self.per_second, self.total - self.done
        if not speed or waiting < 1:
            return ""
        seconds = waiting / speed
        if seconds < ALMOST:
            return "less than a minute left"
        minutes = math.ceil(seconds / 60)
        return f"about {minutes} min left" if minutes < 100 else f"about {minutes // 60} h left"


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
        return any(reading.is_moving for reading in self.readings)


def figures(consoles: Sequence[Console]) -> Figures:
    """The figures of these consoles; as many queries for ten as for one."""
    share, readings = _readings(consoles)
    return Figures(
        share,
        readings,
        trend(consoles, share.authenticated, share.unauthenticated),
        process_states(),
    )


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
