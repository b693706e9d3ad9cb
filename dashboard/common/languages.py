"""The languages of the customers' pages, and what a browser says about them.

Staff read English: nothing but the customers' pages and messages is translated. What stands there
goes through `{% translate %}` or `gettext`; `docs/translations.md` says how it gets translated.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header

CODES: tuple[str, ...] = tuple(code for code, _ in settings.LANGUAGES)
DEFAULT = "en"
PARAMETER = "lang"
"""In an address: the language that the customer chose."""
COOKIE = "lang"
"""Remembers that choice below `/c/` while the browser is open; the pages work without it."""


def known(code: object) -> str:
    """The code if it is one of ours, else nothing."""
    return str(code) if code in CODES else ""


def chosen(request: HttpRequest) -> str:
    """What the customer chose, on this page or on one before; empty if nothing."""
    try:
        asked = request.GET.get(PARAMETER)
    except TooManyFieldsSent:  # the page that says so is drawn in some language too
        asked = None
    return known(asked) or known(request.COOKIES.get(COOKIE))


def of_browser(request: HttpRequest) -> str:
    """The first of ours that the browser asks for, whatever the country; empty if none."""
    for wanted, priority in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if priority and (code := known(wanted.split("-")[0])):
            return code
    return ""


def of_guest(request: HttpRequest, *, link: str = "", partner: str = "") -> str:
    """What a customer reads: their choice, else the link's, the browser's, the partner's."""
    return chosen(request) or known(link) or of_browser(request) or known(partner) or DEFAULT
