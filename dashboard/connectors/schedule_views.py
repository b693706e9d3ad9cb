"""How often one installed connector is tested by itself."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.connectors import schedules
from dashboard.connectors.forms import OwnScheduleForm
from dashboard.connectors.models import ConnectionTestMethod, TestEvery
from dashboard.mirror.models import AccountConnector
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role


@require_POST
@role_required(Role.LEAD)
def connector_schedule(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep it; the page of the connector shows it."""
    connectors = AccountConnector.objects.select_related("account__console")
    connector = get_for(request, connectors, Role.LEAD, pk=pk)
    _, of_kind = schedules.described(connector, ConnectionTestMethod.of(connector))
    form = OwnScheduleForm(of_kind, request.POST)
    if not form.is_valid():
        messages.warning(request, "Choose how often it is tested.")
        return redirect(connector)
    every_hours = form.cleaned_data["every_hours"]
    message = "as its kind" if every_hours is None else TestEvery(every_hours).label.lower()
    with transaction.atomic():
        schedules.set_for_connector(connector, every_hours)
        audit.record(
            Actor.staff(request.user),
            "connectors.schedule_tests",
            console=connector.account.console,
            target=str(connector),
            target_url=connector.get_absolute_url(),
            account_name=str(connector.account),
            every=message,
        )
    messages.success(request, f"Saved. It is tested {message} now.")
    return redirect(connector)
