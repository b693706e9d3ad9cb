"""The customers' pages of launch links: what is asked, Continue, and the wait for Cyclr's token.

A GET changes nothing but the open log, so that scanners do no harm; the token goes into one
redirect and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.common.untrusted_text import display_text
from dashboard.customer.pages import (
    QUICK_FOR,
    answer,
    draw_page,
    may_start,
    to_cyclr,
    to_page,
    unknown_page,
    with_cookie,
)
from dashboard.customer.visitors import is_prefetch, visitor_of
from dashboard.launches import attempts, services
from dashboard.launches.models import LaunchAttempt, LaunchLink
from dashboard.links.attempts.starting import TooManyStartsError
from dashboard.links.glued import ATTEMPT, candidates
from dashboard.links.languages import format_pause, format_until
from dashboard.links.models import AttemptState
from dashboard.links.progress import NotUsableError
from dashboard.people.access import open_to_all

COOKIE = "launch"
"""Leads back from a start to the link's page; the pages work without it."""

Page = Callable[..., HttpResponse]


def opens_launch_link(view: Callable[[HttpRequest, LaunchLink], HttpResponse]) -> Page:
    """For a page of a launch link: `view(request, link)` instead of the token in its address."""

    @open_to_all
    @wraps(view)
    def page(request: HttpRequest, token: str) -> HttpResponse:
        link = services.find(token)
        if link is None:
            return answer(request, None, lambda: unknown_page(request))
        return answer(request, link, lambda: view(request, link))

    return page


@require_safe
@opens_launch_link
def launch_page(request: HttpRequest, link: LaunchLink) -> HttpResponse:
    """Who asks, for which company, where it leads, until when."""
    token = link.token()
    match = request.resolver_match
    if match is None or match.kwargs.get("token") != token:
        query = request.META.get("QUERY_STRING", "")
        url = reverse("launch_page", args=[token])
        return HttpResponseRedirect(f"{url}?{query}" if query else url)
    visitor = visitor_of(request)
    agent = display_text(request.headers.get("User-Agent", ""))[:200]
    services.log_open(link, guess=visitor.kind, why=visitor.why, agent=agent, name=visitor.name)
    return _landing(request, link)


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@opens_launch_link
def launch_continue(request: HttpRequest, link: LaunchLink) -> HttpResponse:
    """A row for the worker, then the wait page. Pressing often is harmless."""
    if request.method != "POST":
        return to_page("launch_page", link.token())
    if not may_start(request):
        return _rest(request, link, timedelta(minutes=1))
    try:
        attempt = attempts.start(link)
    except NotUsableError:
        return to_page("launch_page", link.token())
    except TooManyStartsError as error:
        return _rest(request, link, error.again_at - timezone.now())
    return with_cookie(to_page("launch_wait", attempt.public_id), link.token(), COOKIE)


@require_safe
@open_to_all
def launch_wait(request: HttpRequest, attempt_id: str) -> HttpResponse:
    """Wait for the worker; then one redirect to Cyclr, once. Previews and HEAD use nothing up.

    The first load is always drawn, never redirected: it is the last hop of the form's own
    redirects, and `form-action 'self'` would cut the way to Cyclr off after the token was spent.
    """
    attempt = _find_attempt(attempt_id)
    if attempt is None:
        return answer(request, None, lambda: unknown_page(request))
    return answer(request, attempt.link, lambda: _wait(request, attempt))


def _find_attempt(attempt_id: str) -> LaunchAttempt | None:
    rows = LaunchAttempt.objects.select_related("link__console", "link__account")
    found: LaunchAttempt | None = rows.filter(
        public_id__in=candidates(attempt_id, ATTEMPT) or ["a" * ATTEMPT]
    ).first()
    return found


def _wait(request: HttpRequest, attempt: LaunchAttempt) -> HttpResponse:
    is_visit = request.method == "GET" and not is_prefetch(request)
    is_first = is_visit and attempts.record_shown(attempt)
    if is_visit and not is_first and attempt.state == AttemptState.READY:
        url = attempts.take_redirect(attempt, label=visitor_of(request).label)
        if url is not None:
            return to_cyclr(url)
        attempt = _find_attempt(attempt.public_id) or attempt
    link = attempt.link
    context = _context(link) | {"attempt": attempt, "back_token": _back_token(request, link)}
    if link.is_waiting:
        return _not_now(request, link)
    if not link.is_usable:
        return draw_page(request, "launch_over", context | {"kind": "ended"}, 410)
    if attempt.state == AttemptState.FAILED or attempt.is_in_vain:
        return draw_page(request, "launch_over", context | {"kind": "failed"})
    if attempt.is_over:
        return draw_page(request, "launch_over", context | {"kind": "used"})
    context["is_long"] = timezone.now() - attempt.created_at > QUICK_FOR
    response = draw_page(request, "launch_wait", context)
    response["Refresh"] = "3" if context["is_long"] else "1"
    return response


def _landing(request: HttpRequest, link: LaunchLink) -> HttpResponse:
    if link.is_waiting:
        return _not_now(request, link)
    if not link.is_usable:
        return draw_page(request, "launch_over", _context(link) | {"kind": "ended"}, 410)
    return draw_page(request, "launch", _context(link) | {"token": link.token()})


def _context(link: LaunchLink) -> dict[str, Any]:
    until = format_until(link.expires_at, link.account.timezone)
    return {"link": link, "until": until, "back_token": ""}


def _rest(request: HttpRequest, link: LaunchLink, pause: timedelta) -> HttpResponse:
    context = _context(link) | {"again_in": format_pause(pause), "back_token": link.token()}
    response = draw_page(request, "launch_over", context | {"kind": "rest"}, status=429)
    response["Retry-After"] = str(max(1, round(pause.total_seconds())))
    return response


def _not_now(request: HttpRequest, link: LaunchLink) -> HttpResponse:
    response = draw_page(request, "launch_over", _context(link) | {"kind": "later"}, 503)
    response["Retry-After"] = "600"
    return response


def _back_token(request: HttpRequest, link: LaunchLink) -> str:
    """The way back, only in the browser that began."""
    token = request.COOKIES.get(COOKIE, "")
    known = services.find(token) if token else None
    return token if known is not None and known.pk == link.pk else ""
