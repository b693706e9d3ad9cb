"""Planning a run: the pages of a draft."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.accounts.forms import CreateForm
from dashboard.audit.models import Actor
from dashboard.common import zones
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.features import services as features
from dashboard.links.forms import SubmissionForm
from dashboard.mirror.freshness import consoles_in_view
from dashboard.mirror.models import Account
from dashboard.onboarding import plan, turning
from dashboard.onboarding.forms import PlanForm, entries_of, initial_of
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.models import OnboardingRun, OnboardingStep, RunState, StepKind
from dashboard.onboarding.switches import TABLES
from dashboard.people.access import StaffRequest, consoles_for, get_for, require_role, role_required
from dashboard.people.models import Role

METHODS = ["GET", "HEAD", "POST"]
DRAFTS = OnboardingRun.objects.select_related("console", "account__console").filter(
    state=RunState.DRAFT
)
MOST_MATCHES = 20


def draft_for(request: StaffRequest, reference: str) -> OnboardingRun:
    """The draft, for who may start it; 404 once it was started."""
    run: OnboardingRun = get_for(request, DRAFTS, Role.AGENT, reference=reference)
    if run.table_id is not None:
        raise Http404
    if run.for_many:
        require_role(request.user, run, Role.LEAD)
    return run


# ---- whom ----


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def onboarding_new(request: StaffRequest) -> HttpResponse:
    """Whom: an account that is there, a new one, or many; a press makes a draft."""
    if request.method == "POST":
        return _begun(request)
    search = str(storable(request.GET.get("q", "").strip()[:300]))
    consoles = list(consoles_for(request.user, Role.AGENT))
    if chosen := consoles_in_view(request).chosen:
        consoles = [console for console in consoles if console == chosen]
    accounts = Account.objects.there().filter(console__in=consoles).select_related("console")
    found = (accounts.search(search) if search else accounts).order_by("sort_name", "pk")
    drafts = DRAFTS.filter(console__in=consoles, actor_user=request.user, table=None)
    context = {
        "search": search,
        "accounts": list(found[:MOST_MATCHES]),
        "is_more": found.count() > MOST_MATCHES,
        "consoles": consoles,
        "lead_consoles": list(consoles_for(request.user, Role.LEAD)),
        "drafts": list(drafts[:10]),
        "form": SubmissionForm(initial={"submission": uuid.uuid4()}),
    }
    return render(request, "onboarding/onboarding_new.html", context)


def _begun(request: StaffRequest) -> HttpResponse:
    form = SubmissionForm(request.POST)
    if not form.is_valid():
        messages.info(request, "Press the button once more.")
        return redirect("onboarding_new")
    actor, submission = Actor.staff(request.user), form.cleaned_data["submission"]
    if "many" in request.POST:
        consoles = Console.objects.current()
        console = consoles.filter(pk__in=_digits(request.POST["many"])).first()
        if console is None:
            raise Http404
        require_role(request.user, console, Role.LEAD)
        features.require(TABLES, console, request.user.switched_off)
        run = plan.make_draft(actor, console, submission, for_many=True)
        _tell_of_defaults(request, console)
        return redirect(run)
    accounts = Account.objects.there().select_related("console")
    account = get_for(request, accounts, Role.AGENT, pk=request.POST.get("account", ""))
    run = plan.make_draft(actor, account.console, submission, account=account)
    _tell_of_defaults(request, account.console)
    return redirect(run)


def _tell_of_defaults(request: StaffRequest, console: Console) -> None:
    """What of the default connectors is not in the plan, and why."""
    for problem in plan.default_problems(console):
        messages.warning(request, problem)


def _digits(text: str) -> list[int]:
    return [int(text)] if text.isdecimal() and len(text) < 18 else []


@require_http_methods(METHODS)
@role_required(Role.LEAD)
def onboarding_account(request: StaffRequest) -> HttpResponse:
    """The new account of a run: `?run=` names one whose entries are changed."""
    run = _run_of_account(request)
    consoles = list(consoles_for(request.user, Role.LEAD))
    console = run.console if run else _console(request, consoles)
    if console is None:
        return render(request, "onboarding/onboarding_account.html", {"consoles": consoles})
    data = request.POST if request.method == "POST" else None
    form = _account_form(console, data)
    if run is not None and data is None:
        step = run.steps.get(kind=StepKind.ACCOUNT)
        kept = step.display_input.get("initial") or {}
        form.initial.update({name: value for name, value in kept.items() if name in form.fields})
        if step.operation is not None:
            form.show_error(step.operation.error_field, step.operation.error)
    context = {
        "form": form,
        "console": console,
        "consoles": consoles,
        "run": run,
        "zone": zones.find(zones.understand(str(form["timezone"].value() or "")).name),
    }
    if data is None:
        return render(request, "onboarding/onboarding_account.html", context)
    if not form.is_valid():
        form.draw_anew()
        return render(request, "onboarding/onboarding_account.html", context, status=422)
    actor, name = Actor.staff(request.user), str(form.cleaned_data["name"])
    if run is None:
        run = plan.make_draft(actor, console, form.cleaned_data["submission"], name=name)
        _tell_of_defaults(request, console)
    shown = {"entries": form.entries(), "initial": form.kept(), "parent": None}
    plan.put_account(run, name, form.values_for(run.submission), shown)
    return back_to(request, run)


def _account_form(console: Console, data: Any) -> CreateForm:
    """The form of a new account; its default connectors are steps of the plan."""
    form = CreateForm(console, None, data)
    form.defaults = []
    form.fields.pop("installs_defaults", None)
    return form


def _run_of_account(request: StaffRequest) -> OnboardingRun | None:
    reference = request.GET.get("run", "")
    if not reference:
        return None
    rows = OnboardingRun.objects.select_related("console").filter(
        state__in=[RunState.DRAFT, *turning.AGAIN], steps__kind=StepKind.ACCOUNT, account=None
    )
    found: OnboardingRun = get_for(request, rows, Role.LEAD, reference=reference)
    return found


def _console(request: StaffRequest, consoles: list[Console]) -> Console | None:
    if not consoles:
        raise PermissionDenied
    asked = request.GET.get("console", "")
    chosen = next((one for one in consoles if str(one.pk) == asked), None)
    return chosen or (consoles[0] if len(consoles) == 1 else None)


def back_to(request: StaffRequest, run: OnboardingRun) -> HttpResponse:
    """To the plan; a run that had halted goes on with what was entered."""
    if run.state in turning.AGAIN:
        try:
            turning.go_on(run, Actor.staff(request.user))
        except turning.NotPossibleError as error:
            messages.warning(request, str(error))
    return redirect(run)


# ---- the plan ----


def zone_of(run: OnboardingRun) -> str:
    """The time zone of the account, there or planned."""
    if run.account is not None:
        return str(run.account.timezone)
    step = run.steps.filter(kind=StepKind.ACCOUNT).first()
    initial = (step.display_input.get("initial") or {}) if step else {}
    return str(initial.get("timezone") or "")


def _form(run: OnboardingRun, data: Any = None) -> PlanForm:
    recipient = {"recipient_email": run.recipient_email, "recipient_name": run.recipient_name}
    initial = initial_of(Wishes.from_json(run.wishes), recipient)
    return PlanForm(zone_of(run), data, initial=initial, for_many=run.for_many)


def draw(request: StaffRequest, run: OnboardingRun, form: PlanForm | None = None) -> HttpResponse:
    """The page on which a draft is planned."""
    steps = list(run.steps.select_related("connector", "template"))
    for step in steps:
        step.run = run
    parts = plan.parts_of(run, steps)
    context = {
        "run": run,
        "form": form or _form(run),
        "account_step": next((s for s in steps if s.kind == StepKind.ACCOUNT), None),
        "connectors": [s for s in steps if s.kind == StepKind.CONNECTOR],
        "templates": [(s, parts[s.pk]) for s in steps if s.kind == StepKind.TEMPLATE],
    }
    status = 422 if form is not None else 200
    return render(request, "onboarding/onboarding_plan.html", context, status=status)


@require_POST
@role_required(Role.AGENT)
def onboarding_plan(request: StaffRequest, reference: str) -> HttpResponse:
    """Keep what was typed, then do what the pressed button says."""
    run = draft_for(request, reference)
    form = _form(run, request.POST)
    is_valid, then = form.is_valid(), request.POST.get("then", "")
    if not is_valid and then == "check":
        return draw(request, run, form)
    plan.put_wishes(run, form.recipient(), form.wishes())
    if then.startswith("remove:"):
        run.steps.filter(
            pk__in=_digits(then.removeprefix("remove:")),
            kind__in=[StepKind.CONNECTOR, StepKind.TEMPLATE],
        ).delete()
        return redirect(run)
    if then.startswith("edit:"):
        step = run.steps.filter(pk__in=_digits(then.removeprefix("edit:"))).first()
        if step is None:
            return redirect(run)
        return redirect(address_of_entries(step))
    pages = {
        "check": "onboarding_table_new" if run.for_many else "onboarding_check",
        "connector": "onboarding_connector_pick",
        "template": "onboarding_template_pick",
    }
    return redirect(pages.get(then, "onboarding_run_detail"), run.reference)


def address_of_entries(step: OnboardingStep) -> str:
    """The page on which a step's entries are changed."""
    if step.kind == StepKind.ACCOUNT:
        return f"{reverse('onboarding_account')}?run={step.run.reference}"
    return reverse("onboarding_step_edit", args=[step.run.reference, step.pk])


