"""Proof that the one who is signed in still sits there: asked for again before risky acts."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import reverse

from dashboard.common.addresses import path_here
from dashboard.common.htmx import redirect_browser
from dashboard.people import held
from dashboard.people.middleware import back_from

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

KEY = "proved_at"
GOOD_FOR = 30 * 60
"""Seconds."""
PRESS_AGAIN = "Confirmed. Nothing was sent meanwhile: press the button again."


def note(request: HttpRequest, *, at: int | None = None) -> None:
    """The person has just shown who they are; or did so at this moment, in seconds since 1970."""
    request.session[KEY] = int(time.time()) if at is None else at


@receiver(user_logged_in)
def on_sign_in(sender: object, request: HttpRequest | None, **_: Any) -> None:
    """Signing in is a proof."""
    if request is not None:
        note(request)


def is_recent(request: HttpRequest) -> bool:
    """Whether that was less than half an hour ago."""
    at = request.session.get(KEY, 0)
    return isinstance(at, int) and 0 <= time.time() - at < GOOD_FOR


def reauthenticated(view: View) -> View:
    """Only for who has shown within half an hour who they are; others do so and come back.

    What was typed comes back filled in, as after a session that ended. Stands below the role.
    """

    @wraps(view)
    def asking(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_recent(request):
            return view(request, *args, **kwargs)
        is_htmx = request.headers.get("HX-Request") == "true"
        back = back_from(request)
        if request.method == "POST" and not is_htmx:
            held.hold(request)
        if request.method == "GET" and not is_htmx and _is_download(request):
            back = path_here(request, request.headers.get("Referer", ""))
        if back != request.get_full_path():
            messages.info(request, PRESS_AGAIN)
        back = back or resolve_url(settings.LOGIN_REDIRECT_URL)
        url = f"{reverse('reauthenticate')}?{urlencode({'next': back})}"
        return redirect_browser(url) if is_htmx else HttpResponseRedirect(url)

    return cast(View, asking)


def _is_download(request: HttpRequest) -> bool:
    """Whether no page would follow, so that the person would look at the old one."""
    match = request.resolver_match
    return bool(match and match.url_name and match.url_name.endswith("export"))
