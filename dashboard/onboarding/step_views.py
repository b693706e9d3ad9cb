"""What a plan installs: picking connectors and templates, and what each is installed with."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.common.htmx import is_swap, render_page
from dashboard.common.paging import paged
from dashboard.common.untrusted_text import storable
from dashboard.installs.naming import ways_of
from dashboard.mirror.icons import add_icons
from dashboard.mirror.models import CatalogueConnector, CatalogueConnectorQuerySet, Template
from dashboard.onboarding import plan, turning
from dashboard.onboarding.forms import ConnectorForm, CycleNameForm, RunScheduleForm
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.models import OnboardingRun, OnboardingStep, RunState, StepKind
from dashboard.onboarding.plan_views import METHODS, back_to, draft_for, zone_of
from dashboard.people.access import StaffRequest, get_for, require_role, role_required
from dashboard.people.models import Role

FULL = f"A plan has at most {plan.MOST_STEPS} of them."


def _library(run: OnboardingRun) -> CatalogueConnectorQuerySet:
    """What can be planned: for a new account only what all accounts can have."""
    if run.account is not None:
        return CatalogueConnector.objects.for_account(run.account).installable()
    rows = CatalogueConnector.objects.filter(console=run.console, account=None)
    found: CatalogueConnectorQuerySet = rows.installable()
    return found


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def onboarding_connector_pick(request: StaffRequest, reference: str) -> HttpResponse:
    """The library, to add from; a press adds one, and leads back to the plan."""
    run = draft_for(request, reference)
    if request.method == "POST":
        connector = _posted(_library(run), request.POST.get("connector", ""))
        if plan.has_room(run, StepKind.CONNECTOR):
            plan.add_connector(run, connector)
        else:
            messages.warning(request, FULL)
        return redirect(run)
    search = str(storable(request.GET.get("q", "").strip()[:300]))
    rows = _library(run)
    page = paged(request, rows.search(search) if search else rows.order_by("sort_name", "pk"))
    add_icons(page)
    planned = set(run.steps.filter(kind=StepKind.CONNECTOR).values_list("connector", flat=True))
    context = {"run": run, "page": page, "search": search, "planned": planned}
    return render_page(
        request,
        "onboarding/onboarding_connector_pick.html",
        "onboarding/_onboarding_connector_table.html",
        context,
    )


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def onboarding_template_pick(request: StaffRequest, reference: str) -> HttpResponse:
    """The templates, to add from."""
    run = draft_for(request, reference)
    rows = Template.objects.there().filter(console=run.console)
    if request.method == "POST":
        template = _posted(rows, request.POST.get("template", ""))
        if plan.has_room(run, StepKind.TEMPLATE):
            plan.add_template(run, template)
        else:
            messages.warning(request, FULL)
        return redirect(run)
    search = str(storable(request.GET.get("q", "").strip()[:300]))
    found = rows.search(search) if search else rows.order_by("sort_name", "pk")
    planned = set(run.steps.filter(kind=StepKind.TEMPLATE).values_list("template", flat=True))
    context = {
        "run": run,
        "page": paged(request, found.prefetch_related("connectors")),
        "search": search,
        "planned": planned,
    }
    return render_page(
        request,
        "onboarding/onboarding_template_pick.html",
        "onboarding/_onboarding_template_table.html",
        context,
    )


def _posted(rows: Any, key: str) -> Any:
    found = rows.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 18 else None
    if found is None:
        raise Http404
    return found


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def onboarding_step_edit(request: StaffRequest, reference: str, pk: int) -> HttpResponse:
    """What one step is installed with; also of a run that halted there."""
    runs = OnboardingRun.objects.select_related("console", "account").filter(
        state__in=[RunState.DRAFT, *turning.AGAIN]
    )
    run = get_for(request, runs, Role.AGENT, reference=reference)
    require_role(request.user, run, Role.LEAD if run.for_many else turning.role_for(run))
    step = run.steps.select_related("connector", "template", "operation").filter(pk=pk).first()
    if step is None or step.is_over:
        raise Http404
    step.run = run
    if step.kind == StepKind.ACTIVATE:
        return _schedule(request, step)
    if step.kind == StepKind.TEMPLATE and run.is_draft:
        return _name(request, step)
    if step.kind != StepKind.CONNECTOR:
        raise Http404
    return _connector(request, step)


def _name(request: StaffRequest, step: OnboardingStep) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = CycleNameForm(data, initial={"name": step.cycle_name})
    if data is not None and form.is_valid():
        step.put(cycle_name=form.cleaned_data["name"])
        return redirect(step.run)
    context = {"run": step.run, "step": step, "form": form}
    status = 200 if data is None else 422
    return render(request, "onboarding/onboarding_step_name.html", context, status=status)


def _schedule(request: StaffRequest, step: OnboardingStep) -> HttpResponse:
    """How the cycles run, of a run that halted when one was to be activated."""
    run, data = step.run, request.POST if request.method == "POST" else None
    form = RunScheduleForm(zone_of(run), data, wished=Wishes.from_json(run.wishes))
    if data is not None and form.is_valid():
        run.wishes = form.wishes().kept()
        run.save(update_fields=["wishes"])
        return back_to(request, run)
    context = {"run": run, "step": step, "form": form}
    status = 200 if data is None else 422
    return render(request, "onboarding/onboarding_step_schedule.html", context, status=status)


PAGE, PARTIAL = "onboarding/onboarding_step_edit.html", "onboarding/_onboarding_step_form.html"


def _connector(request: StaffRequest, step: OnboardingStep) -> HttpResponse:
    run, connector = step.run, step.connector
    assert connector is not None
    add_icons([connector])
    context: dict[str, Any] = {"run": run, "step": step, "connector": connector}
    if request.method != "POST":
        return render_page(request, PAGE, PARTIAL, context | {"form": _filled(step)})
    method = request.POST.get("method", "")
    is_outdated = request.POST.get("release") != str(connector.release_id)
    if "redraw" in request.POST or is_swap(request) or is_outdated:
        form = _made(step, method=method)
        form.keep(request.POST)
        context |= {"form": form, "outdated": is_outdated}
        return render_page(request, PAGE, PARTIAL, context, status=409 if is_outdated else 200)
    form = _made(step, request.POST, method=method)
    if not form.is_valid():
        return render_page(request, PAGE, PARTIAL, context | {"form": form}, status=422)
    plan.put_entries(step, form.entries())
    step.save(update_fields=["encrypted_input", "display_input", "has_secrets"])
    return back_to(request, run)


def _made(step: OnboardingStep, data: Any = None, *, method: str = "") -> ConnectorForm:
    connector, account = step.connector, step.run.account
    assert connector is not None
    return ConnectorForm(connector, account, data, method=method, ways=ways_of(connector))


def _filled(step: OnboardingStep) -> ConnectorForm:
    """With what was entered before, less secrets."""
    shown = step.display_input
    form = _made(step, method=str(shown.get("method", "")))
    form.initial.update(form.moved(shown.get("initial", {}), str(shown.get("layout", ""))))
    if step.operation is not None:
        form.show_error(step.operation.error_field, step.operation.error)
    return form