@require_safe
@role_required(Role.AGENT)
def onboarding_check(request: StaffRequest, reference: str) -> HttpResponse:
    """The preview: what will be done, in which order, and what is in the way."""
    run = draft_for(request, reference)
    if run.for_many:
        return redirect("onboarding_table_new", run.reference)
    steps = list(run.steps.select_related("connector", "template"))
    templates = [step for step in steps if step.kind == StepKind.TEMPLATE]
    for step in steps:
        step.run = run
    parts = plan.parts_of(run, steps)
    shown = [*steps, *plan.complete_steps(run, templates)]
    context = {
        "run": run,
        "steps": [(step, parts.get(step.pk, [])) for step in shown],
        "problems": plan.problems_of(run, steps),
        "wishes": entries_of(Wishes.from_json(run.wishes)),
        "may_start": (request.user.role_in(run.console) or 0) >= turning.role_for(run),
    }
    return render(request, "onboarding/onboarding_check.html", context)


@require_POST
@role_required(Role.AGENT)
def onboarding_start(request: StaffRequest, reference: str) -> HttpResponse:
    """Begin what the preview shows; pressed twice it begins once."""
    run = get_for(request, OnboardingRun.objects, Role.AGENT, reference=reference)
    require_role(request.user, run, turning.role_for(run))
    if run.is_draft and not run.for_many:
        steps = list(run.steps.select_related("connector", "template"))
        if plan.problems_of(run, steps):
            return redirect("onboarding_check", run.reference)
        turning.begin(run, Actor.staff(request.user))
    return redirect(run)


@require_POST
@role_required(Role.AGENT)
def onboarding_discard(request: StaffRequest, reference: str) -> HttpResponse:
    """Forget a draft."""
    draft_for(request, reference).delete()
    messages.success(request, "The draft was discarded. Nothing was sent to Cyclr.")
    return redirect("onboarding_new")
