"""The customers' pages on which they type: written to, never read back, and no wait for Cyclr."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.customer import credential_entry
from dashboard.customer.entry_form import EntryForm, trouble_of
from dashboard.customer.pages import (
    QUICK_FOR,
    draw_page,
    gone_page,
    has_more,
    link_page,
    may_start,
    opens_link,
    rest_page,
    to_page,
    unknown_page,
)
from dashboard.links import progress
from dashboard.links.attempts import starting
from dashboard.links.models import Link, LinkItem
from dashboard.links.requirements import Requirements, requirements_of
from dashboard.mirror.catalogue import AuthType
from dashboard.operations.models import Operation, State
from dashboard.operations.submitting import OtherInputError

LONG_AFTER = timedelta(seconds=60)
"""Then the wait page looks less often."""


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@sensitive_post_parameters()
@opens_link
def entry_new(request: HttpRequest, link: Link, item_pk: int) -> HttpResponse:
    """The form of one app; a valid POST becomes an operation and leads to the wait page."""
    item = _item_of(link, item_pk)
    if item is None:
        return unknown_page(request)
    if link.is_waiting or not link.is_usable:
        return link_page(request, link)
    if item.is_gone:
        return gone_page(request, item, _context(item))
    requirements = requirements_of(item)
    if item.connected_at is not None or not (requirements.may_type or requirements.is_nothing):
        return to_page("public_link", link.token())
    if request.method == "POST":
        return _enter(request, item, requirements)
    if item.entry is not None and not item.entry.is_finished:
        return to_page("entry_wait", link.token(), item_pk)
    return _form_page(request, item, requirements, EntryForm(requirements))


def _enter(request: HttpRequest, item: LinkItem, requirements: Requirements) -> HttpResponse:
    """What was typed for an app that waits for it."""
    link = item.link
    if not may_start(request):
        return rest_page(request, link, timedelta(minutes=1))
    form = EntryForm(requirements, request.POST)
    if not form.is_valid():
        form.renew_submission()
        return _form_page(request, item, requirements, form, status=422)
    try:
        credential_entry.enter(item, form)
    except progress.NotUsableError:
        return to_page("public_link", link.token())
    except starting.TooManyStartsError as error:
        return rest_page(request, link, error.again_at - timezone.now())
    except OtherInputError as error:
        if not _is_of(error.operation, item):
            return _form_page(
                request, item, requirements, EntryForm(requirements), is_used=True, status=409
            )
    return to_page("entry_wait", link.token(), item.pk)


@require_safe
@opens_link
def entry_wait(request: HttpRequest, link: Link, item_pk: int) -> HttpResponse:
    """How far what was typed has come; the page looks again by itself until it has ended."""
    item = _item_of(link, item_pk)
    if item is None:
        return unknown_page(request)
    context = _context(item)
    if item.connected_at is not None:
        context |= {"is_connected": True, "has_more": has_more(item)}
        return draw_page(request, "returned", context)
    if link.is_waiting or not link.is_usable:
        return link_page(request, link)
    if item.is_gone:
        return gone_page(request, item, context)
    entry = item.entry
    if entry is None:
        return to_page("public_link", link.token())
    if not entry.is_finished:
        return _wait_page(request, entry, context)
    requirements = requirements_of(item)
    if (
        entry.state != State.DONE
        or requirements.missing
        or requirements.auth_type in {AuthType.API_KEY, AuthType.BASIC}
    ):
        return to_page("entry_new", link.token(), item_pk)
    context |= {"requirements": requirements, "has_more": has_more(item)}
    context["leads_on"] = requirements.signs_in or requirements.auth_type == AuthType.CLIENT
    return draw_page(request, "entered", context)


def _wait_page(request: HttpRequest, entry: Operation, context: dict[str, Any]) -> HttpResponse:
    """While a worker has what was typed, or is about to."""
    age = timezone.now() - entry.created_at
    response = draw_page(request, "entry_wait", context | {"is_long": age > QUICK_FOR})
    response["Refresh"] = "1" if age < QUICK_FOR else "3" if age < LONG_AFTER else "15"
    return response


def _item_of(link: Link, item_pk: int) -> LinkItem | None:
    rows = link.items.select_related("account_connector__account__console", "entry__console")
    item: LinkItem | None = rows.filter(pk=item_pk).first()
    if item is not None:
        item.link = link
    return item


def _is_of(operation: Operation, item: LinkItem) -> bool:
    """Whether it is what somebody has typed for this very item, and still under way."""
    return operation.pk == item.entry_id and not operation.is_finished


def _context(item: LinkItem) -> dict[str, Any]:
    token = item.link.token()
    return {"link": item.link, "item": item, "token": token, "back_token": token}


def _form_page(
    request: HttpRequest,
    item: LinkItem,
    requirements: Requirements,
    form: EntryForm,
    *,
    is_used: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = _context(item) | {"form": form, "requirements": requirements, "is_used": is_used}
    context["trouble"] = None if form.is_bound or is_used else trouble_of(item, form)
    return draw_page(request, "entry_new", context, status)
