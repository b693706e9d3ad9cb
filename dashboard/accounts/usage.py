"""How many tasks an account used, period by period, and the bars that show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from dashboard.accounts.models import UsagePeriod
from dashboard.mirror.models import Account

MOST_PERIODS = 24
WIDTH = 1000
"""Units of the longest bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One period as a line of the table. `width`: 0 to `WIDTH`, of the period with the most."""

    period: UsagePeriod
    width: int
    is_current: bool
    is_partial: bool

    @property
    def kind(self) -> str:
        """What its colour tells: it may still grow, or it has ended."""
        return "run" if self.is_current else "done"


def bars_of(account: Account, now: datetime | None = None) -> list[Bar]:
    """The periods that are known, the newest first.

    `is_partial`: it was read last before it ended, so what came after is not counted.
    """
    moment = now or timezone.now()
    rows = list(UsagePeriod.objects.filter(account=account).order_by("-begins_at")[:MOST_PERIODS])
    most = max((row.tasks_used for row in rows), default=0)
    return [_bar(row, most, moment) for row in rows]


def _bar(row: UsagePeriod, most: int, now: datetime) -> Bar:
    width = round(row.tasks_used * WIDTH / most) if most else 0
    has_ended = row.ends_at is not None and row.ends_at <= now
    is_current = row.begins_at <= now and not has_ended
    is_partial = has_ended and row.ends_at is not None and row.told_at < row.ends_at
    least = 4 if row.tasks_used else 0  # a little is not nothing
    return Bar(row, max(width, least), is_current, is_partial)
