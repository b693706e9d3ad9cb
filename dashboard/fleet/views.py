"""Installed connectors across all accounts."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F
from django.http import HttpResponse
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url

from dashboard.accounts import tags
from dashboard.accounts.filters import STATES, ConnectorFilter
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import Page, clean_address, paged_long
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.sorting import Order, Sorting
from dashboard.links.models import Link, LinkItem
from dashboard.mirror.freshness import InView, consoles_in_view, gone_lately, reading_of
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import AccountConnector, AccountConnectorQuerySet, WhyBroken
from dashboard.mirror.usage import connector_names
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role

ORDERS = (
    Order(
        "state",
        "State",
        (
            F("gone_at").asc(nulls_first=True),
            F("authenticated").asc(nulls_first=True),
            F("test_failed_at").desc(nulls_last=True),
            "sort_name",
            "pk",
        ),
        (
            F("authenticated").desc(nulls_last=True),
            F("test_failed_at").asc(nulls_first=True),
            "-sort_name",
            "-pk",
        ),
    ),
    Order("name", "Name", ("sort_name", "pk"), ("-sort_name", "-pk")),
    Order(
        "account",
        "Account",
        ("account__sort_name", "account_id", "sort_name", "pk"),
        ("-account__sort_name", "-account_id", "sort_name", "pk"),
    ),
    Order(
        "since",
        "Since",
        (F("authenticated_since").desc(nulls_last=True), "sort_name", "pk"),
        (F("authenticated_since").asc(nulls_first=True), "sort_name", "pk"),
        falls=True,
    ),
)


@require_safe
@role_required(Role.VIEWER)
def connector_list(request: StaffRequest) -> HttpResponse:
    """Every installed connector, searched, filtered and sorted as the address says."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    reading = reading_of(in_view.shown)
    asked = ConnectorFilter.of(request.GET)
    sorting = Sorting(request, ORDERS)
    every = _shown(request, in_view)
    found = asked.among(every).select_related("account").order_by(*sorting.order_by)
    page = paged_long(request, found, each=asked.each_among(every) if asked.is_set else ())
    is_first_reading = reading.is_running and reading.read_at is None
    is_waiting = not page.total and is_first_reading and not asked.is_set
    version = version_of(is_waiting, page.total)
    if is_waiting and is_seen(request, version):
        return nothing_new()
    add_icons(page)
    context: dict[str, Any] = {
        "page": page,
        "rows": _with_links(page),
        "search": asked.search,
        "name": asked.name,
        "state": asked.state,
        "why": asked.why,
        "classes": _classes(every, asked),
        "tag": asked.tag,
        "states": [(key, label) for key, (label, _) in STATES.items()],
        "sorting": sorting,
        "in_view": in_view,
        "reading": reading,
        "is_waiting": is_waiting,
        "is_filtered": asked.is_set,
        "may_reconnect": _pickable(request, page),
        "version": version,
    }
    if not is_swap(request):
        tag_names = tags.names_in_use(in_view.shown)
        context |= {"tag_names": tag_names, "tag": tags.as_named(asked.tag, tag_names)}
        names = connector_names([console.pk for console in in_view.shown])
        context["names"] = sorted({*names, asked.name} - {""})
    if not page.total and asked.search and asked.narrows:
        context["without_filters"] = every.search(asked.search).count()
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


def _classes(every: AccountConnectorQuerySet, asked: ConnectorFilter) -> list[tuple[str, str, int]]:
    """Why connectors are broken: the classes that occur, and how many of each; and the chosen."""
    broken = every.filter(gone_at=None).exclude(why_broken="").order_by()
    counts = dict(broken.values_list("why_broken").annotate(Count("pk")))
    named = ((why, label, counts.get(why, 0)) for why, label in WhyBroken.choices)
    found = [one for one in named if one[2] or one[0] == asked.why]
    is_choice = asked.why or any(why != WhyBroken.UNKNOWN for why, _, _ in found)
    return found if is_choice else []


def _with_links(page: Page[AccountConnector]) -> list[tuple[AccountConnector, Link | None]]:
    """The shown connectors, each with the newest open link on which it is not done yet."""
    items = LinkItem.objects.filter(
        account_connector__in=[row.pk for row in page],
        connected_at=None,
        link__in=Link.objects.open(),
    ).select_related("link__console")
    links = {item.account_connector_id: item.link for item in items.order_by("link")}
    return [(row, links.get(row.pk)) for row in page]


def _pickable(request: StaffRequest, page: Page[AccountConnector]) -> set[int]:
    """The shown connectors in whose console the person may start a campaign."""
    least = Role.LEAD
    roles = {row.account.console_id: request.user.role_in(row.account.console_id) for row in page}
    may = {console for console, role in roles.items() if role is not None and role >= least}
    return {row.pk for row in page if row.account.console_id in may}
