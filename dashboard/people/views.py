"""Forms with an old token, and where people go after signing in."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from dashboard.common import errors
from dashboard.common.addresses import own_path
from dashboard.common.htmx import redirect_browser
from dashboard.people import held
from dashboard.people.middleware import SESSION_HEADER, back_from

logger = logging.getLogger(__name__)

SIGNED_IN_ANEW = "You signed in anew meanwhile, so nothing was sent. Press the button again."


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form of ours with an old token: mostly, the person signed in anew in another tab.

    It is never carried out. It comes back filled in; other sites' forms are refused as ever.
    """
    is_ours = held.is_own(request) and bool(request.COOKIES)
    if request.path.startswith(errors.GUESTS) or not is_ours:
        return errors.csrf_failure(request, reason)
    logger.info("form with an old token reason=%s", reason)
    is_htmx = request.headers.get("HX-Request") == "true"
    if request.path == resolve_url(settings.LOGIN_URL):
        target = safe_next(request)
        if request.user.is_authenticated:
            return HttpResponseRedirect(target)
        return HttpResponseRedirect(f"{request.path}?{urlencode({'next': target})}")
    back = back_from(request) or resolve_url(settings.LOGIN_REDIRECT_URL)
    is_kept = not is_htmx and held.hold(request)
    if not request.user.is_authenticated:
        url = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"
        return _answer(url, "ended", is_htmx=is_htmx)
    if not is_kept or back != request.get_full_path():
        messages.info(request, SIGNED_IN_ANEW)
    return _answer(back, "new", is_htmx=is_htmx)


def _answer(url: str, session: str, *, is_htmx: bool) -> HttpResponse:
    response = redirect_browser(url) if is_htmx else HttpResponseRedirect(url)
    response[SESSION_HEADER] = session
    return response


def safe_next(request: HttpRequest) -> str:
    """Where to go after signing in: the address asked for if it is ours, else the overview."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    return own_path(asked) or resolve_url(settings.LOGIN_REDIRECT_URL)
