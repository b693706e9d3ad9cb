"""The workers' part of cycles: reading what is lacking."""

from __future__ import annotations

from django.utils import timezone

from dashboard.cycles import prerequisites
from dashboard.cycles.models import PrerequisiteReading
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on


@works_on(PrerequisiteReading, gives_up=prerequisites.give_up)
def read_prerequisites(lease: Lease[PrerequisiteReading]) -> None:
    """Read what one cycle lacks."""
    prerequisites.carry_out(lease)


@periodic(every=60)
def forget() -> None:
    """Old readings go."""
    old = PrerequisiteReading.objects.filter(created_at__lt=timezone.now() - prerequisites.KEPT)
    PrerequisiteReading.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:1000])
    ).delete()
