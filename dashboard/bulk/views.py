"""Bulk runs: the list, and one run from its preview to its outcomes."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from dashboard.audit.models import Actor
from dashboard.bulk import services, words
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.spreadsheet import csv_response
from dashboard.common.ticking import is_seen, nothing_new, version_of
from dashboard.mirror.reading import consoles_in_view
from dashboard.operations.models import State
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role


@require_safe
@role_required(Role.VIEWER)
def bulk_run_list(request: StaffRequest) -> HttpResponse:
    """Every run, newest first."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    runs = BulkRun.objects.visible_to(request.user)
    if in_view.chosen:
        runs = runs.filter(console=in_view.chosen)
    runs = runs.annotate(
        to_do=Count("rows", filter=Q(rows__problem="")),
        done=Count("rows", filter=Q(rows__operation__state=State.DONE)),
        failed=Count("rows", filter=Q(rows__operation__state=State.FAILED)),
    )
    page = paged(request, runs.order_by("-created_at", "-pk"))
    version = version_of(
        request.get_full_path(),
        page.total,
        [(run.pk, run.state, run.done, run.failed) for run in page],
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context = {
        "page": page,
        "shapes": words.SHAPES,
        "in_view": in_view,
        "is_moving": any(run.state == RunState.RUNNING for run in page),
        "version": version,
    }
    return render_page(request, "bulk/bulk_run_list.html", "bulk/_bulk_run_table.html", context)


@require_safe
@role_required(Role.VIEWER)
def bulk_run_detail(request: StaffRequest, reference: str) -> HttpResponse:
    """One run: how far it is, one line for each account, and what can be done about it."""
    runs = BulkRun.objects.select_related("connector", "console", "actor_user")
    run = get_for(request, runs, reference=reference)
    progress = services.progress(run)
    show = request.GET.get("show", "")
    rows = run.rows.filter(words.SHOWS[show]) if show in words.SHOWS else run.rows.all()
    page = paged(request, words.with_stories(rows))
    lines = list(words.lines(page))
    version = version_of(
        request.get_full_path(),
        (run.state, run.halted, progress),
        [(line.row.pk, line.state, line.outcome, line.attempts) for line in lines],
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    role = request.user.role_in(run.console)
    context = {
        "run": run,
        "state": words.state_of(run),
        "progress": progress,
        "time_left": words.time_left(progress),
        "page": page,
        "lines": lines,
        "show": show if show in words.SHOWS else "",
        "entries": run.shown_input.get("entries", []),
        "may_act": role is not None and role >= Role.LEAD,
        "is_moving": run.state == RunState.RUNNING or progress.under_way > 0,
        "version": version,
    }
    return render_page(request, "bulk/bulk_run_detail.html", "bulk/_bulk_run.html", context)


@require_POST
@role_required(Role.LEAD)
def bulk_run_start(request: StaffRequest, reference: str) -> HttpResponse:
    """Begin what the preview shows."""
    return _turned(request, reference, services.start, "It was started already.")


@require_POST
@role_required(Role.LEAD)
def bulk_run_pause(request: StaffRequest, reference: str) -> HttpResponse:
    """Begin no more accounts."""
    return _turned(request, reference, services.pause, "It is not running.")


@require_POST
@role_required(Role.LEAD)
def bulk_run_resume(request: StaffRequest, reference: str) -> HttpResponse:
    """Go on."""
    return _turned(request, reference, services.resume, "It is not paused.")


@require_POST
@role_required(Role.LEAD)
def bulk_run_end(request: StaffRequest, reference: str) -> HttpResponse:
    """Take back the accounts that were not begun."""
    return _turned(request, reference, services.end, "It has ended already.")


@require_POST
@role_required(Role.LEAD)
def bulk_run_retry(request: StaffRequest, reference: str) -> HttpResponse:
    """Try the failed accounts again."""
    run = get_for(request, BulkRun.objects, Role.LEAD, reference=reference)
    if not services.retry_failed(run, Actor.staff(request.user)):
        messages.warning(
            request, "No failed account can be tried again: its entries are not kept any more."
        )
    return redirect(run)


@require_POST
@role_required(Role.LEAD)
def bulk_run_export(request: StaffRequest, reference: str) -> HttpResponseBase:
    """The outcomes as CSV."""
    run = get_for(request, BulkRun.objects, Role.LEAD, reference=reference)
    services.note_export(run, Actor.staff(request.user))
    rows: list[BulkRow] = list(words.with_stories(run.rows.all()))
    return csv_response(f"outcomes-{run.reference}", words.COLUMNS, words.table(rows))


def _turned(
    request: StaffRequest, reference: str, turn: Callable[[BulkRun, Actor], bool], otherwise: str
) -> HttpResponse:
    run = get_for(request, BulkRun.objects, Role.LEAD, reference=reference)
    if not turn(run, Actor.staff(request.user)):
        messages.warning(request, otherwise)
    return redirect(run)
