"""The workers' part of cycles: reading what is lacking, what went wrong, and what was done."""

from __future__ import annotations

from django.utils import timezone

from dashboard.consoles.refusals import end_unanswered
from dashboard.cycles import incidents, prerequisites, readings, transactions
from dashboard.cycles.models import IncidentReading, PrerequisiteReading, TransactionReading
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on


@works_on(PrerequisiteReading, gives_up=end_unanswered)
def read_prerequisites(lease: Lease[PrerequisiteReading]) -> None:
    """Read what one cycle lacks."""
    prerequisites.carry_out(lease)


@works_on(IncidentReading, gives_up=end_unanswered)
def read_incidents(lease: Lease[IncidentReading]) -> None:
    """Read what went wrong in one cycle."""
    incidents.carry_out(lease)


@works_on(TransactionReading, gives_up=end_unanswered)
def read_transactions(lease: Lease[TransactionReading]) -> None:
    """Read what one cycle did, or what the steps of one of its transactions sent and got."""
    transactions.carry_out(lease)


@periodic(every=60)
def forget() -> None:
    """What was read of incidents and transactions is the customer's data: gone after an hour.

    The rest goes too.
    """
    moment = timezone.now()
    for model in (IncidentReading, TransactionReading):
        model.objects.filter(created_at__lt=moment - readings.KEPT).delete()
    old = PrerequisiteReading.objects.filter(created_at__lt=moment - prerequisites.KEPT)
    PrerequisiteReading.objects.filter(
        pk__in=list(old.values_list("pk", flat=True)[:1000])
    ).delete()
