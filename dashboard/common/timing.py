"""Times in words: `4 min ago`, `17 Mar 2026, 17:00 UTC`, and what the clock shows elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.utils import timezone

MINUTE, HOUR, DAY = 60, 3600, 86400
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ago_words(moment: datetime, now: datetime | None = None) -> str:
    """`just now`, `40 s ago`, `4 min ago`, `in 3 h`, `12 d ago`; a date beyond a month.

    Numbers are cut, not rounded: what is "1 d ago" is at least a day old.
    """
    seconds = ((now or timezone.now()) - aware(moment)).total_seconds()
    size = abs(seconds)
    if size < 2:
        return "just now"
    if size < MINUTE:
        span = f"{int(size)} s"
    elif size < HOUR:
        span = f"{int(size // MINUTE)} min"
    elif size < DAY:
        span = f"{int(size // HOUR)} h"
    elif size < 31 * DAY:
        span = f"{int(size // DAY)} d"
    else:
        return date_words(moment)
    return f"{span} ago" if seconds > 0 else f"in {span}"


def exact_words(moment: datetime) -> str:
    """`10 Mar 2026, 14:31:05 UTC`."""
    there = aware(moment).astimezone(UTC)
    return f"{date_words(there)}, {there:%H:%M:%S} UTC"


def short_words(moment: datetime) -> str:
    """`10 Mar 2026, 14:31` in UTC, without saying so: for columns whose head does."""
    there = aware(moment).astimezone(UTC)
    return f"{date_words(there)}, {there:%H:%M}"


def date_words(moment: datetime) -> str:
    """`10 Mar 2026`, in UTC and the same in every locale."""
    there = aware(moment).astimezone(UTC)
    return f"{there.day} {MONTHS[there.month - 1]} {there.year}"


def clock_or_date_words(moment: datetime, now: datetime | None = None) -> str:
    """`14:02 UTC`, or `9 Mar 2026, 14:02 UTC` if that is not today."""
    there = aware(moment).astimezone(UTC)
    if there.date() == (now or timezone.now()).astimezone(UTC).date():
        return f"{there:%H:%M} UTC"
    return f"{short_words(moment)} UTC"


def zone(name: str) -> tzinfo | None:
    """The time zone of this IANA name, or `None`: accounts carry what somebody once typed."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None


def clock_words(zone_name: str, now: datetime | None = None) -> str:
    """What the clock shows there, `14:32`; empty for a zone nobody knows."""
    there = zone(zone_name)
    return f"{(now or timezone.now()).astimezone(there):%H:%M}" if there else ""


def aware(moment: datetime) -> datetime:
    """The moment with a zone; one without is taken as UTC."""
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=UTC)
