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
from dashboard.common.paging import clean_address, paged, paged_long
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.sorting import Order, Sorting
from dashboard.cycles import prerequisites
from dashboard.cycles.connectors import needed_by
from dashboard.cycles.filters import STATES, CycleFilter
from dashboard.mirror.freshness import consoles_in_view, gone_lately, is_stale, reading_of
from dashboard.mirror.models import Account, Cycle, Template
from dashboard.operations.models import Operation, State
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
    page = paged_long(request, asked.among(every).order_by(*sorting.order_by))
    is_first_reading = reading.is_running and reading.read_at is None
    is_waiting = not page.total and is_first_reading and not asked.is_set
    version = version_of(is_waiting, page.total)
    if is_waiting and is_seen(request, version):
        return nothing_new()
    context: dict[str, Any] = {
        "page": page,
        "search": asked.search,
        "state": asked.state,
        "states": [(key, label) for key, (label, _) in STATES.items()],
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
    """One cycle: how it does, what it lacks, and the connectors that it needs."""
    cycle = get_for(request, CYCLES, pk=pk)
    operations = Operation.objects.filter(exclusivity_key=exclusivity_key(cycle))
    active, last = operations.active().first(), operations.first()
    reading = prerequisites.latest(cycle)
    is_reading = reading is not None and not reading.is_finished
    version = version_of(
        cycle.state,
        cycle.error_count,
        cycle.warning_count,
        cycle.last_successful_run_at,
        active and (active.pk, active.state),
        last and last.pk,
        reading and (reading.pk, reading.finished_at),
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    needs_reading = is_there(cycle) and not cycle.is_active
    role = request.user.role_in(cycle.console)
    context = {
        "cycle": cycle,
        "account": cycle.account,
        "needed": needed_by(cycle),
        "template": _template_of(cycle),
        "active": active,
        "failed": last if last is not None and last.state == State.FAILED else None,
        "reading": reading if needs_reading else None,
        "is_reading": is_reading and needs_reading,
        "is_due": needs_reading and prerequisites.is_due(reading) and active is None,
        "lacking": prerequisites.lacking(cycle, reading.found if reading else []),
        "needs_reading": needs_reading,
        "is_moving": is_reading or active is not None,
        "may_act": bool(role and role >= Role.AGENT and is_there(cycle)),
        "may_delete": bool(role and role >= Role.LEAD and is_there(cycle)),
        "version": version,
        "asks_itself": is_stale(cycle.account),
        "back": request.get_full_path(),
    }
    return render_page(request, "cycles/cycle_detail.html", "cycles/_cycle.html", context)


def exclusivity_key(cycle: Cycle) -> str:
    """One change of a cycle at a time, whichever it is."""
    return f"cycle:{cycle.pk}"


def is_there(cycle: Cycle) -> bool:
    """Whether there is anything to change."""
    return cycle.gone_at is None and cycle.account.gone_at is None


def _template_of(cycle: Cycle) -> Template | None:
    if not cycle.template_cyclr_id:
        return None
    found: Template | None = Template.objects.filter(
        console=cycle.account.console_id, cyclr_id=cycle.template_cyclr_id
    ).first()
    return found
