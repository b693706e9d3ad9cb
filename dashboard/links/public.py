"""The customers' pages: no sign-in, no script needed, nothing changed by a GET but the open log."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.common.foreign import as_text
from dashboard.common.limits import is_within
from dashboard.links import reminders, services
from dashboard.links.entry_form import lone_form
from dashboard.links.glued import MINT, candidates
from dashboard.links.languages import again_words, language_of, menu, sign, until_words
from dashboard.links.models import Link, LinkItem, LinkState, Mint, MintState
from dashboard.links.needs import needs_of, needs_on
from dashboard.links.visitors import ROBOT, is_prefetch, is_scanner, visitor_of
from dashboard.people.access import open_to_all
from dashboard.people.address import client_address, network_of

COOKIE = "link"
"""Leads back from a start to the link's page; the pages work without it."""
STARTS_PER_ADDRESS_AND_MINUTE = 60
QUICK_FOR = timedelta(seconds=10)
"""So long the wait page looks every second; who still waits then has a worker that is busy."""
NOT_FINISHED_AFTER = 25.0
"""Seconds after the return in which Cyclr usually knows; then the page says how to go on."""
STOPS_LOOKING_AFTER = 120.0
"""Seconds after the return for which the page goes on looking by itself."""

_until = lazy(until_words, str)
_again = lazy(again_words, str)
"""The same, said when the page is drawn: only then its language is known."""


@contextmanager
def speaking(request: HttpRequest, link: Link) -> Iterator[None]:
    """In the customer's language: for what is put into words before a page is drawn."""
    with translation.override(language_of(request, link, link.brand)):
        yield


def draw_page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page for a customer, in their language and, where a link is known, as its partner's."""
    link = context.get("link")
    brand = None if link is None else link.brand
    if brand is not None:
        context = {**context, "partner": brand.name, "support_email": brand.support_email}
    language = language_of(request, link, brand)
    context = {**context, "brand": brand, "languages": menu(request, context)}
    with translation.override(language):
        response = render(request, f"links/public/{template}.html", context, status=status)
    sign(request, response, language)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def unknown_page(request: HttpRequest) -> HttpResponse:
    """One neutral page for every address that was never ours."""
    return draw_page(request, "unknown", {}, status=404)


def _context(link: Link, token: str) -> dict[str, Any]:
    every = list(link.items.select_related("account_connector__account__console", "entry"))
    for item in every:
        item.link = link
    items = [item for item in every if not item.is_gone]
    connected = sum(item.connected_at is not None for item in items)
    needs = needs_on(link, items)
    return {
        "link": link,
        "token": token,
        "items": items,
        "tasks": [(item, needs[item.account_connector_id]) for item in items],
        "connected": connected,
        "gone": [item for item in every if item.is_gone],
        "until": _until(link.expires_at, link.account.timezone),
    }


def _with_cookie(response: HttpResponse, token: str) -> HttpResponse:
    response.set_cookie(
        COOKIE,
        token,
        max_age=3600,
        path="/c/",
        httponly=True,
        secure=settings.IS_PUBLIC_TLS,
        samesite="Lax",
    )
    return response


@require_safe
@open_to_all
def public_link(request: HttpRequest, token: str) -> HttpResponse:
    """Who asks, for which company, which apps, until when, whom to ask."""
    link = services.find(token)
    if link is None:
        return unknown_page(request)
    if token != link.token():
        return _to_clean(request, "public_link", link)
    visitor = visitor_of(request)
    agent = as_text(request.headers.get("User-Agent", ""))[:200]
    services.log_open(
        link,
        method=request.method or "",
        guess=visitor.kind,
        why=visitor.why,
        agent=agent,
        name=visitor.name,
    )
    return link_page(request, link, token)


def waiting_page(request: HttpRequest, link: Link) -> HttpResponse:
    """The page while it is not clear where the link's console is: nothing has ended."""
    response = draw_page(request, "not_now", _way_back(request, link), 503)
    response["Retry-After"] = "600"
    return response


def _to_clean(request: HttpRequest, name: str, link: Link, *more: int) -> HttpResponse:
    """To the same page without what was glued to its address."""
    query = request.META.get("QUERY_STRING", "")
    url = reverse(name, args=[link.token(), *more])
    return HttpResponseRedirect(f"{url}?{query}" if query else url)


