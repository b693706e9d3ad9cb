"""Onboarding runs: the list, one run, and what can be done about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import replace_url

from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap, redirect_browser, render_page
from dashboard.common.paging import clean_address, paged
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.common.searching import words_in
from dashboard.common.untrusted_text import storable
from dashboard.links.forms import SubmissionForm
from dashboard.mirror.freshness import consoles_in_view
from dashboard.onboarding import display, plan_views, turning
from dashboard.onboarding.forms import entries_of
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.models import (
    OPEN,
    OnboardingRun,
    OnboardingStep,
    RunState,
    StepKind,
    StepState,
)
from dashboard.onboarding.turning import NotPossibleError, role_for
from dashboard.operations.models import Reason, State
from dashboard.people.access import StaffRequest, get_for, require_role, role_required
from dashboard.people.models import Role

RUNS = OnboardingRun.objects.select_related("console", "account__console", "actor_user", "table")
SHOW: dict[str, tuple[str, tuple[str, ...]]] = {
    "open": ("Open", OPEN),
    "halted": ("Needs you", (RunState.HALTED,)),
    "waiting": ("Waiting", (RunState.WAITING,)),
    "draft": ("Drafts", (RunState.DRAFT,)),
    "done": ("Done", (RunState.DONE,)),
    "stopped": ("Stopped", (RunState.STOPPED, RunState.FAILED)),
}
"""The lists that the address can ask for, and the states in them."""
RELATED = (
    *("operation__account_connector", "connector", "template", "cycle__account"),
    *("link__console", "link__account"),
)


def runs_in_view(request: StaffRequest) -> QuerySet[OnboardingRun]:
    """The runs that the person may see; previews of tables are on the table's own page."""
    rows: QuerySet[OnboardingRun] = RUNS.visible_to(request.user)
    return rows.exclude(state=RunState.DRAFT, table__isnull=False)


