"""A line of a table of accounts, drawn by functions: as a template, fifty are most of a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache, reduce
from operator import add

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.accounts.models import Tag
from dashboard.accounts.rows import Row
from dashboard.accounts.services import Installs, Line
from dashboard.common.templatetags.desk import copyable, plain, spaced, state, untrusted
from dashboard.common.templatetags.times import ago

register = template.Library()

TAGS_SHOWN = 3
KEPT_UP_TO = 300
"""Letters of a row's texts up to which its drawing is remembered."""
END = format_html("</td></tr>{}", "")
UNREAD = format_html(
    '<span class="{}" title="Not read yet">–</span></td><td class="{}">', "muted-2", "pad"
)
NOT_READ_YET = format_html('<span class="{}">Not read yet</span>', "muted-2")
NO_ROWS = format_html("{}", "")
NOTHING = format_html('<span class="{}" aria-label="Nothing">–</span>', "muted-2")


@register.simple_tag
def account_rows(rows: Iterable[Line]) -> SafeString:
    """`{% account_rows rows %}`: as `services.rows_of` has them."""
    now = timezone.now()
    drawn = [_draw(one, now) for one in rows]
    return format_html("{}" * len(drawn), *drawn) if drawn else NO_ROWS


def _draw(line: Line, now: datetime) -> SafeString:
    account, installs, tags, url = line
    texts = (account.name, account.cyclr_id, account.timezone)
    draw = _texts if sum(map(len, texts)) <= KEPT_UP_TO else _texts.__wrapped__
    begin, cyclr_id, zone = draw(account.pk, url, *texts)
    middle = _tags(tags) + cyclr_id if tags else cyclr_id
    connectors = _connectors(account)
    attention = account_attention(account, installs)
    return begin + middle + connectors + attention + zone + ago(account.active_at, now=now) + END


@lru_cache(maxsize=2048)
def _texts(
    pk: int, url: str, name: str, cyclr_id: str, zone: str
) -> tuple[SafeString, SafeString, SafeString]:
    """The parts of a row that hardly ever change: lists show the same accounts again and again.

    They lead up to its tags, from there to its number of connectors, and on from its attention.
    """
    begin = format_html(
        '<tr id="row-account-{}"><td><a class="name clip" href="{}" title="{}">{}</a><span '
        'class="below muted-2"><code class="clip tiny">{}</code></span> ',
        pk,
        url,
        plain(name),
        untrusted(name),
        untrusted(cyclr_id),
    )
    middle = format_html(
        '</td><td class="mid-only">{}</td><td class="r mid-only">', copyable(cyclr_id)
    )
    end = format_html(
        '</td><td class="wide-only muted"><span class="clip" title="{}">{}</span></td><td class="r '
        'mid-only muted">',
        plain(zone),
        untrusted(zone, "–"),
    )
    return begin, middle, end


def _tags(tags: Sequence[Tag]) -> SafeString:
    shown = format_html_join(
        "",
        '<span class="tag" title="{}">{}</span>',
        ((plain(one.name), untrusted(one.name)) for one in tags[:TAGS_SHOWN]),
    )
    more: SafeString | str = ""
    if len(tags) > TAGS_SHOWN:
        more = format_html('<span class="muted tiny">and {} more</span>', len(tags) - TAGS_SHOWN)
    return format_html('<span class="tags mid-only">{}{}</span>', shown, more)


def _connectors(account: Row) -> SafeString:
    if account.read_at or account.connector_count:
        return _count(account.connector_count)
    return UNREAD


@lru_cache(maxsize=512)
def _count(connectors: int) -> SafeString:
    return format_html('{}</td><td class="{}">', spaced(connectors), "pad")


def account_attention(account: Row, installs: Installs) -> SafeString:
    """What in an account asks for somebody: the most urgent first, and no more than that."""
    if account.gone_at:
        return state("gone")
    if installs.failed:
        return state("install-failed", f"{len(installs.failed)} install failed")
    if installs.active:
        return state("installing", f"{len(installs.active)} installing")
    broken = _broken(account.unauthenticated_count, account.not_working_count)
    if broken:
        return broken
    return NOTHING if account.read_at else NOT_READ_YET


@lru_cache(maxsize=512)
def _broken(unauthenticated: int, not_working: int) -> SafeString | None:
    found = [
        state(name, f"{count} {words}")
        for name, words, count in (
            ("not-authenticated", "not authenticated", unauthenticated),
            ("not-working", "not working", not_working),
        )
        if count
    ]
    return reduce(add, found) if found else None
