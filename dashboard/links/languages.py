"""In which language a customer reads a link's pages, the menu that changes it, and times in words.

`format_until` and `format_pause` speak the language that is active when they are called.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import dateformat
from django.utils.cache import patch_vary_headers
from django.utils.translation import ngettext, pgettext

from dashboard.common import languages
from dashboard.consoles.branding import Brand


@dataclass(frozen=True, slots=True)
class LanguageOption:
    """A line of the language menu: `name` is the language's own, `url` this page in it."""

    code: str
    name: str
    url: str


def language_of(request: HttpRequest, of_link: str, brand: Brand | None) -> str:
    """What the customer chose, else the link's, the browser's, the partner's, else English."""
    return languages.of_guest(request, link=of_link, partner=brand.language if brand else "")


def menu(request: HttpRequest, context: dict[str, Any]) -> list[LanguageOption]:
    """The languages, each with the address that shows this page in it.

    What answers a form has no address of its own: from there it goes to the link. Elsewhere the
    addresses are relative, so that the page for those that were never ours is always the same.
    """
    path, query = "", request.GET.dict()
    if request.method not in {"GET", "HEAD"}:
        token = context.get("token")
        path, query = (reverse("public_link", args=[token]) if token else ""), {}
    return [
        LanguageOption(code, name, f"{path}?{urlencode(query | {languages.PARAMETER: code})}")
        for code, name in settings.LANGUAGES
    ]


def set_headers(request: HttpRequest, response: HttpResponse, language: str) -> None:
    """Say in the headers which language this is, and keep what the customer chose just now."""
    response["Content-Language"] = language
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    if request.method == "GET" and languages.known(request.GET.get(languages.PARAMETER)):
        response.set_cookie(
            languages.COOKIE,
            language,
            path="/c/",
            httponly=True,
            secure=settings.IS_PUBLIC_TLS,
            samesite="Lax",
        )


def format_until(moment: datetime, zone: str) -> str:
    """A moment for a customer: "Tuesday 17 March, 17:00 (Europe/London)", in the active language.

    Django knows the names of days and months; only their order is ours to translate.
    """
    try:
        local = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        local, zone = moment.astimezone(UTC), "UTC"
    # Translators: letters as in PHP's date(), a backslash before those that are meant themselves.
    order = pgettext("order of a date", "l j F, H:i")
    if local.day == 1:
        # Translators: the same for the first of a month, where a language says it otherwise.
        order = pgettext("order of a date on the first", "l j F, H:i")
    return f"{dateformat.format(local, order)} ({zone or 'UTC'})"


def format_pause(pause: timedelta) -> str:
    """How long a rest takes, in the active language: "5 minutes", "2 hours"."""
    minutes = max(1, round(pause.total_seconds() / 60))
    if minutes > 90:
        hours = round(minutes / 60)
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