@require_safe
@role_required(Role.VIEWER)
def onboarding_run_list(request: StaffRequest) -> HttpResponse:
    """Every run, newest first, with what each waits for."""
    if is_swap(request) and request.htmx.trigger_name == "console":
        return redirect_browser(clean_address(request))
    in_view = consoles_in_view(request)
    search = storable(request.GET.get("q", "").strip()[:300])
    show = request.GET.get("show", "")
    show = show if show in SHOW else ""
    rows = runs_in_view(request)
    if in_view.chosen:
        rows = rows.filter(console=in_view.chosen)
    if search:
        rows = rows.filter(words_in(search, "search_text", "account__search_text"))
    counts = [
        (key, label, rows.filter(state__in=states).count()) for key, (label, states) in SHOW.items()
    ]
    found = rows.filter(state__in=SHOW[show][1]) if show else rows
    page = paged(request, found)
    lines = lines_of(page.items)
    version = version_of(
        request.get_full_path(), page.total, counts, [(one.run.pk, one.message) for one in lines]
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    context = {
        "page": page,
        "lines": lines,
        "search": search,
        "show": show,
        "chips": counts,
        "in_view": in_view,
        "is_moving": any(line.run.is_open for line in lines),
        "version": version,
    }
    response = render_page(
        request,
        "onboarding/onboarding_run_list.html",
        "onboarding/_onboarding_run_table.html",
        context,
    )
    if is_swap(request) and request.htmx.trigger_name:
        replace_url(response, clean_address(request))
    return response


def lines_of(runs: list[OnboardingRun]) -> list[display.Line]:
    """Each run with the step at which it is; one query for all steps."""
    steps: dict[int, list[OnboardingStep]] = {}
    for step in OnboardingStep.objects.filter(run__in=[run.pk for run in runs]):
        steps.setdefault(step.run_id, []).append(step)
    return [display.line_of(run, steps.get(run.pk, [])) for run in runs]


@require_safe
@role_required(Role.VIEWER)
def onboarding_run_detail(request: StaffRequest, reference: str) -> HttpResponse:
    """One run: its steps, what it waits for, and what can be done; a draft is planned here."""
    run = get_for(request, RUNS, reference=reference)
    role = request.user.role_in(run.console)
    may_act = role is not None and role >= role_for(run)
    if run.is_draft and may_act:
        return plan_views.draw(request, run)
    steps = list(run.steps.select_related(*RELATED))
    current = next((step for step in steps if not step.is_over), None)
    version = version_of(
        run.state,
        run.actor_name,
        [(step.pk, step.state, step.message, step.tries) for step in steps],
        current and current.operation and (current.operation.state, current.operation.attempt),
    )
    if is_swap(request) and is_seen(request, version):
        return nothing_new()
    state = RunState(run.state)
    context = {
        "run": run,
        "shape": display.SHAPES[state],
        "steps": [(step, display.STEP_SHAPES[step.state]) for step in steps],
        "done": sum(step.is_over for step in steps),
        "current": current if run.is_open else None,
        "wishes": entries_of(Wishes.from_json(run.wishes)),
        "is_moving": run.is_open,
        "version": version,
        "may_act": may_act,
        "may_stop": may_act and run.is_open,
        "submission": SubmissionForm(initial={"submission": uuid.uuid4()}),
        **_possible(run, current, may_act=may_act),
    }
    return render_page(
        request,
        "onboarding/onboarding_run_detail.html",
        "onboarding/_onboarding_run.html",
        context,
    )


def _possible(
    run: OnboardingRun, current: OnboardingStep | None, *, may_act: bool
) -> dict[str, Any]:
    """Which buttons stand beside the step at which the run is."""
    if not may_act:
        return {}
    is_halted = run.state in turning.AGAIN
    operation = current.operation if current else None
    has_failed = operation is not None and operation.state == State.FAILED
    takes_entries = current is not None and current.kind in turning.WITH_ENTRIES
    has_entries = bool(current and current.encrypted_input) or bool(
        operation and operation.is_retryable
    )
    waits = run.state == RunState.WAITING
    activates = current is not None and current.kind == StepKind.ACTIVATE
    asks_customer = current is not None and current.kind == StepKind.CONSENT
    return {
        "may_go_on": is_halted and (has_entries or not takes_entries or not has_failed),
        "may_fix": is_halted and (takes_entries or activates),
        "may_have_happened": has_failed and operation.reason == Reason.NEEDS_PERSON,  # type: ignore[union-attr]
        "may_skip": current is not None
        and current.kind != StepKind.ACCOUNT
        and (run.state == RunState.HALTED or (waits and current.state == StepState.WAITING)),
        "may_check": waits and not asks_customer,
        "may_send": asks_customer and run.is_open and bool(run.recipient_email),
    }


# ---- turns ----


@require_POST
@role_required(Role.AGENT)
def onboarding_go_on(request: StaffRequest, reference: str) -> HttpResponse:
    """Try the step again at which it halted."""
    return _turned(request, reference, turning.go_on)


@require_POST
@role_required(Role.AGENT)
def onboarding_skip(request: StaffRequest, reference: str) -> HttpResponse:
    """Leave out the step at which it is."""
    return _turned(request, reference, turning.skip)


@require_POST
@role_required(Role.AGENT)
def onboarding_stop(request: StaffRequest, reference: str) -> HttpResponse:
    """End it; what was done stays."""
    return _turned(request, reference, turning.stop)


@require_POST
@role_required(Role.AGENT)
def onboarding_check_now(request: StaffRequest, reference: str) -> HttpResponse:
    """Ask Cyclr now whether it can go on."""
    return _turned(request, reference, lambda run, _: turning.check_now(run))


@require_POST
@role_required(Role.AGENT)
def onboarding_send(request: StaffRequest, reference: str) -> HttpResponse:
    """Mail the link again, or a new one in its place."""
    run = _turnable(request, reference)
    form = SubmissionForm(request.POST)
    if not form.is_valid():
        messages.info(request, "Nothing was sent: press the button once more.")
        return redirect(run)
    submission = form.cleaned_data["submission"]
    return _turned(
        request,
        reference,
        lambda run, actor: turning.send_link(run, actor, submission),
        "The message is on its way.",
    )


def _turnable(request: StaffRequest, reference: str) -> OnboardingRun:
    """The run, if the person may decide how it goes on."""
    run: OnboardingRun = get_for(request, RUNS, Role.AGENT, reference=reference)
    require_role(request.user, run, role_for(run))
    return run


def _turned(
    request: StaffRequest,
    reference: str,
    turn: Callable[[OnboardingRun, Actor], object],
    said: str = "",
) -> HttpResponse:
    run = _turnable(request, reference)
    try:
        turn(run, Actor.staff(request.user))
    except NotPossibleError as error:
        messages.warning(request, str(error))
    else:
        if said:
            messages.success(request, said)
    return redirect(run)
