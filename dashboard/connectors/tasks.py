"""The workers' part of installed connectors: proofs and look-ups."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.db.models import F, Q
from django.utils import timezone

from dashboard.common.chores import chore
from dashboard.common.tasks import DeskTask, publish
from dashboard.connectors import looking_up, proving
from dashboard.connectors.models import LookUp, ProofRun

RESEND_AFTER = timedelta(seconds=5)
AT_ONCE = 100


@shared_task(base=DeskTask)
def prove_connector(run_id: int) -> None:
    """Carry out one proof; a second run while it goes on, or after it, does nothing."""
    proving.carry_out(run_id)


@shared_task(base=DeskTask)
def look_up(look_up_id: int) -> None:
    """Carry out one look-up; a second run while it goes on, or after it, does nothing."""
    looking_up.carry_out(look_up_id)


@chore(every=1)
def keep_proving() -> None:
    """Send the messages of proofs and look-ups that are due, also of those that were lost."""
    moment = timezone.now()
    unsent = Q(published_at=None) | Q(published_at__lt=moment - RESEND_AFTER)
    unsent |= Q(published_at__lt=F("not_before"))
    runs = ProofRun.objects.filter(proving.due_runs(moment), unsent).order_by("not_before")
    for pk in list(runs.values_list("pk", flat=True)[:AT_ONCE]):
        if not publish(prove_connector, pk, queue="checks"):
            return
        ProofRun.objects.filter(pk=pk).update(published_at=moment)
    wanted = LookUp.objects.filter(looking_up.due(moment), unsent).order_by("not_before")
    for pk in list(wanted.values_list("pk", flat=True)[:AT_ONCE]):
        if not publish(look_up, pk, queue="interactive"):
            return
        LookUp.objects.filter(pk=pk).update(published_at=moment)


@chore(every=60)
def forget() -> None:
    """What was looked up is the customer's data: gone after an hour. Old proofs go too.

    What no worker came to an end with is ended here.
    """
    moment = timezone.now()
    proving.give_up_overdue()
    LookUp.objects.filter(created_at__lt=moment - looking_up.KEPT).delete()
    old = ProofRun.objects.filter(finished_at__lt=moment - proving.KEPT)
    ProofRun.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:1000])).delete()
