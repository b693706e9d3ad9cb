"""Moments in templates: the server says them in UTC, `times.js` in the reader's zone."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.common import timing
from dashboard.common.templatetags.desk import pieces, untrusted

register = template.Library()


@register.simple_tag
def ago(moment: datetime | None, never: str = "–", now: datetime | None = None) -> SafeString:
    """`{% ago row.seen_at %}`: `4 min ago` with the exact moment in the title.

    A list may say what is `now`: else each of its moments asks.
    """
    if moment is None:
        return _never(never)
    return _exactly(moment) + _said(timing.format_ago(moment, now))


@lru_cache(maxsize=512)
def _said(words: str) -> SafeString:
    return format_html("{}</time>", words)


@lru_cache(maxsize=4096)
def _exactly(moment: datetime) -> SafeString:
    """Remembered: lists say the same moments again and again, only how long ago changes."""
    return format_html(
        '<time datetime="{}" title="{}">',
        timing.aware(moment).isoformat(timespec="seconds"),
        timing.format_exact(moment),
    )


@lru_cache(maxsize=64)
def _never(words: str) -> SafeString:
    return format_html('<span class="muted-2">{}</span>', words)


@register.simple_tag
def exact(moment: datetime | None, never: str = "–") -> SafeString:
    """`{% exact row.created_at %}`: `10 Mar 2026, 14:31:05 UTC`."""
    return at(moment, "exact", never)


@register.simple_tag
def clock(moment: datetime) -> SafeString:
    """`{% clock console.trouble_since %}`: `14:02 UTC`, with the date if it is not today's."""
    return at(moment, "clock")


@register.simple_tag
def at(moment: datetime | None, form: str, never: str = "–") -> SafeString:
    """`{% at link.expires_at "short" %}`: one of `timing.FORMS`, which says UTC.

    `static/js/times.js` says the same in the reader's zone, by `data-form`, with UTC in the title.
    Where a list says `{% zone_note %}`, `{% at event.at "step" %}` does not say UTC again.
    """
    if moment is None:
        return format_html('<span class="muted-2">{}</span>', never)
    return format_html(
        '<time datetime="{}" data-form="{}" title="{}">{}</time>',
        timing.aware(moment).isoformat(timespec="seconds"),
        form,
        timing.format_exact(moment),
        timing.FORMS[form](moment),
    )


@register.simple_tag
def zone_note() -> SafeString:
    """`{% zone_note %}`: in which zone the times of a list are; the script knows the reader's."""
    return format_html("<span data-zone-note>{}</span>", "Times in UTC")


@register.simple_tag
def timed(text: object) -> SafeString:
    """`{% timed row.why %}`: a sentence of ours, like `untrusted`; moments in it are times."""
    said = "" if text is None else str(text)
    parts, end = [], 0
    for found, moment in timing.moments_in(said):
        parts += [pieces(said[end : found.start()]), at(moment, "clock")]
        end = found.end()
    if not parts:
        return untrusted(text)
    return format_html(
        "<bdi>{}</bdi>",
        format_html_join("", "{}", ((one,) for one in [*parts, pieces(said[end:])])),
    )


@register.simple_tag
def local_time(zone_name: object) -> SafeString:
    """`{% local_time account.time_zone %}`: `14:32 there, Europe/London`.

    It goes on by `data-offsets`: what the zone is ahead of UTC, in seconds, from when on. A
    browser's own rules may be older than the server's.
    """
    name = str(zone_name or "")
    clock = timing.format_clock(name)
    if not clock:
        return untrusted(name, "No time zone")
    offsets = " ".join(f"{since}:{ahead}" for since, ahead in timing.offsets(name))
    return format_html(
        '<time data-offsets="{}">{}</time> there, {}', offsets, clock, untrusted(name)
    )
