"""Signing in at the provider: Continue, the wait for Cyclr's token, and the way back."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from dashboard.customer.pages import (
    QUICK_FOR,
    draw_page,
    find_attempt,
    gone_page,
    has_more,
    link_page,
    may_start,
    opens_attempt,
    opens_link,
    rest_page,
    to_cyclr,
    to_page,
    unknown_page,
    waiting_page,
    way_back,
    with_cookie,
)
from dashboard.customer.visitors import is_prefetch, visitor_of
from dashboard.links import progress
from dashboard.links.attempts import starting
from dashboard.links.models import AttemptState, ConnectAttempt, Link, LinkItem
from dashboard.links.requirements import requirements_of

NOT_FINISHED_AFTER = 25.0
"""Seconds after the return in which Cyclr usually knows; then the page says how to go on."""
STOPS_LOOKING_AFTER = 120.0
"""Seconds after the return for which the page goes on looking by itself."""


@require_http_methods(["GET", "HEAD", "POST"])
@csrf_protect
@opens_link
def link_continue(request: HttpRequest, link: Link, item_pk: int) -> HttpResponse:
    """Start one app: a row for the worker, then the wait page. Pressing often is harmless.

    A browser that asks for the address again, as for a tab it had put away, is led to the link.
    """
    token = link.token()
    if request.method != "POST":
        return to_page("public_link", token)
    item = (
        link.items.select_related("link__account__console", "account_connector__account__console")
        .filter(pk=item_pk)
        .first()
    )
    if item is None:
        return unknown_page(request)
    if not may_start(request):
        return rest_page(request, link, timedelta(minutes=1))
    if item.connected_at is None and requirements_of(item).must_type_first:
        return to_page("entry_new", token, item_pk)
    try:
        attempt = starting.start(item)
    except progress.NotUsableError:
        link.refresh_from_db()
        if link.is_usable and not link.is_waiting:  # connected meanwhile: the page says so
            return to_page("public_link", token)
        return link_page(request, link)
    except starting.TooManyStartsError as error:
        return rest_page(request, link, error.again_at - timezone.now())
    return with_cookie(to_page("attempt_wait", attempt.public_id), link.token())


@require_safe
@opens_attempt
def attempt_wait(request: HttpRequest, attempt: ConnectAttempt) -> HttpResponse:
    """Wait for the worker; then one redirect to Cyclr, once. Previews and HEAD use nothing up.

    The first load is always drawn, never redirected: it is the last hop of the form's own
    redirects, and `form-action 'self'` would cut the way to Cyclr off after the token was spent.
    """
    is_visit = request.method == "GET" and not is_prefetch(request)
    is_first = is_visit and starting.record_shown(attempt)
    if is_visit and not is_first and attempt.state == AttemptState.READY:
        url = starting.take_redirect(attempt, label=visitor_of(request).label)
        if url is not None:
            return to_cyclr(url)
        attempt = find_attempt(attempt.public_id) or attempt
    item, link = attempt.item, attempt.item.link
    context = {**way_back(request, link), "item": item, "attempt": attempt}
    if item.connected_at is not None and not starting.may_start(item):
        context |= {"is_connected": True, "has_more": has_more(item)}
        return draw_page(request, "returned", context)
    if link.is_waiting:
        return waiting_page(request, link)
    if item.is_gone and link.revoked_at is None:
        return gone_page(request, item, context)
    if not starting.may_start(item):
        return draw_page(request, "ended", context, 410)
    if attempt.state == AttemptState.FAILED or attempt.is_in_vain:
        return draw_page(request, "failed", context)
    if attempt.is_over:
        return draw_page(request, "used", context)
    context["is_long"] = timezone.now() - attempt.created_at > QUICK_FOR
    response = draw_page(request, "wait", context)
    response["Refresh"] = "3" if context["is_long"] else "1"
    return response


@require_safe
@opens_attempt
def link_return(request: HttpRequest, attempt: ConnectAttempt) -> HttpResponse:
    """Where Cyclr sends the browser afterwards. It believes nothing: a worker asks Cyclr."""
    if request.method == "GET" and not is_prefetch(request):
        starting.record_return(attempt)
    item = LinkItem.objects.select_related(
        "account_connector", "link__console", "connection_test"
    ).get(pk=attempt.item_id)
    attempt.refresh_from_db(fields=["returned_at", "state"])
    link = attempt.item.link
    if link.is_waiting and item.connected_at is None:
        return waiting_page(request, link)
    if link.is_retired and item.connected_at is None:
        return draw_page(request, "ended", way_back(request, link), 410)
    if item.is_gone:
        return gone_page(request, item, way_back(request, link))
    is_late = item.seconds_since_return > NOT_FINISHED_AFTER
    context = {
        **way_back(request, link),
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
    elif item.connected_at is not None and item.is_being_tested:
        response["Refresh"] = "3"  # whose account it is may be known in a moment
    return response
