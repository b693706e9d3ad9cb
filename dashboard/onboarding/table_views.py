"""Onboarding many accounts: the table, its preview, and how far they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.spreadsheet import csv_response
from dashboard.onboarding import plan, turning
from dashboard.onboarding.forms import entries_of
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.models import (
    ENDED,
    OPEN,
    OnboardingRun,
    OnboardingStep,
    OnboardingTable,
    RunState,
    StepKind,
)
from dashboard.onboarding.plan_views import METHODS, draft_for
from dashboard.onboarding.table_form import TableForm
from dashboard.onboarding.tables import make_table
from dashboard.onboarding.views import RUNS, SHOW, lines_of
from dashboard.operations.submissions import draw_anew
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role
from dashboard.people.proof import reauthenticated

TABLES = OnboardingTable.objects.select_related("console", "actor_user")
LEFT_OUT_SHOWN = 200
COLUMNS = (
    *("Line", "Account", "Account id", "Recipient", "E-mail", "State", "Step", "Details"),
    *("Steps done", "Steps", "Run"),
)


@require_http_methods(METHODS)
@role_required(Role.LEAD)
def onboarding_table_new(request: StaffRequest, reference: str) -> HttpResponse:
    """The accounts that a plan is for; a valid table becomes a preview."""
    run = draft_for(request, reference)
    if not run.for_many:
        raise Http404
    steps = list(run.steps.select_related("connector", "template"))
    data = request.POST if request.method == "POST" else None
    form = TableForm(run, steps, data, request.FILES if data is not None else None)
    context: dict[str, Any] = {
        "run": run,
        "form": form,
        "steps": steps,
        "problems": plan.problems_of(run, steps),
        "wishes": entries_of(Wishes.from_json(run.wishes)),
    }
    if data is None:
        return render(request, "onboarding/onboarding_table_new.html", context)
    if context["problems"] or not form.is_valid():
        draw_anew(form)
        return render(request, "onboarding/onboarding_table_new.html", context, status=422)
    return redirect(make_table(Actor.staff(request.user), form))


@require_safe
@role_required(Role.VIEWER)
def onboarding_table_detail(request: StaffRequest, reference: str) -> HttpResponse:
    """The preview, then how far each account is."""
    table = get_for(request, TABLES, reference=reference)
    counts = _counts(table)
    show = request.GET.get("show", "")
    show = show if show in SHOW else ""
    runs = RUNS.filter(table=table).order_by("line")
    page = paged(request, runs.filter(state__in=SHOW[show][1]) if show else runs)
    lines = lines_of(page.items)
    version = version_of(
        request.get_full_path(),
        table.ended_at,
        counts,
        [(one.run.pk, one.label, one.message, one.done) for one in lines],
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    role = request.user.role_in(table.console)
    total = sum(counts.values())
    context = {
        "table": table,
        "page": page,
        "lines": lines,
        "new_accounts": _new_accounts([run.pk for run in page]),
        "show": show,
        "chips": [
            (key, label, sum(counts.get(state, 0) for state in states))
            for key, (label, states) in SHOW.items()
            if key != "draft"
        ],
        "total": total,
        "ended": sum(counts.get(state, 0) for state in ENDED),
        "open": sum(counts.get(state, 0) for state in OPEN),
        "halted": counts.get(RunState.HALTED, 0) + counts.get(RunState.FAILED, 0),
        "left_out": table.left_out[:LEFT_OUT_SHOWN],
        "left_out_more": max(0, len(table.left_out) - LEFT_OUT_SHOWN),
        "plan": _plan_of(table),
        "is_moving": table.started_at is not None and table.ended_at is None,
        "may_act": role is not None and role >= Role.LEAD,
        "version": version,
    }
    return render_page(
        request,
        "onboarding/onboarding_table_detail.html",
        "onboarding/_onboarding_table.html",
        context,
    )


def _counts(table: OnboardingTable) -> dict[str, int]:
    rows = table.runs.order_by().values_list("state").annotate(count=Count("pk"))
    return dict(rows)


def _new_accounts(runs: list[int]) -> set[int]:
    """Which of these runs create their account."""
    steps = OnboardingStep.objects.filter(run__in=runs, kind=StepKind.ACCOUNT)
    return set(steps.values_list("run", flat=True))


def _plan_of(table: OnboardingTable) -> list[str]:
    """What is done for each account, in words: the steps of the first."""
    first = table.runs.order_by("line").first()
    if first is None:
        return []
    steps = first.steps.exclude(kind=StepKind.ACCOUNT)
    return list(steps.values_list("title", flat=True))


@require_POST
@role_required(Role.LEAD)
def onboarding_table_start(request: StaffRequest, reference: str) -> HttpResponse:
    """Begin what the preview shows."""
    table = get_for(request, TABLES, Role.LEAD, reference=reference)
    if not turning.begin_table(table, Actor.staff(request.user)):
        messages.warning(request, "It has already been started.")
    return redirect(table)


@require_POST
@role_required(Role.LEAD)
def onboarding_table_go_on(request: StaffRequest, reference: str) -> HttpResponse:
    """Try those again that halted."""
    table = get_for(request, TABLES, Role.LEAD, reference=reference)
    _, left = turning.go_on_all(table, Actor.staff(request.user))
    if left:
        messages.warning(
            request,
            f"{left:,} cannot be tried again from here: open each of them, it says what to do.",
        )
    return redirect(table)


@require_POST
@role_required(Role.LEAD)
def onboarding_table_stop(request: StaffRequest, reference: str) -> HttpResponse:
    """Stop all that have not ended."""
    table = get_for(request, TABLES, Role.LEAD, reference=reference)
    turning.stop_all(table, Actor.staff(request.user))
    return redirect(table)


@require_POST
@role_required(Role.LEAD)
@reauthenticated
def onboarding_table_export(request: StaffRequest, reference: str) -> HttpResponseBase:
    """How far each is, as CSV; the lines that were left out too."""
    table = get_for(request, TABLES, Role.LEAD, reference=reference)
    turning.record_table(table, Actor.staff(request.user), "export", "exported")
    return csv_response(f"onboarding-{table.reference}", COLUMNS, _rows(request, table))


def _rows(request: StaffRequest, table: OnboardingTable) -> Iterator[list[object]]:
    for number, label, why in table.left_out:
        yield [number, label, "", "", "", "Left out", "", why, "", "", ""]
    runs: list[OnboardingRun] = list(RUNS.filter(table=table).order_by("line"))
    for line in lines_of(runs):
        run = line.run
        yield [
            *(run.line, run.account or run.name, run.account.cyclr_id if run.account else ""),
            *(run.recipient_name, run.recipient_email, line.label, line.step, line.message),
            *(line.done, line.steps, request.build_absolute_uri(run.get_absolute_url())),
        ]
