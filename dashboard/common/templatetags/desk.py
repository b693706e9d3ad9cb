"""What templates say over and over; built in everywhere, no `{% load %}` needed.

Text from outside goes through `{% untrusted %}` (or `|plain` inside an attribute). Nothing here
marks text as safe: markup is put together by `format_html`, which escapes what is put in.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache

from django import template
from django.http import HttpRequest
from django.template import Context
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.templatetags.static import static
from django.urls import NoReverseMatch
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_noop

from dashboard.common.mail import is_delivered
from dashboard.common.page_addresses import page_address
from dashboard.common.paging import PLACES
from dashboard.common.untrusted_text import avatar_letters, display_text, is_blank, visible
from dashboard.common.untrusted_text import initials as initials_of
from dashboard.environment.email_address import mailto_address

register = template.Library()


AVATAR_PIXELS = {"": 28, "l": 40}
NO_NAME = gettext_noop("No name")


@register.simple_tag
@cache
def icon(name: str, extra: str = "") -> SafeString:
    """`{% icon "copy" %}`: a picture beside words; it says nothing to a screen reader.

    Templates name some sixty, each page some twenty: made once.
    """
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        f" {extra}" if extra else "",
        static("img/sprite.svg"),
        name,
    )


@register.simple_tag
def untrusted(text: object, blank: str = "") -> SafeString:
    """`{% untrusted account.name %}`: isolated, escaped, tricks made visible, never empty.

    Within a translated sentence: `{% untrusted account.name as account %}`, then `{{ account }}`.
    """
    if is_blank(text):
        return format_html('<span class="nameless">{}</span>', blank or gettext(NO_NAME))
    if isinstance(text, str) and len(text) <= KEPT_UP_TO:
        return _isolated(text)
    return format_html("<bdi>{}</bdi>", pieces(text))


KEPT_UP_TO = 100
"""Letters of a text of which the markup is remembered: lists say the same names again and again."""


@lru_cache(maxsize=4096)
def _isolated(text: str) -> SafeString:
    return format_html("<bdi>{}</bdi>", pieces(text))


def pieces(text: object) -> SafeString:
    """A text from outside, with what cannot be seen made visible."""
    found = visible(text)
    if len(found) == 1 and not found[0].name:
        return escape(found[0].text)
    return format_html_join(
        "",
        "{}",
        (
            (
                format_html('<span class="ctl" title="{}">{}</span>', piece.name, piece.text)
                if piece.name
                else piece.text,
            )
            for piece in found
        ),
    )


@register.filter
def plain(text: object) -> str:
    """`title="{{ account.name|plain }}"`: the same without markup, for attributes and `<title>`."""
    if is_blank(text):
        return gettext(NO_NAME)
    is_kept = isinstance(text, str) and len(text) <= KEPT_UP_TO
    return _plain(text) if is_kept else display_text(text)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return display_text(text)


@register.simple_tag
def named_options(names: Iterable[str], chosen: str) -> SafeString:
    """`{% named_options names name %}`: names as the options of a select, which may be hundreds."""
    return _named_options(tuple(names), chosen)


OPTION = '<option value="{}">{}</option>'
OPTION_CHOSEN = '<option value="{}" selected>{}</option>'


@lru_cache(maxsize=64)
def _named_options(names: tuple[str, ...], chosen: str) -> SafeString:
    options = (
        format_html(OPTION_CHOSEN if one == chosen else OPTION, one, plain(one)) for one in names
    )
    return format_html_join("", "{}", ((option,) for option in options))


@register.simple_tag
def strong(text: object) -> SafeString:
    """`{% strong account.name as account %}`: untrusted text that stands out in a sentence."""
    return format_html('<b class="strong">{}</b>', untrusted(text))


@register.simple_tag
def mail_is_delivered() -> bool:
    """`{% mail_is_delivered as is_delivered %}`: whether messages reach anybody from here."""
    return is_delivered()


@register.simple_tag
def mail_to(address: str) -> SafeString:
    """`{% mail_to support_email as address %}`: an address that opens the mail program."""
    return format_html('<a href="mailto:{}">{}</a>', mailto_address(address), untrusted(address))


@register.simple_tag
def avatar(name: object, digest: str = "", size: str = "") -> SafeString:
    """`{% avatar connector.name connector.icon_digest "l" %}`: its icon, else two letters of it.

    Whatever it shows, the name stands beside it: for a screen reader it says nothing.
    """
    if digest:
        pixels = AVATAR_PIXELS[size]
        return format_html(
            '<img class="avatar{}" src="{}" width="{}" height="{}" alt="" loading="lazy">',
            f" {size}" if size else "",
            page_address("connector_icon", digest),
            pixels,
            pixels,
        )
    return _letters(str(name or "")[:KEPT_UP_TO], size)


@lru_cache(maxsize=2048)
def _letters(name: str, size: str) -> SafeString:
    css = f" {size}" if size else ""
    letters = avatar_letters(name)
    return format_html('<span class="avatar{}" aria-hidden="true">{}</span>', css, letters)


@register.filter
def initials(name: object) -> str:
    """Two letters for a person."""
    return initials_of(name)


@register.simple_tag
def copyable(text: object, label: str = "id") -> SafeString:
    """`{% copyable account.cyclr_id "id" %}`: shown clipped, copied whole and as it really is."""
    if is_blank(text):
        return format_html('<span class="muted-2">{}</span>', "–")
    is_kept = isinstance(text, str) and len(text) <= KEPT_UP_TO
    return _kept_copyable(text, label) if is_kept else _copyable(text, label)


@lru_cache(maxsize=2048)
def _kept_copyable(text: object, label: str) -> SafeString:
    return _copyable(text, label)


def _copyable(text: object, label: str) -> SafeString:
    return format_html(
        '<span class="id"><code title="{}"><bdi>{}</bdi></code>'
        '<button class="copy" type="button" data-copy-text="{}" aria-label="Copy {} {}">{}</button>'
        "</span>",
        display_text(text),
        pieces(text),
        str(text).encode("utf-8", "replace").decode(),
        label,
        display_text(text),
        icon("copy"),
    )


@register.simple_tag
def copy_button(text: str, what: str, name: object) -> SafeString | str:
    """`{% copy_button address "the address of the link for" account %}`: nothing without text."""
    if not text:
        return ""
    return format_html(
        '<button class="copy push" type="button" data-copy-text="{}" aria-label="Copy {} {}" '
        'title="Copy">{}</button>',
        text,
        what,
        plain(name),
        icon("copy"),
    )


@register.filter
def spaced(number: object) -> str:
    """`10482` as `10,482`; what is no number stays as it is."""
    if isinstance(number, bool) or not isinstance(number, int | float):
        return str(number)
    return f"{number:,}"


@register.simple_tag
def state(name: str, label: object = "") -> SafeString:
    """`{% state "not-authenticated" "2 not authenticated" %}`: shape, word and tone."""
    return _state("state", name, label)


@register.simple_tag
def badge(name: str, label: object = "") -> SafeString:
    """The same beside a heading."""
    return _state("badge", name, label)


@register.simple_tag
def mark(name: str) -> SafeString:
    """The shape alone, where words stand beside it: notes, timelines."""
    return format_html('<span class="mark-of" data-state="{}" aria-hidden="true"></span>', name)


def _state(kind: str, name: str, label: object) -> SafeString:
    return _drawn_state(kind, str(name), str(label) if label else "")


@lru_cache(maxsize=512)
def _drawn_state(kind: str, name: str, label: str) -> SafeString:
    slug = name.lower().replace(" ", "-").replace("_", "-")
    said = label or slug.replace("-", " ").capitalize()
    return format_html('<span class="{}" data-state="{}">{}</span>', kind, slug, pieces(said))


class AddressNode(URLNode):
    """Django's `{% url %}`, which finds each address anew; those of keys alone are remembered."""

    def render(self, context: Context) -> str:
        """The address, or nothing if it becomes a variable."""
        name = self.view_name.resolve(context)
        keys = [one.resolve(context) for one in self.args]
        if self.kwargs or ":" in str(name) or not all(type(key) is int for key in keys):
            return super().render(context)
        try:
            found = page_address(str(name), *keys)
        except NoReverseMatch:
            return super().render(context)
        if self.asvar:
            context[self.asvar] = found
            return ""
        return found  # of letters, digits, dashes and slashes


@register.tag("url")
def url(parser: Parser, token: Token) -> AddressNode:
    """`{% url "account_detail" account.pk %}`, as Django's own."""
    node = django_url(parser, token)
    return AddressNode(node.view_name, node.args, node.kwargs, node.asvar)


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: object) -> str:
    """`href="{% query_with state="failed" page=None %}"`: this address with other values.

    `None` and empty take a key out; the page number goes unless it is what changes.
    """
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for key in PLACES:
        query.pop(key, None)
    for key, value in changes.items():
        if isinstance(value, list | tuple):
            query.setlist(key, [str(one) for one in value])
        elif value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """` data-bs-theme="dark"` if the person chose one; without it the page follows the system."""
    request = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request is not None else ""
    if chosen not in {"light", "dark"}:
        return ""
    return format_html(' data-bs-theme="{}"', chosen)
