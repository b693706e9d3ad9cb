"""The entries of the main navigation, on every page of staff: `{% load main_nav %}`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.common.templatetags.desk import icon
from dashboard.people.context import Entry

register = template.Library()


@register.simple_tag
def nav_entries(entries: Iterable[Entry]) -> SafeString:
    """`{% nav_entries shell.nav %}`: a line each."""
    return _drawn(tuple(entries))


@lru_cache(maxsize=512)
def _drawn(entries: tuple[Entry, ...]) -> SafeString:
    """Remembered: they are the same on each page of a place for all who may open the same."""
    return format_html_join("", "{}", ((_entry(one),) for one in entries))


def _entry(entry: Entry) -> SafeString:
    current = format_html(' aria-current="{}"', entry.current) if entry.current else ""
    return format_html(
        '<li{}><a class="to" href="{}"{}>{}{}</a></li>',
        format_html(' class="{}"', "cut") if entry.starts_group else "",
        entry.url,
        current,
        icon(entry.place.icon),
        entry.place.label,
    )
