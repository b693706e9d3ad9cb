"""Alarms that have been over for long are not kept: what a connector was stands in the ledger."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone

from dashboard.alarms.models import Alarm

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=180)
AT_A_TIME = 500


def forget() -> int:
    """Delete the oldest of them, with what became part of each; how many.

    An hour later come the next ones, so that nobody waits for the first time.
    """
    over = Alarm.objects.shown().filter(ended_at__lt=timezone.now() - KEPT_FOR)
    pks = list(over.order_by("ended_at").values_list("pk", flat=True)[:AT_A_TIME])
    if pks:
        Alarm.objects.filter(pk__in=pks).delete()
        logger.info("old alarms forgotten count=%d", len(pks))
    return len(pks)
