"""Installed connectors across all accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import replace_url

from dashboard.accounts import tags
from dashboard.accounts.filters import STATES, ConnectorFilter
from dashboard.accounts.search_terms import KEYWORDS, without
from dashboard.audit import list_export
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.page_addresses import page_addresses
from dashboard.common.paging import Page, clean_address, paged_long, paged_prepared
from dashboard.common.plans import Unindexed
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.prepared import prepared
from dashboard.common.sorting import Sorting
from dashboard.fleet import export, saved_views
from dashboard.fleet.asking import (
    BY_WEAR,
    ORDERS,
    as_prepared,
    is_prepared,
    named_rows,
    shown,
)
from dashboard.fleet.drawing import ALL_COLUMNS, USUAL, WEARS, Column, Line, draw_lines, with_wear
from dashboard.fleet.rows import COLUMNS, Row, due_from, forecasts, icons, open_links
from dashboard.forecasts.registration import WEARING
from dashboard.mirror.freshness import InView, consoles_in_view, reading_of
from dashboard.mirror.models import AccountConnector, WhyBroken
from dashboard.mirror.usage import connector_names
from dashboard.people.access import StaffRequest, is_on, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated

BEGUN_FROM_LIST = ("campaign_new", "connector_run_new")
"""The pages that what is ticked leads to."""


@require_safe
@role_required(Role.VIEWER)
def connector_list(request: StaffRequest) -> HttpResponse:
    """Every installed connector, searched, filtered and sorted as the address says."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    if to := _with_columns(request):
        return redirect(to)
    columns = saved_views.named(request.GET.get("columns", "")) or USUAL
    in_view = consoles_in_view(request)
    reading = reading_of(in_view.shown)
    asked = ConnectorFilter.of(request.GET)
    orders = ORDERS
    if asked.parsed.has("is", WEARING):
        columns, orders = with_wear(columns), (*ORDERS, BY_WEAR)
    sorting = Sorting(request, orders)
    page = _page(request, in_view, asked, sorting)
    is_first_reading = reading.is_running and reading.read_at is None
    is_waiting = not page.total and is_first_reading and not asked.is_set
    version = version_of(is_waiting, page.total)
    if is_waiting and is_seen(request, version):
        return nothing_new()
    may_pick = _pickable(request, page)
    context: dict[str, Any] = {
        "page": page,
        "lines": _lines(page, columns, may_pick),
        "columns": [(column, sorting.headings.get(column.sort)) for column in columns],
        "looks": _looks(request, in_view, columns),
        "search": asked.search,
        "parsed": asked.parsed,
        "terms": [(term, without(asked.search, term)) for term in asked.parsed.terms],
        "keywords": KEYWORDS.values(),
        "name": asked.name,
        "state": asked.state,
        "why": asked.why,
        "classes": _classes(in_view, asked),
        "tag": asked.tag,
        "states": [(key, label) for key, (label, _) in STATES.items()],
        "sorting": sorting,
        "in_view": in_view,
        "reading": reading,
        "is_waiting": is_waiting,
        "is_filtered": asked.is_set,
        "may_reconnect": may_pick,
        "version": version,
    }
    if not is_swap(request):
        tag_names = tags.names_in_use(in_view.shown)
        context |= {"tag_names": tag_names, "tag": tags.as_named(asked.tag, tag_names)}
        names = connector_names([console.pk for console in in_view.shown])
        context["names"] = sorted({*names, asked.name} - {""})
    if not page.total and asked.narrows and asked.parsed.text:
        context["without_filters"] = shown(in_view).search(asked.parsed.text).count()
    response = render_page(
        request, "fleet/connector_list.html", "fleet/_connector_table.html", context
    )
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


@require_POST
@role_required(Role.LEAD)
@reauthenticated
def connector_export(request: StaffRequest) -> HttpResponseBase:
    """What the list shows as CSV, of the consoles in which the person is a Lead."""
    every = shown(consoles_in_view(request)).visible_to(request.user, Role.LEAD)
    rows = ConnectorFilter.of(request.GET).among(every)
    return list_export.export(request, "connectors", export.HEADINGS, export.table(rows))


