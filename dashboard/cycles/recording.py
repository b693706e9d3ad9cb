"""Who reads what third parties were sent and answered is recorded."""

from __future__ import annotations

from django.db import transaction

from dashboard.audit import services as audit
from dashboard.audit.models import Actor, AuditEntry
from dashboard.cycles.models import CycleReading
from dashboard.people.access import StaffRequest


def record_reading(request: StaffRequest, action: str, reading: CycleReading, **more: str) -> None:
    """Once for each person and reading; `more` tells what of it."""
    cycle = reading.cycle
    told = AuditEntry.objects.filter(
        action=action,
        actor_user=request.user,
        target_url=cycle.get_absolute_url(),
        at__gte=reading.created_at,
        **{f"details__{name}": value for name, value in more.items()},
    )
    if told.exists():
        return
    with transaction.atomic():
        audit.record(
            Actor.staff(request.user),
            action,
            console=cycle.console,
            target=str(cycle),
            target_url=cycle.get_absolute_url(),
            account_name=str(cycle.account),
            **more,
        )
