"""The task that carries out operations, and the dispatcher's chore for them."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on
from dashboard.operations import engine
from dashboard.operations.models import Operation

logger = logging.getLogger(__name__)


@works_on(Operation, gives_up=engine.give_up)
def run_operation(lease: Lease[Operation]) -> None:
    """Carry out one operation as far as it goes now."""
    engine.carry_out(lease)


@periodic(every=600)
def wipe_input() -> None:
    """Encrypted input is kept a day at most, in whatever state its operation is."""
    old = timezone.now() - timedelta(seconds=settings.KEEP_INPUT_FOR)
    rows = Operation.objects.filter(created_at__lt=old).exclude(encrypted_input="")
    count = rows.update(encrypted_input="")
    if count:
        logger.info("encrypted input wiped count=%d", count)
