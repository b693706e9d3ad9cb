"""The pages on which a cycle is started, stopped and deleted, and asked what it lacks."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.audit.models import Actor
from dashboard.common.untrusted_text import display_text
from dashboard.cycles import prerequisites
from dashboard.cycles.forms import ActivateForm, DeactivateForm, DeleteForm
from dashboard.cycles.handlers import ACTIVATE, DEACTIVATE, DELETE
from dashboard.cycles.views import CYCLES, exclusivity_key, is_there
from dashboard.mirror.models import Cycle
from dashboard.operations import changing
from dashboard.operations.changing import Page
from dashboard.operations.forms import ChangeForm
from dashboard.operations.submitting import OperationRequest
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

METHODS = ["GET", "HEAD", "POST"]
SENT = "It is on its way to Cyclr."


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def cycle_activate(request: StaffRequest, pk: int) -> HttpResponse:
    """Start it: how often, from when on."""
    cycle = get_for(request, CYCLES, Role.AGENT, pk=pk)
    form = ActivateForm(cycle, _data(request))
    return _respond(request, cycle, form, ACTIVATE, "Activate")


@require_http_methods(METHODS)
@role_required(Role.AGENT)
def cycle_deactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop it, with or without what is under way."""
    cycle = get_for(request, CYCLES, Role.AGENT, pk=pk)
    return _respond(request, cycle, DeactivateForm(_data(request)), DEACTIVATE, "Deactivate")


@require_http_methods(METHODS)
@role_required(Role.LEAD)
def cycle_delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Delete it, after its name was typed."""
    cycle = get_for(request, CYCLES, Role.LEAD, pk=pk)
    return _respond(request, cycle, DeleteForm(cycle, _data(request)), DELETE, "Delete")


@require_POST
@role_required(Role.VIEWER)
def cycle_check(request: StaffRequest, pk: int) -> HttpResponse:
    """Have it read what it lacks; the page shows it when it is there."""
    cycle = get_for(request, CYCLES, pk=pk)
    if is_there(cycle):
        prerequisites.ask(cycle)
    return redirect(cycle)


def _data(request: StaffRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _respond(
    request: StaffRequest, cycle: Cycle, form: ChangeForm, kind: str, doing: str
) -> HttpResponse:
    """Draw the form, or take it and lead back to the cycle."""
    there = is_there(cycle)
    context: dict[str, Any] = {
        "cycle": cycle,
        "account": cycle.account,
        "is_there": there,
        "active": changing.active_change(exclusivity_key(cycle)),
    }
    page = Page(
        f"cycles/cycle_{doing.lower()}.html", context, SENT, leads_to=cycle.get_absolute_url()
    )
    if request.method != "POST":
        return changing.draw(request, page, form, None)
    if not there:
        return changing.draw_again(request, page, form, 409)
    if not form.is_valid():
        return changing.draw_again(request, page, form, 422)
    asked = OperationRequest(
        kind=kind,
        title=f"{doing} {display_text(cycle)}",
        actor=Actor.staff(request.user),
        console=cycle.console,
        submission=form.cleaned_data["submission"],
        account=cycle.account,
        values={"cycle": cycle.pk, **form.values()},
        shown={"entries": form.entries()},
        exclusivity_key=exclusivity_key(cycle),
    )
    return changing.send(request, page, form, asked)
