"""Deny by default: the decision above each view is enforced here and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url

from dashboard.common.addresses import path_here
from dashboard.common.htmx import is_swap, redirect_browser
from dashboard.people import held
from dashboard.people.access import (
    decision_on,
    lets_in,
    look_at_console,
    look_at_features,
)
from dashboard.people.models import User

logger = logging.getLogger(__name__)

SESSION_HEADER = "X-Session"
"""Tells a page's script that the session has `ended`, or is a `new` one: typed text stays."""


class AccessMiddleware:
    """Lets a request reach its view only as the view's decision says."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        """Refuse, send to the sign-in page, or let pass with `None`."""
        decision = decision_on(view)
        if decision is None:
            name = f"{view.__module__}.{getattr(view, '__qualname__', type(view).__name__)}"
            logger.error("view without an access decision view=%s", name)
            raise PermissionDenied
        if decision.at_least is None:
            return None
        user = request.user
        if not isinstance(user, User) or not user.is_active:
            if SESSION_KEY in request.session:  # switched off, or the password has changed
                logout(request)
            return _to_sign_in(request)
        if not lets_in(decision, user):
            raise PermissionDenied
        # The person itself from here on: pages ask Django's lazy object hundreds of times.
        request.user = user = getattr(request, "_cached_user", user)
        look_at_console(request, user)
        look_at_features(request, user)
        return None


class HeldFormMiddleware:
    """Brings back the form that was sent when the session had ended, once it is on again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        """Draw the page of the held form with what was typed; it is not carried out."""
        if request.method != "GET" or is_swap(request) or not request.user.is_authenticated:
            return None
        form = held.take(request)
        if form is None:
            return None
        if not form.is_redrawn:
            return render(request, "people/form_again.html", {"held": form})
        held.pose_as_sent(request, form)
        return None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back to where the person was; htmx takes the whole browser along."""
    is_htmx = request.headers.get("HX-Request") == "true"
    back = back_from(request)
    if request.method == "POST" and not is_htmx and held.is_own(request):
        held.hold(request)
    url = resolve_url(settings.LOGIN_URL)
    if back and back != resolve_url(settings.LOGIN_REDIRECT_URL):
        url = f"{url}?{urlencode({'next': back})}"
    response = redirect_browser(url) if is_htmx else HttpResponseRedirect(url)
    response[SESSION_HEADER] = "ended"
    return response


def back_from(request: HttpRequest) -> str:
    """The page that the person was on, as the browser tells; empty if it was none of ours."""
    if request.headers.get("HX-Request") == "true":
        return path_here(request, request.headers.get("HX-Current-URL", ""))
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    return path_here(request, request.headers.get("Referer", ""))
