"""The tasks of operations, and the dispatcher's chores for them."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from dashboard.jobs.messages import DeskTask
from dashboard.jobs.periodic import periodic
from dashboard.operations import engine
from dashboard.operations.messages import message_for
from dashboard.operations.models import Operation

logger = logging.getLogger(__name__)

REPUBLISH_AFTER = timedelta(seconds=5)
AT_ONCE = 200


@shared_task(base=DeskTask)
def run_operation(operation_id: int) -> None:
    """Carry out one operation; does nothing if it is done, not due, or somebody else has it."""
    engine.run(operation_id)


@periodic(every=2)
def republish() -> None:
    """Send the messages of operations that wait too long, whose message or worker was lost."""
    moment = timezone.now()
    due = Operation.objects.filter(engine.claimable(moment)).filter(
        Q(published_at=None)
        | Q(published_at__lt=moment - REPUBLISH_AFTER)
        | Q(published_at__lt=F("not_before"))
    )
    for operation in list(due.order_by("is_bulk", "not_before").only("pk", "is_bulk")[:AT_ONCE]):
        if not message_for(operation).send(operation.pk):
            return
        Operation.objects.filter(pk=operation.pk).update(published_at=moment)


@periodic(every=600)
def wipe_input() -> None:
    """Sealed input is kept a day at most, in whatever state its operation is."""
    old = timezone.now() - timedelta(seconds=settings.KEEP_SEALED_FOR)
    rows = Operation.objects.filter(created_at__lt=old).exclude(sealed_input="")
    count = rows.update(sealed_input="")
    if count:
        logger.info("sealed input wiped count=%d", count)
