"""Installed connectors across all accounts."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q
from django.http import HttpResponse
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url

from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.sorting import Order, Sorting
from dashboard.common.ticking import is_seen, nothing_new, version_of
from dashboard.mirror.models import AccountConnector, AccountConnectorQuerySet
from dashboard.mirror.reading import InView, consoles_in_view, gone_lately, reading_of
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role

ORDERS = (
    Order(
        "state",
        "State",
        (
            F("gone_at").asc(nulls_first=True),
            F("authenticated").asc(nulls_first=True),
            "name",
            "pk",
        ),
        (F("authenticated").desc(nulls_last=True), "-name", "-pk"),
    ),
    Order("name", "Name", ("name", "pk"), ("-name", "-pk")),
    Order(
        "account",
        "Account",
        ("account__sort_name", "account_id", "name", "pk"),
        ("-account__sort_name", "-account_id", "name", "pk"),
    ),
    Order(
        "since",
        "Since",
        (F("authenticated_since").desc(nulls_last=True), "name", "pk"),
        (F("authenticated_since").asc(nulls_first=True), "name", "pk"),
        falls=True,
    ),
)
STATES = {
    "not-authenticated": ("Not authenticated", Q(gone_at=None) & ~Q(authenticated=True)),
    "authenticated": ("Authenticated", Q(gone_at=None, authenticated=True)),
    "gone": ("Gone", Q(gone_at__isnull=False)),
}


@require_safe
@role_required(Role.VIEWER)
def connector_list(request: StaffRequest) -> HttpResponse:
    """Every installed connector, searched, filtered and sorted as the address says."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    reading = reading_of(in_view.shown)
    search = request.GET.get("q", "").strip()
    name = request.GET.get("connector", "").replace("\x00", "")
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    sorting = Sorting(request, ORDERS)
    every = _shown(request, in_view)
    found = every.search(search)
    if name:
        found = found.filter(connector_name=name)
    if state:
        found = found.filter(STATES[state][1])
    page = paged(request, found.select_related("account").order_by(*sorting.order_by))
    is_filtered = bool(search or name or state)
    is_first_reading = reading.is_running and reading.read_at is None
    is_waiting = not page.total and is_first_reading and not is_filtered
    version = version_of(is_waiting, page.total)
    if is_waiting and is_seen(request, version):
        return nothing_new()
    context: dict[str, Any] = {
        "page": page,
        "search": search,
        "name": name,
        "state": state,
        "states": [(key, words) for key, (words, _) in STATES.items()],
        "sorting": sorting,
        "in_view": in_view,
        "reading": reading,
        "is_waiting": is_waiting,
        "is_filtered": is_filtered,
        "version": version,
    }
    if not is_swap(request):
        names = every.exclude(connector_name="").order_by("connector_name")
        context["names"] = list(names.values_list("connector_name", flat=True).distinct())
    if not page.total and search and (name or state):
        context["without_filters"] = every.search(search).count()
    response = render_page(
        request, "fleet/connector_list.html", "fleet/_connector_table.html", context
    )
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


def _shown(request: StaffRequest, in_view: InView) -> AccountConnectorQuerySet:
    rows = AccountConnector.objects.visible_to(request.user)
    if in_view.chosen:
        rows = rows.filter(account__console=in_view.chosen)
    return rows.filter(gone_lately(), gone_lately("account__"))
