"""The workers' part of cycles: reading what is lacking, and what went wrong."""

from __future__ import annotations

from django.utils import timezone

from dashboard.cycles import incidents, prerequisites
from dashboard.cycles.models import IncidentReading, PrerequisiteReading
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on


@works_on(PrerequisiteReading, gives_up=prerequisites.give_up)
def read_prerequisites(lease: Lease[PrerequisiteReading]) -> None:
    """Read what one cycle lacks."""
    prerequisites.carry_out(lease)


@works_on(IncidentReading, gives_up=incidents.give_up)
def read_incidents(lease: Lease[IncidentReading]) -> None:
    """Read what went wrong in one cycle."""
    incidents.carry_out(lease)


@periodic(every=60)
def forget() -> None:
    """What was read of incidents is the customer's data: gone after an hour. The rest goes too."""
    moment = timezone.now()
    IncidentReading.objects.filter(created_at__lt=moment - incidents.KEPT).delete()
    old = PrerequisiteReading.objects.filter(created_at__lt=moment - prerequisites.KEPT)
    PrerequisiteReading.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:1000])
    ).delete()
