"""A line of a table of accounts, drawn by functions: as a template, fifty are most of a page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.accounts.models import Tag
from dashboard.accounts.services import Installs
from dashboard.common.templatetags.desk import copyable, plain, spaced, state, untrusted
from dashboard.common.templatetags.times import ago
from dashboard.mirror.models import Account

register = template.Library()

TAGS_SHOWN = 3
UNREAD = format_html('<span class="{}" title="Not read yet">–</span>', "muted-2")
NOT_READ_YET = format_html('<span class="{}">Not read yet</span>', "muted-2")
NOTHING = format_html('<span class="{}" aria-label="Nothing">–</span>', "muted-2")


@register.simple_tag
def account_row(account: Account, installs: Installs, tags: Sequence[Tag]) -> SafeString:
    """`{% account_row account installs tags %}`: as `services.rows_of` has them."""
    return format_html(
        '<tr id="row-account-{}"><td><a class="name clip" href="{}" title="{}">{}</a><span '
        'class="below muted-2"><code class="clip tiny">{}</code></span> {}</td><td '
        'class="mid-only">{}</td><td class="r mid-only">{}</td><td class="pad">{}</td><td '
        'class="wide-only muted"><span class="clip" title="{}">{}</span></td><td class="r mid-only '
        'muted">{}</td></tr>',
        account.pk,
        account.get_absolute_url(),
        plain(account.name),
        untrusted(account.name),
        untrusted(account.cyclr_id),
        _tags(tags),
        copyable(account.cyclr_id),
        _connectors(account),
        account_attention(account, installs),
        plain(account.timezone),
        untrusted(account.timezone, "–"),
        ago(account.active_at),
    )


def _tags(tags: Sequence[Tag]) -> SafeString | str:
    if not tags:
        return ""
    shown = format_html_join(
        "",
        '<span class="tag" title="{}">{}</span>',
        ((plain(one.name), untrusted(one.name)) for one in tags[:TAGS_SHOWN]),
    )
    more: SafeString | str = ""
    if len(tags) > TAGS_SHOWN:
        more = format_html('<span class="muted tiny">and {} more</span>', len(tags) - TAGS_SHOWN)
    return format_html('<span class="tags mid-only">{}{}</span>', shown, more)


def _connectors(account: Account) -> SafeString | str:
    if account.read_at or account.connector_count:
        return spaced(account.connector_count)
    return UNREAD


@register.simple_tag
def account_attention(account: Account, installs: Installs) -> SafeString:
    """What in an account asks for somebody: the most urgent first, and no more than that."""
    if account.gone_at:
        return state("gone")
    if installs.failed:
        return state("install-failed", f"{len(installs.failed)} install failed")
    if installs.active:
        return state("installing", f"{len(installs.active)} installing")
    broken = [
        state(name, f"{count} {words}")
        for name, words, count in (
            ("not-authenticated", "not authenticated", account.unauthenticated_count),
            ("not-working", "not working", account.not_working_count),
        )
        if count
    ]
    if broken:
        return reduce(add, broken)
    return NOTHING if account.read_at else NOT_READ_YET