_REST = re.compile(r"/(?:(?P<item>\d{1,18})/)?(?P<page>continue|form|entry|ask|reminders)(?![a-z])")
"""Which of a link's pages stands behind its token."""


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@open_to_all
def link_glued(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other address below `/c/`: to what it was before something was glued to it.

    A POST changes nothing here, but for the one of mail programs that ends reminders.
    """
    kind = {"m/": "mint_wait", "r/": "link_return"}.get(rest.lstrip("/")[:2].lower())
    if kind is not None:
        mint = _mint(rest.lstrip("/")[2:])
        if mint is None:
            return unknown_page(request)
        return HttpResponseRedirect(reverse(kind, args=[mint.public_id]), status=303)
    link = services.find(rest)
    if link is None:
        return unknown_page(request)
    match = _REST.search(rest.lower())
    page, item = (match["page"], match["item"]) if match else ("", None)
    if page == "reminders":
        if request.method == "POST":
            return link_reminders(request, link.token())
        return _to_clean(request, "link_reminders", link)
    names = {"form": "entry_new", "entry": "entry_wait"}
    if page in names and item:
        return _to_clean(request, names[page], link, int(item))
    return _to_clean(request, "public_link", link)


def link_page(request: HttpRequest, link: Link, token: str, status: int = 200) -> HttpResponse:
    context = _context(link, token)
    if link.state == LinkState.CONNECTED:
        return draw_page(request, "done", context, status)
    if link.is_waiting:
        return waiting_page(request, link)
    if link.is_retired:
        return draw_page(request, "ended", context, 410)
    if link.revoked_at is None and not context["items"]:
        return draw_page(request, "gone", context, status)
    if not link.is_usable:
        return draw_page(request, "expired", context, 410)
    if len(context["items"]) == 1:
        with speaking(request, link):
            context |= lone_form(*context["tasks"][0])
    response = draw_page(request, "link", context, status)
    if any(item.is_checking and item.state == LinkState.RETURNED for item in context["items"]):
        response["Refresh"] = "4"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@open_to_all
def link_continue(request: HttpRequest, token: str, item_pk: int) -> HttpResponse:
    """Start one app: a row for the worker, then the wait page. Pressing often is harmless.

    A browser that asks for the address again, as for a tab it had put away, is led to the link.
    """
    if request.method != "POST":
        return HttpResponseRedirect(reverse("public_link", args=[token]), status=303)
    link = services.find(token)
    if link is None:
        return unknown_page(request)
    token = link.token()
    item = (
        link.items.select_related("link__account__console", "account_connector__account__console")
        .filter(pk=item_pk)
        .first()
    )
    if item is None:
        return unknown_page(request)
    if not may_start(request):
        return rest_page(request, link, token, timedelta(minutes=1))
    if item.connected_at is None and needs_of(item).must_type_first:
        return HttpResponseRedirect(reverse("entry_new", args=[token, item_pk]), status=303)
    try:
        mint = services.start(item)
    except services.NotUsableError:
        link.refresh_from_db()
        if (
            link.is_usable and not link.is_waiting
        ):  # this app was connected meanwhile: the page says so
            return HttpResponseRedirect(reverse("public_link", args=[token]), status=303)
        return link_page(request, link, token)
    except services.TooManyStartsError as error:
        return rest_page(request, link, token, error.again_at - timezone.now())
    response = HttpResponseRedirect(reverse("mint_wait", args=[mint.public_id]), status=303)
    return _with_cookie(response, link.token())


def may_start(request: HttpRequest) -> bool:
    """Count a start, or an entry, under the customer's address; whether it is not too many."""
    key = f"start:{network_of(client_address(request))}"
    return is_within(key, most=STARTS_PER_ADDRESS_AND_MINUTE, seconds=60)


def rest_page(request: HttpRequest, link: Link, token: str, pause: timedelta) -> HttpResponse:
    """The page for who starts or types too often: for how long it rests."""
    context = {**_context(link, token), "again_in": _again(pause)}
    response = draw_page(request, "too_many", context, status=429)
    response["Retry-After"] = str(max(1, math.ceil(pause.total_seconds())))
    return response


def _mint(mint_id: str) -> Mint | None:
    """The start of this id, also with something glued to it; the same work for what is none."""
    rows = Mint.objects.select_related(
        "item__link__console", "item__link__account", "item__account_connector"
    )
    return rows.filter(public_id__in=candidates(mint_id, MINT) or ["a" * MINT]).first()


def _way_back(request: HttpRequest, link: Link) -> dict[str, Any]:
    """What a start's pages show. They lead back to the link only in the browser that began."""
    token = request.COOKIES.get(COOKIE, "")
    known = services.find(token) if token else None
    is_same = known is not None and known.pk == link.pk
    return {
        "link": link,
        "back_token": token if is_same else "",
    }


@require_safe
@open_to_all
def mint_wait(request: HttpRequest, mint_id: str) -> HttpResponse:
    """Wait for the worker; then one redirect to Cyclr, once. Previews and HEAD use nothing up.

    The first load is always drawn, never redirected: it is the last hop of the form's own
    redirects, and `form-action 'self'` would cut the way to Cyclr off after the token was spent.
    """
    mint = _mint(mint_id)
    if mint is None:
        return unknown_page(request)
    is_visit = request.method == "GET" and not is_prefetch(request)
    is_first = is_visit and services.note_shown(mint)
    if is_visit and not is_first and mint.state == MintState.READY:
        url = services.take_redirect(mint, label=visitor_of(request).label)
        if url is not None:
            return _to_cyclr(url)
        mint = _mint(mint_id) or mint
    item, link = mint.item, mint.item.link
    context = {**_way_back(request, link), "item": item, "mint": mint}
    if item.connected_at is not None and not services.may_start(item):
        context |= {"is_connected": True, "has_more": has_more(item)}
        return draw_page(request, "returned", context)
    if link.is_waiting:
        return waiting_page(request, link)
    if item.is_gone and link.revoked_at is None:
        return gone_page(request, item, context)
    if not services.may_start(item):
        return draw_page(request, "ended", context, 410)
    if mint.state == MintState.FAILED or mint.is_in_vain:
        return draw_page(request, "failed", context)
    if mint.is_over:
        return draw_page(request, "used", context)
    context["is_long"] = timezone.now() - mint.created_at > QUICK_FOR
    response = draw_page(request, "wait", context)
    response["Refresh"] = "3" if context["is_long"] else "1"
    return response


def _to_cyclr(url: str) -> HttpResponse:
    """The one answer that holds a sign-in token: a header, kept nowhere."""
    response = HttpResponse(status=302)
    response["Location"] = url
    response["Cache-Control"] = "no-store, max-age=0"
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
@open_to_all
def link_return(request: HttpRequest, mint_id: str) -> HttpResponse:
    """Where Cyclr sends the browser afterwards. It believes nothing: a worker asks Cyclr."""
    mint = _mint(mint_id)
    if mint is None:
        return unknown_page(request)
    if request.method == "GET" and not is_prefetch(request):
        services.note_return(mint)
    item = LinkItem.objects.select_related("account_connector", "link__console", "proof").get(
        pk=mint.item_id
    )
    mint.refresh_from_db(fields=["returned_at", "state"])
    link = mint.item.link
    if link.is_waiting and item.connected_at is None:
        return waiting_page(request, link)
    if link.is_retired and item.connected_at is None:
        return draw_page(request, "ended", _way_back(request, link), 410)
    if item.is_gone:
        return gone_page(request, item, _way_back(request, link))
    is_late = item.seconds_since_return > NOT_FINISHED_AFTER
    context = {
        **_way_back(request, link),
        "item": item,
        "is_connected": item.connected_at is not None,
        "is_unread": not item.is_read_since_return,
        "is_unproven": item.was_authenticated and item.is_read_since_return,
        "is_refused": item.is_refused,
        "is_late": is_late,
        "has_more": has_more(item),
    }
    response = draw_page(request, "returned", context)
    if item.is_checking and item.seconds_since_return < STOPS_LOOKING_AFTER:
        response["Refresh"] = "10" if is_late else "2"
    elif item.connected_at is not None and item.is_proving:
        response["Refresh"] = "3"  # whose account it is may be known in a moment
    return response


def gone_page(request: HttpRequest, item: LinkItem, context: dict[str, Any]) -> HttpResponse:
    """The page of an app that was deleted in Cyclr: there is nothing to do for it."""
    context = {"back_token": "", **context, "link": item.link, "item": item}
    return draw_page(request, "gone", context | {"has_more": has_more(item)})


def has_more(item: LinkItem) -> bool:
    """Whether the link has other apps to connect."""
    others = LinkItem.objects.filter(link_id=item.link_id).left()
    return others.exclude(pk=item.pk).exists()


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@open_to_all
def link_ask(request: HttpRequest, token: str) -> HttpResponse:
    """A customer whose link has ended asks for another; staff see it on the link."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("public_link", args=[token]), status=303)
    link = services.find(token)
    if link is None:
        return unknown_page(request)
    if not link.is_usable and not link.is_waiting:
        services.ask_for_new(link, label=visitor_of(request).label)
    return HttpResponseRedirect(reverse("public_link", args=[link.token()]), status=303)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@open_to_all
def link_reminders(request: HttpRequest, token: str) -> HttpResponse:
    """Where a customer ends the reminders of a link; a GET asks, a POST does.

    Mail programs post here by themselves (RFC 8058): in several encodings, without cookies, some
    with an empty body. So the token in the address is the credential, whatever else is sent.
    """
    link = services.find(token)
    if link is None:
        return unknown_page(request)
    if request.method != "POST" and token != link.token():
        return _to_clean(request, "link_reminders", link)
    if request.method == "POST":
        how, label = _who_ends(request)
        reminders.end(link, how=how, label=label)
    return draw_page(request, "reminders", _context(link, link.token()))


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
