"""The pages of a link itself: what is asked for, asking for another, ending its reminders."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.common.untrusted_text import display_text
from dashboard.customer.pages import (
    answer,
    draw_page,
    find_attempt,
    link_context,
    link_page,
    opens_link,
    to_clean,
    to_page,
    unknown_page,
)
from dashboard.customer.switches import ASKING
from dashboard.customer.visitors import ROBOT, is_scanner, visitor_of
from dashboard.features import services as features
from dashboard.links import opening, services
from dashboard.links.mail import reminders
from dashboard.links.models import Link
from dashboard.people.access import open_to_all

_REST = re.compile(r"/(?:(?P<item>\d{1,18})/)?(?P<page>continue|form|entry|ask|reminders)(?![a-z])")
"""Which of a link's pages stands behind its token."""


@require_safe
@opens_link
def public_link(request: HttpRequest, link: Link) -> HttpResponse:
    """Who asks, for which company, which apps, until when, whom to ask."""
    if is_glued(request, link):
        return to_clean(request, "public_link", link)
    visitor = visitor_of(request)
    agent = display_text(request.headers.get("User-Agent", ""))[:200]
    opening.log_open(
        link,
        method=request.method or "",
        guess=visitor.kind,
        why=visitor.why,
        agent=agent,
        name=visitor.name,
    )
    return link_page(request, link)


def is_glued(request: HttpRequest, link: Link) -> bool:
    """Whether something was glued to the token in the address."""
    match = request.resolver_match
    return match is None or match.kwargs.get("token") != link.token()


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@opens_link
def link_ask(request: HttpRequest, link: Link) -> HttpResponse:
    """A customer whose link has ended asks for another; staff see it on the link."""
    is_off = features.is_off(ASKING, link.account.console_id)
    if request.method == "POST" and not (is_off or link.is_usable or link.is_waiting):
        services.ask_for_new(link, label=visitor_of(request).label)
    return to_page("public_link", link.token())


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@opens_link
def link_reminders(request: HttpRequest, link: Link) -> HttpResponse:
    """Where a customer ends the reminders of a link; a GET asks, a POST does.

    Mail programs post here by themselves (RFC 8058): in several encodings, without cookies, some
    with an empty body. So the token in the address is the credential, whatever else is sent.
    """
    if request.method == "POST":
        how, label = _who_ends(request)
        reminders.end(link, how=how, label=label)
    elif is_glued(request, link):
        return to_clean(request, "link_reminders", link)
    return draw_page(request, "reminders", link_context(link))


def _who_ends(request: HttpRequest) -> tuple[str, dict[str, Any]]:
    """By which way, and the label of who is likely not the customer.

    What a mail program posts comes from its maker's machines and is the customer's wish; what a
    mail scanner posts is not.
    """
    visitor = visitor_of(request)
    is_program = visitor.kind == ROBOT and not is_scanner(request)
    if is_program and _is_one_click(request):
        return "By the button of their mail program", {}
    return "", visitor.label


def _is_one_click(request: HttpRequest) -> bool:
    """Whether a body says what RFC 8058 has mail programs say, in whatever form."""
    try:
        said = [(name, value) for name, values in request.POST.lists() for value in values]
    except (SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        return False  # it cannot be read: that changes the label alone
    wanted = ("list-unsubscribe", "one-click")
    return any((name.strip().lower(), value.strip().lower()) == wanted for name, value in said)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@open_to_all
def link_glued(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below `/c/`: to what it was before something was glued to it.

    A POST changes nothing here, but for the one of mail programs that ends reminders.
    """
    kind = {"m/": "attempt_wait", "r/": "link_return"}.get(rest.lstrip("/")[:2].lower())
    if kind is not None:
        attempt = find_attempt(rest.lstrip("/")[2:])
        if attempt is not None:
            return to_page(kind, attempt.public_id)
    link = None if kind is not None else opening.find(rest)
    if link is None:
        return answer(request, None, lambda: unknown_page(request))
    match = _REST.search(rest.lower())
    page, item = (match["page"], match["item"]) if match else ("", None)
    if page == "reminders":
        if request.method == "POST":
            return link_reminders(request, link.token())
        return to_clean(request, "link_reminders", link)
    names = {"form": "entry_new", "entry": "entry_wait"}
    if page in names and item:
        return to_clean(request, names[page], link, int(item))
    return to_clean(request, "public_link", link)
