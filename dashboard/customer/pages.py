"""What all pages of customers share: who asks is found, the language chosen, headers set.

No sign-in, no script needed, nothing changed by a GET but the open log.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation

from dashboard.common.limits import is_within
from dashboard.consoles.branding import Brand
from dashboard.customer.entry_form import single_item_form
from dashboard.customer.switches import ASKING
from dashboard.features import services as features
from dashboard.links import opening
from dashboard.links.glued import ATTEMPT, candidates
from dashboard.links.languages import format_pause, format_until, language_of, menu, set_headers
from dashboard.links.models import ConnectAttempt, Link, LinkItem, LinkState
from dashboard.links.requirements import requirements_on
from dashboard.mirror.icons import add_icons
from dashboard.people.access import open_to_all
from dashboard.people.address import client_address, network_of

P = ParamSpec("P")
Page = Callable[..., HttpResponse]

COOKIE = "link"
"""Leads back from a start to the link's page; the pages work without it."""
STARTS_PER_ADDRESS_AND_MINUTE = 60
QUICK_FOR = timedelta(seconds=10)
"""So long a wait page looks every second; who still waits then has a worker that is busy."""


# ---- opening ----


def opens_link(view: Callable[Concatenate[HttpRequest, Link, P], HttpResponse]) -> Page:
    """For a page of a link: `view(request, link, …)` instead of the token in its address.

    Something glued to the token is taken off; what was never a token is the neutral 404.
    """

    @open_to_all
    @wraps(view)
    def page(request: HttpRequest, token: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        link = opening.find(token)
        if link is None:
            return answer(request, None, lambda: unknown_page(request))
        return answer(request, link, lambda: view(request, link, *args, **kwargs))

    return page


def opens_attempt(view: Callable[[HttpRequest, ConnectAttempt], HttpResponse]) -> Page:
    """The same for a page of one start: `view(request, attempt)` instead of its id."""

    @open_to_all
    @wraps(view)
    def page(request: HttpRequest, attempt_id: str) -> HttpResponse:
        attempt = find_attempt(attempt_id)
        if attempt is None:
            return answer(request, None, lambda: unknown_page(request))
        return answer(request, attempt.item.link, lambda: view(request, attempt))

    return page


class Branded(Protocol):
    """A link of any kind, as far as all pages need to know it."""

    @property
    def brand(self) -> Brand:
        """How the customer sees the partner."""
        ...

    @property
    def language(self) -> str:
        """What staff chose for it; empty if nothing."""
        ...


def answer(
    request: HttpRequest, link: Branded | None, draw: Callable[[], HttpResponse]
) -> HttpResponse:
    """What is drawn in the customer's language, with the headers that all these pages have."""
    language = language_of(request, link.language if link else "", link.brand if link else None)
    with translation.override(language):
        response = draw()
    set_headers(request, response, language)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def find_attempt(attempt_id: str) -> ConnectAttempt | None:
    """The start of this id, also with something glued to it; the same work for what is none."""
    rows = ConnectAttempt.objects.select_related(
        "item__link__console", "item__link__account", "item__account_connector"
    )
    return rows.filter(public_id__in=candidates(attempt_id, ATTEMPT) or ["a" * ATTEMPT]).first()


# ---- drawing ----


def draw_page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page in the language that is active and, where a link is known, as its partner's."""
    link = context.get("link")
    brand = None if link is None else link.brand
    if brand is not None:
        context = {**context, "partner": brand.name, "support_email": brand.support_email}
    context = {**context, "brand": brand, "languages": menu(request, context)}
    return render(request, f"customer/{template}.html", context, status=status)


def unknown_page(request: HttpRequest) -> HttpResponse:
    """One neutral page for every address that was never ours."""
    return draw_page(request, "unknown", {}, status=404)


def link_page(request: HttpRequest, link: Link, status: int = 200) -> HttpResponse:
    """The page of a link: what is asked for, or why nothing is any more."""
    context = link_context(link)
    if link.state == LinkState.CONNECTED:
        return draw_page(request, "done", context, status)
    if link.is_waiting:
        return waiting_page(request, link)
    if link.is_retired:
        return draw_page(request, "ended", context, 410)
    if link.revoked_at is None and not context["items"]:
        return draw_page(request, "gone", context, status)
    if not link.is_usable:
        context["may_ask"] = not features.is_off(ASKING, link.account.console_id)
        return draw_page(request, "expired", context, 410)
    if len(context["items"]) == 1:
        context |= single_item_form(*context["tasks"][0])
    response = draw_page(request, "link", context, status)
    if any(item.is_checking and item.state == LinkState.RETURNED for item in context["items"]):
        response["Refresh"] = "4"
    return response


def link_context(link: Link) -> dict[str, Any]:
    """What the page of a link shows."""
    every = list(link.items.select_related("account_connector__account__console", "entry"))
    for item in every:
        item.link = link
    items = [item for item in every if not item.is_gone]
    add_icons(item.account_connector for item in items)
    requirements = requirements_on(link, items)
    return {
        "link": link,
        "token": link.token(),
        "items": items,
        "tasks": [(item, requirements[item.account_connector_id]) for item in items],
        "connected": sum(item.connected_at is not None for item in items),
        "gone": [item for item in every if item.is_gone],
        "until": format_until(link.expires_at, link.account.timezone),
    }


def waiting_page(request: HttpRequest, link: Link) -> HttpResponse:
    """The page while it is not clear where the link's console is: nothing has ended."""
    response = draw_page(request, "not_now", way_back(request, link), 503)
    response["Retry-After"] = "600"
    return response


def rest_page(request: HttpRequest, link: Link, pause: timedelta) -> HttpResponse:
    """The page for who starts or types too often: for how long it rests."""
    context = {**link_context(link), "again_in": format_pause(pause)}
    response = draw_page(request, "too_many", context, status=429)
    response["Retry-After"] = str(max(1, math.ceil(pause.total_seconds())))
    return response


def gone_page(request: HttpRequest, item: LinkItem, context: dict[str, Any]) -> HttpResponse:
    """The page of an app that was deleted in Cyclr: there is nothing to do for it."""
    context = {"back_token": "", **context, "link": item.link, "item": item}
    return draw_page(request, "gone", context | {"has_more": has_more(item)})


# ---- ways on and back ----


def to_page(name: str, *place: object) -> HttpResponse:
    """On to another page by GET: loading that again sends nothing."""
    return HttpResponseRedirect(reverse(name, args=place), status=303)


def to_cyclr(url: str) -> HttpResponse:
    """The one answer that holds a token of Cyclr's: a header, kept nowhere."""
    response = HttpResponse(status=302)
    response["Location"] = url
    response["Cache-Control"] = "no-store, max-age=0"
    response["Referrer-Policy"] = "no-referrer"
    return response


def to_clean(request: HttpRequest, name: str, link: Link, *more: int) -> HttpResponse:
    """To the same page without what was glued to its address."""
    query = request.META.get("QUERY_STRING", "")
    url = reverse(name, args=[link.token(), *more])
    return HttpResponseRedirect(f"{url}?{query}" if query else url)


def with_cookie(response: HttpResponse, token: str, name: str = COOKIE) -> HttpResponse:
    """An answer after which a start's pages lead back to the link in this browser."""
    response.set_cookie(
        name,
        token,
        max_age=3600,
        path="/c/",
        httponly=True,
        secure=settings.IS_PUBLIC_TLS,
        samesite="Lax",
    )
    return response


def way_back(request: HttpRequest, link: Link) -> dict[str, Any]:
    """What a start's pages show. They lead back to the link only in the browser that began."""
    token = request.COOKIES.get(COOKIE, "")
    known = opening.find(token) if token else None
    is_same = known is not None and known.pk == link.pk
    return {"link": link, "back_token": token if is_same else ""}


def has_more(item: LinkItem) -> bool:
    """Whether the link has other apps to connect."""
    others = LinkItem.objects.filter(link_id=item.link_id).left()
    return others.exclude(pk=item.pk).exists()


def may_start(request: HttpRequest) -> bool:
    """Count a start, or an entry, under the customer's address; whether it is not too many."""
    key = f"start:{network_of(client_address(request))}"
    return is_within(key, most=STARTS_PER_ADDRESS_AND_MINUTE, seconds=60)
