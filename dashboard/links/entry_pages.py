"""The customers' pages on which they type: written to, never read back, and no wait for Cyclr."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.links import entering, public, services
from dashboard.links.entry_form import EntryForm, trouble_of
from dashboard.links.models import Link, LinkItem
from dashboard.links.needs import Needs, needs_of
from dashboard.mirror.catalogue import Way
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import OtherInputError
from dashboard.people.access import open_to_all

LONG_AFTER = timedelta(seconds=60)
"""Then the wait page looks less often."""


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@sensitive_post_parameters()
@open_to_all
def entry_new(request: HttpRequest, token: str, item_pk: int) -> HttpResponse:
    """The form of one app; a valid POST becomes an operation and leads to the wait page."""
    link, item = _found(token, item_pk)
    if link is None or item is None:
        return public.unknown_page(request)
    token = link.token()  # without what was glued to it
    with public.speaking(request, link):
        return _entry(request, link, item, token)


def _entry(request: HttpRequest, link: Link, item: LinkItem, token: str) -> HttpResponse:
    item_pk = item.pk
    if link.is_waiting or not link.is_usable:
        return public.link_page(request, link, token)
    if item.is_gone:
        return public.gone_page(request, item, _context(item, token))
    needs = needs_of(item)
    if item.connected_at is not None or not (needs.may_type or needs.is_nothing):
        return _to("public_link", token)
    if request.method != "POST":
        if item.entry is not None and not item.entry.is_finished:
            return _to("entry_wait", token, item_pk)
        return _form_page(request, item, needs, token, EntryForm(needs))
    if not public.may_start(request):
        return public.rest_page(request, link, token, timedelta(minutes=1))
    form = EntryForm(needs, request.POST)
    if not form.is_valid():
        form.renew_submission()
        return _form_page(request, item, needs, token, form, status=422)
    try:
        entering.enter(item, form)
    except services.NotUsableError:
        return _to("public_link", token)
    except services.TooManyStartsError as error:
        return public.rest_page(request, link, token, error.again_at - timezone.now())
    except OtherInputError as error:
        if _is_of(error.operation, item):
            return _to("entry_wait", token, item_pk)
        return _form_page(request, item, needs, token, EntryForm(needs), is_used=True, status=409)
    return _to("entry_wait", token, item_pk)


@require_safe
@open_to_all
def entry_wait(request: HttpRequest, token: str, item_pk: int) -> HttpResponse:
    """How far what was typed has come; the page looks again by itself until it has ended."""
    link, item = _found(token, item_pk)
    if link is None or item is None:
        return public.unknown_page(request)
    token = link.token()  # without what was glued to it
    context = _context(item, token)
    if item.connected_at is not None:
        context |= {"is_connected": True, "has_more": public.has_more(item)}
        return public.draw_page(request, "returned", context)
    if link.is_waiting or not link.is_usable:
        return public.link_page(request, link, token)
    if item.is_gone:
        return public.gone_page(request, item, context)
    entry = item.entry
    if entry is None:
        return _to("public_link", token)
    if not entry.is_finished:
        age = timezone.now() - entry.created_at
        context["is_long"] = age > public.QUICK_FOR
        response = public.draw_page(request, "entry_wait", context)
        response["Refresh"] = "1" if age < public.QUICK_FOR else "3" if age < LONG_AFTER else "15"
        return response
    needs = needs_of(item)
    if entry.state != State.DONE or needs.missing or needs.way in {Way.API_KEY, Way.BASIC}:
        return _to("entry_new", token, item_pk)
    context |= {"needs": needs, "has_more": public.has_more(item)}
    context["leads_on"] = needs.signs_in or needs.way == Way.CLIENT
    return public.draw_page(request, "entered", context)


def _found(token: str, item_pk: int) -> tuple[Link | None, LinkItem | None]:
    """The link of an address and one of its items."""
    link = services.find(token)
    if link is None:
        return None, None
    rows = link.items.select_related("account_connector__account__console", "entry__console")
    item: LinkItem | None = rows.filter(pk=item_pk).first()
    if item is not None:
        item.link = link
    return link, item


def _is_of(operation: Operation, item: LinkItem) -> bool:
    """Whether it is what somebody has typed for this very item, and still under way."""
    return operation.pk == item.entry_id and not operation.is_finished


def _context(item: LinkItem, token: str) -> dict[str, Any]:
    return {
        "link": item.link,
        "item": item,
        "token": token,
        "back_token": token,
    }


def _form_page(
    request: HttpRequest,
    item: LinkItem,
    needs: Needs,
    token: str,
    form: EntryForm,
    *,
    is_used: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = _context(item, token)
    context |= {"form": form, "needs": needs, "is_used": is_used}
    context["trouble"] = None if form.is_bound or is_used else trouble_of(item, form)
    return public.draw_page(request, "entry_new", context, status)


def _to(name: str, *place: object) -> HttpResponse:
    """On to another page by GET: loading that again sends nothing."""
    return HttpResponseRedirect(reverse(name, args=place), status=303)
