"""Pages of the connector library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url

from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.library import services
from dashboard.mirror.catalogue import AUTH_TYPES, LABELS, AuthType, label_of
from dashboard.mirror.freshness import consoles_in_view, gone_lately, reading_of
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import CatalogueConnector
from dashboard.mirror.usage import Kind, counts_of
from dashboard.people.access import StaffRequest, get_for, is_on, may_open, role_required
from dashboard.people.models import Role

CONNECTORS = CatalogueConnector.objects.select_related("console", "account")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the library."""

    connector: CatalogueConnector
    methods: str
    asks: str
    accounts: int
    why_not: str


@require_safe
@role_required(Role.VIEWER)
def library_list(request: StaffRequest) -> HttpResponse:
    """The catalogue, searched and filtered as the address says.

    Categories and methods live in JSON that not every database can search, and a catalogue is
    some hundred entries: they are filtered here, on rows without the bulky parameters.
    """
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    reading = reading_of(in_view.shown)
    search = request.GET.get("q", "").strip()
    category = request.GET.get("category", "")
    auth_type = request.GET.get("auth", "")
    auth_type = auth_type if auth_type in AUTH_TYPES else ""
    every = CatalogueConnector.objects.visible_to(request.user).filter(gone_lately())
    if in_view.chosen:
        every = every.filter(console=in_view.chosen)
    light = list(every.search(search).light())
    matching = [one for one in light if one.is_among(category=category, auth_type=auth_type)]
    page = paged(request, matching)
    whole = {c.pk: c for c in every.filter(pk__in=[c.pk for c in page]).select_related("account")}
    rows = [whole[connector.pk] for connector in page if connector.pk in whole]
    counts = counts_of(rows)
    add_icons(rows)
    is_filtered = bool(search or category or auth_type)
    is_first_reading = reading.is_running and reading.read_at is None
    is_waiting = not page.total and is_first_reading and not is_filtered
    version = version_of(is_waiting, page.total)
    if is_waiting and is_seen(request, version):
        return nothing_new()
    context: dict[str, Any] = {
        "page": page,
        "entries": [_entry(connector, counts) for connector in rows],
        "search": search,
        "category": category,
        "auth_type": auth_type,
        "auth_type_label": LABELS[AuthType(auth_type)] if auth_type else "",
        "matching_search": len(light),
        "in_view": in_view,
        "reading": reading,
        "is_waiting": is_waiting,
        "is_filtered": is_filtered,
        "version": version,
    }
    if not is_swap(request):
        context["categories"] = every.categories()
        context["may_install_many"] = may_open(request.user, "install_several")
        context["auth_types"] = [(each, LABELS[each]) for each in AUTH_TYPES]
    response = render_page(
        request, "library/library_list.html", "library/_library_table.html", context
    )
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


def _entry(connector: CatalogueConnector, counts: dict[Kind, int]) -> Entry:
    kind = (connector.console_id, connector.name, connector.version)
    return Entry(
        connector=connector,
        methods=connector.method_label,
        asks=connector.asks_label,
        accounts=counts.get(kind, 0),
        why_not=services.why_not_installable(connector),
    )


@require_safe
@role_required(Role.VIEWER)
def library_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One connector of the library: what an install asks for, and where it is installed."""
    connector = get_for(request, CONNECTORS.select_related("icon"), pk=pk)
    rows = services.installed(connector).select_related("account")
    context = {
        **head_context(request, connector, "asks"),
        "methods": [
            (method, label_of(method), services.fields_of(method)) for method in connector.methods
        ],
        "asked": services.asked_of(connector),
        "not_asked": services.not_asked_of(connector),
        "releases": services.releases_of(connector),
        "page": paged(request, rows.order_by("account__sort_name", "account_id", "pk")),
        "in_view": consoles_in_view(request),
    }
    return render_page(
        request, "library/library_detail.html", "library/_library_accounts.html", context
    )


def head_context(request: StaffRequest, connector: CatalogueConnector, tab: str) -> dict[str, Any]:
    """What stands above every page of a connector: its name, what may be done, the tabs.

    `tab` is the one in view: `asks`, `methods` or `compare`.
    """
    add_icons([connector])
    return {
        "connector": connector,
        "tab": tab,
        "why_not": services.why_not_installable(connector),
        "may_install_many": _may_install_many(request, connector),
        "reading": reading_of([connector.console]),
    }


def _may_install_many(request: StaffRequest, connector: CatalogueConnector) -> bool:
    role = request.user.role_in(connector.console)
    is_lead = role is not None and role >= Role.LEAD
    is_offered = is_lead and is_on(request.user, "install_many", connector.console_id)
    return is_offered and not services.why_not_installable(connector)
