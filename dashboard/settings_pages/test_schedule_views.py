"""Settings: how often connectors of a kind are tested by themselves."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.connectors import schedules
from dashboard.connectors.forms import ScheduleForm
from dashboard.connectors.models import ConnectionTestMethod, TestEvery
from dashboard.mirror.models import AccountConnector
from dashboard.people.access import StaffRequest, get_for, role_required
from dashboard.people.models import Role


@require_POST
@role_required(Role.ADMIN)
def test_method_schedule(request: StaffRequest, pk: int) -> HttpResponse:
    """Keep how often the kind of this installed connector is tested."""
    connectors = AccountConnector.objects.select_related("account__console")
    connector = get_for(request, connectors, Role.ADMIN, pk=pk)
    method = ConnectionTestMethod.of(connector)
    form = ScheduleForm(request.POST)
    if method is None or not form.is_valid():
        message = "Choose a method first." if method is None else "Choose how often it is tested."
        messages.warning(request, message)
        return redirect("test_method_choose", connector.pk)
    every = TestEvery(form.cleaned_data["every_hours"])
    with transaction.atomic():
        schedules.set_for_kind(method, every)
        audit.record(
            Actor.staff(request.user),
            "connectors.schedule_tests",
            console=connector.account.console,
            target=f"{connector.connector_name} {connector.connector_version}".strip(),
            every=every.label.lower(),
        )
    tests = schedules.tests_a_day(method, every)
    message = f"about {tests:,} tests a day" if every else "nothing is tested by itself"
    messages.success(request, f"Saved: {message}.")
    return redirect("test_method_choose", connector.pk)
