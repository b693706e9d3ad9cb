"""How a list is sorted, in templates: its headings, and the same as a select on phones.

Built in everywhere. Both are remembered: they are the same whatever the list holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.common.sorting import Heading

register = template.Library()

ARROWS = {"ascending": "↑", "descending": "↓"}


@register.simple_tag
@lru_cache(maxsize=256)
def sort_heading(heading: Heading, css: str = "") -> SafeString:
    """`{% sort_heading sorting.headings.name "c-name" %}`: pressed, it sorts by its column."""
    arrow: SafeString | str = ""
    if heading.aria:
        arrow = format_html(' <span aria-hidden="true">{}</span>', ARROWS[heading.aria])
    return format_html(
        '<th scope="col"{}{}><a href="{}">{}{}</a></th>',
        format_html(' class="{}"', css) if css else "",
        format_html(' aria-sort="{}"', heading.aria) if heading.aria else "",
        heading.url,
        heading.label,
        arrow,
    )


@register.simple_tag
def sort_options(options: Sequence[tuple[str, str, bool]]) -> SafeString:
    """`{% sort_options sorting.options %}`: within a select."""
    return _options(tuple(options))


@lru_cache(maxsize=256)
def _options(options: Sequence[tuple[str, str, bool]]) -> SafeString:
    return format_html_join(
        "\n",
        '<option value="{}"{}>Sort: {}</option>',
        ((value, " selected" if chosen else "", label.lower()) for value, label, chosen in options),
    )