def _classes(in_view: InView, asked: ConnectorFilter) -> list[tuple[str, str, int]]:
    """Why connectors are broken: the classes that occur, and how many of each; and the chosen."""
    since = timezone.now() - timedelta(seconds=settings.KEEP_GONE_FOR)
    counts: dict[str, int] = dict(
        _broken_by_class([console.pk for console in in_view.shown], since)
    )
    named = ((why, label, counts.get(why, 0)) for why, label in WhyBroken.choices)
    found = [one for one in named if one[2] or one[0] == asked.why]
    is_choice = asked.why or any(why != WhyBroken.UNKNOWN for why, _, _ in found)
    return found if is_choice else []


@prepared
def _broken_by_class(consoles: list[int], since: datetime) -> QuerySet[Any, Any]:
    rows = AccountConnector.objects.filter(gone_at=None, why_broken__gt="")
    there = Q(account__gone_at=None) | Q(account__gone_at__gt=since)
    rows = rows.alias(of_console=Unindexed("account__console_id"))
    rows = rows.filter(there, of_console__in=consoles).order_by()
    found: QuerySet[Any, Any] = rows.values_list("why_broken").annotate(Count("pk"))
    return found


def _page(
    request: StaffRequest, in_view: InView, asked: ConnectorFilter, sorting: Sorting
) -> Page[Row]:
    """The rows that the address asks for."""
    name = f"connectors {sorted(console.pk for console in in_view.shown)} {asked}"
    page: Page[Any] | None = None
    if is_prepared(asked):
        page = paged_prepared(request, as_prepared(in_view, asked, sorting), name=name)
    if page is None:
        page = _any_page(request, in_view, asked, sorting, name)
    page.items = [Row(*values) for values in page.items]
    return page


def _any_page(
    request: StaffRequest, in_view: InView, asked: ConnectorFilter, sorting: Sorting, name: str
) -> Page[Any]:
    every = shown(in_view)
    is_by_wear = sorting.chosen == BY_WEAR

    def listed(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        found = rows.annotate(wears_from=due_from()) if is_by_wear else rows
        return found.order_by(*sorting.order_by).values_list(*COLUMNS)

    return paged_long(
        request,
        lambda: listed(asked.among(every)),
        each=asked.each_among(every) if asked.is_set else (),
        every=listed(AccountConnector.objects.all()) if is_by_wear else None,
        named=None if is_by_wear else named_rows(sorting),
        name=name,
    )


def _lines(page: Page[Row], columns: Sequence[Column], may_pick: set[int]) -> SafeString:
    """The rows, drawn."""
    digests, links = icons(page), open_links(page)
    due = forecasts(page) if WEARS in columns else {}
    urls = page_addresses("connector_detail", [row.pk for row in page])
    account_urls = page_addresses("account_detail", [row.account_id for row in page])
    lines = [
        Line(
            row,
            url,
            account_url,
            digests.get(row.pk, ""),
            links.get(row.pk),
            row.console_id in may_pick,
            due.get(row.pk),
        )
        for row, url, account_url in zip(page, urls, account_urls, strict=True)
    ]
    return draw_lines(lines, columns, is_picking=bool(may_pick))


def _with_columns(request: StaffRequest) -> str:
    """The address with the columns that the person keeps, so that it can be pasted; or nothing."""
    if is_swap(request) or "columns" in request.GET:
        return ""
    kept = saved_views.kept_columns(request.user)
    query = request.GET.copy()
    query["columns"] = kept
    return f"{request.path}?{query.urlencode()}" if kept else ""


def _looks(request: StaffRequest, in_view: InView, columns: Sequence[Column]) -> dict[str, Any]:
    """What can be saved of how the list is looked at, and what was saved before."""
    user = request.user
    console = in_view.shown[0] if len(in_view.shown) == 1 else None
    return {
        "views": saved_views.offered_to(user),
        "may_save": user.highest_role is not None and user.highest_role >= Role.AGENT,
        "may_share": saved_views.may_share(user, console),
        "columns": [(column, column in columns) for column in ALL_COLUMNS[1:]],
        "query": request.GET.urlencode(),
    }


def _pickable(request: StaffRequest, page: Page[Row]) -> set[int]:
    """The consoles of shown connectors in which the person may start a campaign."""
    roles = {console: request.user.role_in(console) for console in {row.console_id for row in page}}
    return {
        console
        for console, role in roles.items()
        if role is not None
        and role >= Role.LEAD
        and any(is_on(request.user, begun, console) for begun in BEGUN_FROM_LIST)
    }
