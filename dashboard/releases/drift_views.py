"""Releases that are installed and not live any more: the list, and whom to see to first."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from dashboard.common.htmx import is_swap, redirect_browser
from dashboard.common.paging import clean_address, paged
from dashboard.library.views import CONNECTORS
from dashboard.mirror.freshness import consoles_in_view
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role
from dashboard.releases import reading
from dashboard.releases.drift import affected_by, drift_of, drifts

MOST_READ = 20
"""Older releases that one press has read."""


@require_safe
@role_required(Role.VIEWER)
def release_drift_list(request: StaffRequest) -> HttpResponse:
    """Each installed release that is not the live one: what the live one asks, what would stop."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    page = paged(request, drifts(in_view.shown, request.user))
    unknown = any(not (one.is_asked_known and one.are_methods_known) for one in page)
    context = {"page": page, "in_view": in_view, "is_any_unknown": unknown}
    return render(request, "releases/release_drift_list.html", context)


@require_POST
@role_required(Role.VIEWER)
def release_drift_read(request: StaffRequest) -> HttpResponse:
    """Have a worker read what is not known of the first ones, and of their live ones."""
    unknown = [
        one
        for one in drifts(consoles_in_view(request).shown, request.user)
        if not (one.is_asked_known and one.are_methods_known)
    ]
    for one in unknown[:MOST_READ]:
        for release_id in (one.release_id, one.connector.release_id):
            reading.ask(one.connector, release_id)
    count = len(unknown[:MOST_READ])
    if count:
        noun = "release is" if count == 1 else "releases are"
        messages.info(request, f"{count} {noun} being read. Look again in a minute.")
    return redirect(f"{reverse('release_drift_list')}?{request.GET.urlencode()}")


@require_safe
@role_required(Role.VIEWER)
def release_drift_detail(request: StaffRequest, pk: int, release_id: int) -> HttpResponse:
    """The accounts that have such a release, in the order in which to see to them."""
    connector = get_for(request, CONNECTORS, pk=pk)
    drift = drift_of(connector, release_id, request.user)
    if drift is None:
        raise Http404
    context: dict[str, Any] = {"drift": drift, "page": paged(request, affected_by(drift))}
    return render(request, "releases/release_drift_detail.html", context)
