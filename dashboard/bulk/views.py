"""Bulk runs: the list, and one run from its preview to its outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from dashboard.audit.models import Actor
from dashboard.bulk import display, services
from dashboard.bulk.models import BulkRun, RunState
from dashboard.bulk.pages import PAGES
from dashboard.bulk.progress import progress_of
from dashboard.bulk.switches import MANY
from dashboard.common.chunks import instances_in_chunks
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.spreadsheet import csv_response
from dashboard.features import services as features
from dashboard.mirror.freshness import consoles_in_view
from dashboard.people.access import StaffRequest, get_for, is_on, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated


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
    page = paged(request, _with_open_pages(request, runs).order_by("-created_at", "-pk"))
    lines = display.run_lines(page)
    version = version_of(
        request.get_full_path(),
        page.total,
        [(line.run.pk, line.state, line.done, line.failed) for line in lines],
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context = {
        "page": page,
        "lines": lines,
        "in_view": in_view,
        "is_moving": any(run.state == RunState.RUNNING for run in page),
        "version": version,
    }
    return render_page(request, "bulk/bulk_run_list.html", "bulk/_bulk_run_table.html", context)


def _with_open_pages(request: StaffRequest, runs: QuerySet[BulkRun]) -> QuerySet[BulkRun]:
    """Without those whose page is switched off in their console."""
    user = request.user
    for kind, page in PAGES.items() if user.switched_off else ():
        closed = [one.pk for one in user.consoles if not is_on(user, page, one)]
        runs = runs.exclude(kind=kind, console__in=closed)
    return runs


HEAD = "bulk-run-head"
"""The part of a run's page with its buttons. The rows poll; the head is drawn anew only when the
run turned: a button must not vanish under a finger."""


@require_safe
@role_required(Role.VIEWER)
def bulk_run_detail(request: StaffRequest, reference: str) -> HttpResponse:
    """One run: how far it is, one line for each account, and what can be done about it."""
    runs = BulkRun.objects.select_related("connector", "console", "actor_user")
    run = get_for(request, runs, reference=reference)
    if run.kind in PAGES:
        return redirect(run)
    progress = progress_of(run)
    state = display.state_of(run, progress)
    role = request.user.role_in(run.console)
    turn = version_of(run.state, run.halted, state, progress.to_do, progress.failed > 0)
    context: dict[str, Any] = {
        "run": run,
        "state": state,
        "heading": display.heading(run, progress.to_do),
        "progress": progress,
        "noun": display.noun_of(run),
        "may_act": role is not None and role >= Role.LEAD,
        "turn": turn,
    }
    if is_swap(request) and request.htmx.target == HEAD:
        return render(request, "bulk/_bulk_run_head.html", context)
    show = request.GET.get("show", "")
    show = show if show in display.SHOWS else ""
    rows = run.rows.filter(display.SHOWS[show]) if show else run.rows.all()
    page = paged(request, display.by_urgency(display.with_events(rows), run))
    lines = list(display.lines(run, page))
    version = version_of(
        request.get_full_path(),
        (turn, progress),
        [(line.row.pk, line.state, line.outcome, line.attempts) for line in lines],
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context |= {
        "bar": display.bar(progress),
        "time_left": display.time_left(progress),
        "page": page,
        "lines": lines,
        "show": show,
        "entries": run.display_input.get("entries", []),
        "notes": run.display_input.get("notes", []),
        "passed_over": display.passed_over(run),
        "is_moving": run.state == RunState.RUNNING or progress.under_way > 0,
        "version": version,
    }
    response = render_page(
        request, "bulk/bulk_run_detail.html", "bulk/_bulk_run_rows.html", context
    )
    if is_swap(request) and request.headers.get("X-Turn") != turn:
        trigger_client_event(response, "turned", after="settle")
    return response


@require_POST
@role_required(Role.LEAD)
def bulk_run_start(request: StaffRequest, reference: str) -> HttpResponse:
    """Begin what the preview shows."""
    _require_on(request, reference)
    return _turned(request, reference, services.start, "It has already been started.")


@require_POST
@role_required(Role.LEAD)
def bulk_run_confirm(request: StaffRequest, reference: str) -> HttpResponse:
    """Take in the lines that the preview asks about, as they stand."""
    run = get_for(request, BulkRun.objects, Role.LEAD, reference=reference)
    if not services.confirm(run, Actor.staff(request.user)):
        messages.warning(request, "There was nothing left to confirm.")
    return redirect(run)


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
    return _turned(request, reference, services.end, "It has already ended.")


@require_POST
@role_required(Role.LEAD)
def bulk_run_retry(request: StaffRequest, reference: str) -> HttpResponse:
    """Try the failed accounts again."""
    _require_on(request, reference)
    run = get_for(request, BulkRun.objects, Role.LEAD, reference=reference)
    failed = run.rows.failed().count()
    again = services.retry_failed(run, Actor.staff(request.user))
    if again < failed:
        messages.warning(
            request,
            f"{failed - again:,} failed account{'s' if failed - again != 1 else ''} cannot be "
            "tried again from here: open each of them, it says what to do.",
        )
    return redirect(run)


@require_POST
@role_required(Role.LEAD)
@reauthenticated
def bulk_run_export(request: StaffRequest, reference: str) -> HttpResponseBase:
    """The outcomes as CSV."""
    run = get_for(request, BulkRun.objects, Role.LEAD, reference=reference)
    services.note_export(run, Actor.staff(request.user))
    return csv_response(f"outcomes-{run.reference}", display.COLUMNS, _outcomes(run))


def _outcomes(run: BulkRun) -> Iterator[tuple[object, ...]]:
    """The lines of the CSV, some hundred rows a query, so that the first comes at once."""
    for some in instances_in_chunks(display.with_events(run.rows.all()), "number"):
        yield from display.table(run, some)


def _require_on(request: StaffRequest, reference: str) -> None:
    """Raise `SwitchedOffError` where no such run may be begun; kinds with pages have their own."""
    run = get_for(request, BulkRun.objects, Role.LEAD, reference=reference)
    if run.kind not in PAGES:
        features.require(MANY, run.console_id, request.user.switched_off)


def _turned(
    request: StaffRequest, reference: str, turn: Callable[[BulkRun, Actor], bool], otherwise: str
) -> HttpResponse:
    run = get_for(request, BulkRun.objects, Role.LEAD, reference=reference)
    if not turn(run, Actor.staff(request.user)):
        messages.warning(request, otherwise)
    return redirect(run)
