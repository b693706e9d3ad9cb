"""Cycles: across the fleet, of an account, and one by itself, as they were read last."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django_htmx.http import replace_url

from dashboard.accounts import services as accounts
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.sorting import Order, Sorting
from dashboard.cycles.connectors import needed_by
from dashboard.cycles.filters import STATES, CycleFilter
from dashboard.mirror.freshness import consoles_in_view, gone_lately, reading_of
from dashboard.mirror.models import Account, Cycle, Template
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

CYCLES = Cycle.objects.select_related("account__console")
ORDERS = (
    Order(
        "errors",
        "Errors",
        (
            F("error_count").desc(nulls_last=True),
            F("warning_count").desc(nulls_last=True),
            "sort_name",
            "pk",
        ),
        (
            F("error_count").asc(nulls_first=True),
            F("warning_count").asc(nulls_first=True),
            "-sort_name",
            "-pk",
        ),
        falls=True,
    ),
    Order("name", "Name", ("sort_name", "pk"), ("-sort_name", "-pk")),
    Order(
        "account",
        "Account",
        ("account__sort_name", "account_id", "sort_name", "pk"),
        ("-account__sort_name", "-account_id", "sort_name", "pk"),
    ),
    Order(
        "run",
        "Last run",
        (F("last_successful_run_at").desc(nulls_last=True), "sort_name", "pk"),
        (F("last_successful_run_at").asc(nulls_first=True), "sort_name", "pk"),
        falls=True,
    ),
)


@require_safe
@role_required(Role.VIEWER)
def cycle_list(request: StaffRequest) -> HttpResponse:
    """Every cycle, searched, filtered and sorted as the address says."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    reading = reading_of(in_view.shown)
    asked = CycleFilter.of(request.GET)
    sorting = Sorting(request, ORDERS)
    every = CYCLES.visible_to(request.user).filter(gone_lately(), gone_lately("account__"))
    if in_view.chosen:
        every = every.filter(account__console=in_view.chosen)
    page = paged(request, asked.among(every).order_by(*sorting.order_by))
    is_first_reading = reading.is_running and reading.read_at is None
    is_waiting = not page.total and is_first_reading and not asked.is_set
    version = version_of(is_waiting, page.total)
    if is_waiting and is_seen(request, version):
        return nothing_new()
    context: dict[str, Any] = {
        "page": page,
        "search": asked.search,
        "state": asked.state,
        "states": [(key, words) for key, (words, _) in STATES.items()],
        "template": _template_named(request, asked.template),
        "asked": asked,
        "sorting": sorting,
        "in_view": in_view,
        "reading": reading,
        "is_waiting": is_waiting,
        "is_filtered": asked.is_set,
        "version": version,
    }
    response = render_page(request, "cycles/cycle_list.html", "cycles/_cycle_table.html", context)
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


def _template_named(request: StaffRequest, cyclr_id: str) -> Template | None:
    """The template by which the list is narrowed; None if there is none of that id."""
    if not cyclr_id:
        return None
    found: Template | None = (
        Template.objects.visible_to(request.user).filter(cyclr_id=cyclr_id).first()
    )
    return found


@require_safe
@role_required(Role.VIEWER)
def cycle_account_tab(request: StaffRequest, pk: int) -> HttpResponse:
    """The cycles of one account."""
    account = get_for(request, Account.objects.select_related("console"), pk=pk)
    rows = CYCLES.filter(gone_lately(), account=account).order_by("-is_active", "sort_name", "pk")
    context = {
        **accounts.head_context(request, account, "cycles"),
        "page": paged(request, rows),
    }
    return render(request, "cycles/cycle_account_tab.html", context)


@require_safe
@role_required(Role.VIEWER)
def cycle_detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One cycle: how it does, what it was made of, and the connectors that it needs."""
    cycle = get_for(request, CYCLES, pk=pk)
    needed = needed_by(cycle)
    context = {
        "cycle": cycle,
        "account": cycle.account,
        "needed": needed,
        "lacking": [one for one in needed if not one.is_ready],
        "template": _template_of(cycle),
        "back": request.get_full_path(),
    }
    return render(request, "cycles/cycle_detail.html", context)


def _template_of(cycle: Cycle) -> Template | None:
    if not cycle.template_cyclr_id:
        return None
    found: Template | None = Template.objects.filter(
        console=cycle.account.console_id, cyclr_id=cycle.template_cyclr_id
    ).first()
    return found
