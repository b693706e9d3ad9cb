"""Pages of the library about what a release can do, and about two releases side by side."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import replace_url

from dashboard.common.addresses import own_path
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import clean_address, paged, query_number
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.library.views import CONNECTORS, head_context
from dashboard.methods import marking
from dashboard.methods.categories import is_category, render_category, tell_read
from dashboard.methods.models import Method
from dashboard.mirror.models import CatalogueConnector
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role
from dashboard.releases import comparing, reading
from dashboard.releases.candidates import Known, known_releases

MOST_READ = 2
"""Releases that one press has read."""


@require_safe
@role_required(Role.VIEWER)
def library_method_list(request: StaffRequest, pk: int) -> HttpResponse:
    """The methods of the live release; a worker reads them when they are not there yet."""
    connector = get_for(request, CONNECTORS, pk=pk)
    state = _reading_state(connector, [connector.release_id])
    search = request.GET.get("q", "").strip()[:300]
    category = request.GET.get("category", "")
    every = Method.objects.filter(console=connector.console_id, release_id=connector.release_id)
    if is_category(request):
        url = reverse("library_method_list", args=[connector.pk])
        return render_category(request, every, url)
    rows = every.search(search).filter(**({"category": category} if category else {}))
    page = paged(request, rows.defer("inputs"))
    version = version_of(state["version"], page.total, marking.version_of_marks(list(page)))
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context: dict[str, Any] = {
        **head_context(request, connector, "methods"),
        **state,
        "page": page,
        "methods": marking.with_effect(list(page)),
        "search": search,
        "category": category,
        "matching_search": every.search(search).count() if category else 0,
        "version": version,
    }
    if not is_swap(request):
        context["categories"] = every.categories()
    response = render_page(
        request, "releases/library_method_list.html", "releases/_method_table.html", context
    )
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return tell_read(request, response, is_under_way=state["is_under_way"])


@require_safe
@role_required(Role.VIEWER)
def library_method_detail(request: StaffRequest, pk: int, key: str) -> HttpResponse:
    """What one method of the live release takes."""
    connector = get_for(request, CONNECTORS, pk=pk)
    rows = Method.objects.filter(console=connector.console_id, release_id=connector.release_id)
    method = rows.filter(key=key).first()
    if method is None:
        raise Http404
    [(_, writes)] = marking.with_effect([method])
    context = {
        **head_context(request, connector, "methods"),
        "method": method,
        "writes": writes,
        "asked": comparing.inputs_asked(method),
    }
    return render_page(
        request,
        "releases/library_method_detail.html",
        "releases/library_method_detail.html",
        context,
    )


@require_POST
@role_required(Role.VIEWER)
def library_read(request: StaffRequest, pk: int) -> HttpResponse:
    """Have releases of a connector read; the page shows what they are when they are there."""
    connector = get_for(request, CONNECTORS, pk=pk)
    known = known_releases(connector)
    wanted = [
        int(one) for one in request.POST.getlist("release") if one.isascii() and one.isdigit()
    ]
    for release_id in [one for one in dict.fromkeys(wanted) if one in known][:MOST_READ]:
        reading.ask(connector, release_id)
    back = own_path(request.POST.get("next", ""))
    return redirect(back or reverse("library_method_list", args=[connector.pk]))


@require_safe
@role_required(Role.VIEWER)
def library_compare(request: StaffRequest, pk: int) -> HttpResponse:
    """What is different between two releases of a connector: the live one and an installed one."""
    connector = get_for(request, CONNECTORS, pk=pk)
    known = known_releases(connector)
    before, now = _chosen(request, connector, known)
    sides = [before, now] if before and now else []
    state = _reading_state(connector, [one.release_id for one in sides])
    if is_swap(request) and is_seen(request, state["version"]):
        return nothing_new()
    context: dict[str, Any] = {
        **head_context(request, connector, "compare"),
        **state,
        "known": list(known.values()),
        "before": before,
        "now": now,
    }
    if before and now:
        context |= _compared(connector, before, now)
    return render_page(
        request, "releases/library_compare.html", "releases/_comparison.html", context
    )


def _chosen(
    request: StaffRequest, connector: CatalogueConnector, known: dict[int, Known]
) -> tuple[Known | None, Known | None]:
    """The two that the address names; else the live one, and the other that most accounts have."""
    now = known.get(query_number(request, "to") or 0) or known.get(connector.release_id)
    others = [one for one in known.values() if one is not now]
    likely = max(others, key=lambda one: (one.accounts, -one.release_id), default=None)
    before = known.get(query_number(request, "from") or 0)
    return (before if before is not None and before is not now else likely), now


def _compared(connector: CatalogueConnector, before: Known, now: Known) -> dict[str, Any]:
    """The differences that can be told: of what is not known there are none."""
    found: dict[str, Any] = {}
    if before.parameters is not None and now.parameters is not None:
        found["settings"] = comparing.compare_settings(
            comparing.settings_of(before.parameters), comparing.settings_of(now.parameters)
        )
        found["authentication"] = comparing.compare_authentication(
            before.authentication or (), now.authentication or ()
        )
    console = connector.console_id
    if all(reading.has_methods(console, one.release_id) for one in (before, now)):
        rows = Method.objects.filter(console=console)
        found["methods"] = comparing.compare_methods(
            list(rows.filter(release_id=before.release_id)),
            list(rows.filter(release_id=now.release_id)),
        )
    return found


def _reading_state(connector: CatalogueConnector, releases: list[int]) -> dict[str, Any]:
    """How far the reading of these releases is: which are due, under way, or failed."""
    newest = {one: reading.latest(connector.console_id, one) for one in releases}
    is_there = connector.gone_at is None
    return {
        "due": [one for one, last in newest.items() if is_there and reading.is_due(last)],
        "is_under_way": any(last and not last.is_finished for last in newest.values()),
        "failed": [
            (one, last)
            for one, last in newest.items()
            if last and last.is_finished and last.last_error
        ],
        "never_read": [one for one, last in newest.items() if last is None],
        "version": version_of([last and (last.pk, last.finished_at) for last in newest.values()]),
    }
