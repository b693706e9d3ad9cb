"""From a selection of the list to the preview of a bulk run."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.audit.models import Actor
from dashboard.bulk.services import OtherRunError
from dashboard.campaigns import choosing
from dashboard.common.confirming import ConfirmField
from dashboard.fleet import runs
from dashboard.fleet.runs import ACTIONS, Action, Plan
from dashboard.operations.submissions import SubmissionField
from dashboard.people.access import StaffRequest, role_required
from dashboard.people.models import Role

SHOWN = 50
"""Connectors that are left out, listed on the page."""


class RunForm(forms.Form):
    """What a run needs besides the selection: a typed word, where it takes something away."""

    submission = SubmissionField()

    def __init__(self, action: Action, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"submission": uuid.uuid4()})
        if action.confirm:
            self.fields["confirm"] = ConfirmField(action.confirm, action.doing)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.LEAD)
def connector_run_new(request: StaffRequest, what: str) -> HttpResponse:
    """What a run would do to the connectors that were chosen; sent, it becomes a preview.

    What was chosen comes by POST from the list, since it may be thousands.
    """
    action = ACTIONS.get(what)
    if action is None:
        raise Http404
    asked: QueryDict = request.POST if request.method == "POST" else request.GET
    try:
        connectors = choosing.chosen_whole(request.user, asked)
    except choosing.TooManyError as error:
        return _page(request, action, {"too_many": error.count, "most": choosing.MOST}, 422)
    consoles = choosing.consoles_of(connectors)
    selection = choosing.selection_of(connectors)
    if len(consoles) != 1:
        context: dict[str, Any] = {"consoles": consoles, "selection": selection}
        return _page(request, action, context, 422 if connectors else 200)
    plans = action.plan(connectors)
    is_sent = "submission" in request.POST
    form = RunForm(action, request.POST if is_sent else None)
    if is_sent and form.is_valid():
        return _drafted(request, action, form, plans)
    if is_sent:
        again: QueryDict = request.POST.copy()
        again["submission"] = str(uuid.uuid4())
        form.data = again
    context = {
        "form": form,
        "console": next(iter(consoles)),
        "selection": selection,
        **_summary(plans),
    }
    return _page(request, action, context, 422 if is_sent else 200)


def _summary(plans: list[Plan]) -> dict[str, Any]:
    going = [plan for plan in plans if not plan.problem]
    left_out = [plan for plan in plans if plan.problem]
    return {
        "going": len(going),
        "accounts": len({plan.connector.account_id for plan in going}),
        "stops": len({cycle for plan in going for cycle in plan.stops}),
        "stopping": [plan for plan in going if plan.stops][:SHOWN],
        "doubtful": sum(bool(plan.doubt) for plan in going),
        "left_out": left_out[:SHOWN],
        "left_out_count": len(left_out),
    }


def _drafted(
    request: StaffRequest, action: Action, form: RunForm, plans: list[Plan]
) -> HttpResponse:
    console = plans[0].connector.account.console
    try:
        run = runs.draft(
            action,
            Actor.staff(request.user),
            console,
            plans,
            submission=form.cleaned_data["submission"],
        )
    except OtherRunError as error:
        messages.warning(
            request, "This form was already sent, with different entries: here is the result."
        )
        run = error.run
    return redirect(run)


def _page(
    request: StaffRequest, action: Action, context: dict[str, Any], status: int
) -> HttpResponse:
    return render(
        request, "fleet/connector_run_new.html", {"action": action, **context}, status=status
    )
