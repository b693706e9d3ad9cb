"""Times in words: `4 min ago`, `17 Mar 2026, 17:00 UTC`, and what the clock shows elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.utils import timezone

MINUTE, HOUR, DAY = 60, 3600, 86400
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_ago(moment: datetime, now: datetime | None = None) -> str:
    """`just now`, `40 s ago`, `4 min ago`, `in 3 h`, `12 d ago`; a date beyond a month.

    Numbers are cut, not rounded: what is "1 d ago" is at least a day old.
    """
    seconds = ((now or timezone.now()) - aware(moment)).total_seconds()
    size = abs(seconds)
    if size < 2:
        return "just now"
    if size >= 31 * DAY:
        return format_date(moment)
    span = format_span(size)
    return f"{span} ago" if seconds > 0 else f"in {span}"


def format_span(seconds: float) -> str:
    """`40 s`, `4 min`, `3 h`, `12 d`; cut, not rounded."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def format_exact(moment: datetime) -> str:
    """`10 Mar 2026, 14:31:05 UTC`."""
    there = aware(moment).astimezone(UTC)
    return f"{format_date(there)}, {there:%H:%M:%S} UTC"


def format_short(moment: datetime) -> str:
    """`10 Mar 2026, 14:31` in UTC, without saying so: for columns whose head does."""
    there = aware(moment).astimezone(UTC)
    return f"{format_date(there)}, {there:%H:%M}"


def format_day(moment: datetime) -> str:
    """`10 Mar`, in UTC: for days that are near."""
    return format_date(moment).rpartition(" ")[0]


def format_date(moment: datetime) -> str:
    """`10 Mar 2026`, in UTC and the same in every locale."""
    there = aware(moment).astimezone(UTC)
    return f"{there.day} {MONTHS[there.month - 1]} {there.year}"


def format_clock_or_date(moment: datetime, now: datetime | None = None) -> str:
    """`14:02 UTC`, or `9 Mar 2026, 14:02 UTC` if that is not today."""
    there = aware(moment).astimezone(UTC)
    if there.date() == (now or timezone.now()).astimezone(UTC).date():
        return f"{there:%H:%M} UTC"
    return f"{format_short(moment)} UTC"


def _day_and_clock(moment: datetime) -> str:
    """`10 Mar, 14:31 UTC`: for what is near, a link's end."""
    there = aware(moment).astimezone(UTC)
    return f"{there.day} {MONTHS[there.month - 1]}, {there:%H:%M} UTC"


def _step(moment: datetime) -> str:
    """`10 Mar, 14:31:05` in UTC, without saying so: for a list that does."""
    there = aware(moment).astimezone(UTC)
    return f"{there.day} {MONTHS[there.month - 1]}, {there:%H:%M:%S}"


FORMS: dict[str, Callable[[datetime], str]] = {
    "exact": format_exact,
    "clock": format_clock_or_date,
    "row": format_short,
    "short": _day_and_clock,
    "step": _step,
}
"""How a moment is told, by the name that pages give to their script (`static/js/times.js`)."""

_MOMENT = re.compile(
    rf"(?:(?P<day>\d{{1,2}}) (?P<month>{'|'.join(MONTHS)}) (?P<year>\d{{4}}), )?"
    r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))? UTC\b",
    re.ASCII,
)


def moments_in(
    sentence: str, now: datetime | None = None
) -> Iterator[tuple[re.Match[str], datetime]]:
    """The moments that a sentence of ours tells in UTC; one without a date is today's."""
    today = (now or timezone.now()).astimezone(UTC)
    for found in _MOMENT.finditer(sentence):
        parts = found.groupdict()
        clock = (int(parts["hour"]), int(parts["minute"]), int(parts["second"] or 0))
        try:
            day = (
                (int(parts["year"]), MONTHS.index(parts["month"]) + 1, int(parts["day"]))
                if parts["day"]
                else (today.year, today.month, today.day)
            )
            yield found, datetime(*day, *clock, tzinfo=UTC)
        except ValueError:  # 31 Feb
            continue


LOOKED_AHEAD = timedelta(days=14)
"""For how long a page may stay open and tell the local time of an account."""


def offsets(zone_name: str, now: datetime | None = None) -> list[tuple[int, int]]:
    """What the zone is ahead of UTC in seconds, each from when on; the first is that of now."""
    there = zone(zone_name)
    if there is None:
        return []
    begin = (now or timezone.now()).astimezone(UTC)
    found = [(int(begin.timestamp()), _ahead(begin, there))]
    before = begin
    while before < begin + LOOKED_AHEAD:
        after = before + timedelta(days=1)
        if _ahead(after, there) != found[-1][1]:
            turn = _turn(before, after, there)
            found.append((int(turn.timestamp()), _ahead(turn, there)))
        before = after
    return found


def _ahead(moment: datetime, there: tzinfo) -> int:
    offset = moment.astimezone(there).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _turn(before: datetime, after: datetime, there: tzinfo) -> datetime:
    """The first second with the later offset."""
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        if _ahead(middle, there) == _ahead(before, there):
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def zone(name: str) -> tzinfo | None:
    """The time zone of this IANA name, or `None`: accounts carry what somebody once typed."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None


def format_clock(zone_name: str, now: datetime | None = None) -> str:
    """What the clock shows there, `14:32`; empty for a zone nobody knows."""
    there = zone(zone_name)
    return f"{(now or timezone.now()).astimezone(there):%H:%M}" if there else ""


def aware(moment: datetime) -> datetime:
    """The moment with a zone; one without is taken as UTC."""
    return moment if timezone.is_aware(moment) else moment.replace(tzinfo=UTC)
