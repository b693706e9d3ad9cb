"""The workers' part of installed connectors: proofs and look-ups."""

from __future__ import annotations

from django.utils import timezone

from dashboard.connectors import looking_up, proving
from dashboard.connectors.models import LookUp, ProofRun
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on


@works_on(ProofRun, gives_up=proving.give_up)
def prove_connector(lease: Lease[ProofRun]) -> None:
    """Carry out one proof."""
    proving.carry_out(lease)


@works_on(LookUp, gives_up=looking_up.give_up)
def look_up(lease: Lease[LookUp]) -> None:
    """Carry out one look-up."""
    looking_up.carry_out(lease)


@periodic(every=60)
def forget() -> None:
    """What was looked up is the customer's data: gone after an hour. Old proofs go too."""
    moment = timezone.now()
    LookUp.objects.filter(created_at__lt=moment - looking_up.KEPT).delete()
    old = ProofRun.objects.filter(finished_at__lt=moment - proving.KEPT)
    ProofRun.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:1000])).delete()
