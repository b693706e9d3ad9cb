"""*Finish set-up*: settings whose choices can only be looked up once it is authenticated."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.audit.models import Actor
from dashboard.common.htmx import is_swap, render_page
from dashboard.common.polling import is_seen, nothing_new, version_of
from dashboard.connectors import lookups, services
from dashboard.connectors.forms import SetupForm
from dashboard.connectors.handlers import SET_PROPERTIES
from dashboard.connectors.models import LookUp, LookUpKind
from dashboard.mirror.models import AccountConnector
from dashboard.operations.submissions import draw_anew
from dashboard.operations.submitting import (
    AlreadyActiveError,
    OperationRequest,
    OtherInputError,
    submit,
)
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role

PAGE, PARTIAL = "connectors/connector_setup.html", "connectors/_setup_form.html"
CONNECTORS = AccountConnector.objects.select_related("account__console")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.AGENT)
def connector_setup(request: StaffRequest, pk: int) -> HttpResponse:
    """The form; it waits for the choices, which a worker looks up. Saved by an operation."""
    connector = get_for(request, CONNECTORS, Role.AGENT, pk=pk)
    look_up = lookups.latest(connector, LookUpKind.CHOICES)
    if request.method == "POST":
        return _save(request, connector, look_up)
    is_typing = "type" in request.GET or not connector.authenticated
    context = _context(connector, look_up)
    context["is_waiting"] = not is_typing and (look_up is None or not look_up.is_finished)
    context["is_asked"] = look_up is not None
    context["version"] = version_of(look_up and (look_up.pk, look_up.finished_at), is_typing)
    if is_swap(request) and is_seen(request, context["version"]):
        return nothing_new()
    return render_page(request, PAGE, PARTIAL, context)


def _context(
    connector: AccountConnector, look_up: LookUp | None, data: QueryDict | None = None
) -> dict[str, Any]:
    parameters = services.dynamic_settings(connector)
    answer = lookups.answer_of(look_up) or {}
    found = answer.get("settings") or {}
    failed = [
        (parameter.name or parameter.target_name, found[parameter.target_name])
        for parameter in parameters
        if "error" in found.get(parameter.target_name, {})
    ]
    return {
        "connector": connector,
        "account": connector.account,
        "form": SetupForm(connector, parameters, found, data),
        "look_up": look_up,
        "failed": failed,
    }


def _save(
    request: StaffRequest, connector: AccountConnector, look_up: LookUp | None
) -> HttpResponse:
    context = _context(connector, look_up, request.POST)
    form: SetupForm = context["form"]
    if not form.is_valid():
        draw_anew(form, layout=form.layout_now)
        return render_page(request, PAGE, PARTIAL, context, status=422)
    try:
        submit(
            OperationRequest(
                kind=SET_PROPERTIES,
                title=f"Set up {connector}",
                actor=Actor.staff(request.user),
                console=connector.account.console,
                submission=form.cleaned_data["submission"],
                account=connector.account,
                account_connector=connector,
                values={"properties": form.properties()},
                shown={"entries": form.entries()},
                exclusivity_key=f"{SET_PROPERTIES}:{connector.pk}",
            )
        )
    except (AlreadyActiveError, OtherInputError) as error:
        context["other"] = error.operation
        draw_anew(form, layout=form.layout_now)
        return render_page(request, PAGE, PARTIAL, context, status=409)
    messages.success(request, "The settings are on their way to Cyclr.")
    return redirect(connector)


@require_POST
@role_required(Role.AGENT)
def connector_look_up(request: StaffRequest, pk: int) -> HttpResponse:
    """Have the choices looked up; the page shows them when they are there."""
    connector = get_for(request, CONNECTORS, Role.AGENT, pk=pk)
    look_up = lookups.ask(connector, LookUpKind.CHOICES)
    if not is_swap(request):
        return redirect(reverse("connector_setup", args=[connector.pk]))
    context = _context(connector, look_up)
    context |= {"is_waiting": not look_up.is_finished, "is_asked": True}
    context["version"] = version_of((look_up.pk, look_up.finished_at), False)
    return render_page(request, PAGE, PARTIAL, context)
