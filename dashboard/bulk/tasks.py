"""The dispatcher's chores for bulk runs."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.bulk import feeding, services
from dashboard.bulk.models import BulkRow, BulkRun, RunState
from dashboard.jobs.compiled import AnyRow
from dashboard.jobs.periodic import periodic

logger = logging.getLogger(__name__)

OUR_FAULT = (
    "Cyclr Desk failed at the next account, for a reason of its own. Tell an administrator, with "
    "this page's address, before you resume it: the others wait."
)


any_running = AnyRow(lambda: BulkRun.objects.filter(state=RunState.RUNNING))


@periodic(every=1)
def feed_runs() -> None:
    """Hand the next rows of every running run to the engine; the fault of one stops no other."""
    if not any_running():
        return
    running = BulkRun.objects.filter(state=RunState.RUNNING).order_by("started_at", "pk")
    for pk in list(running.values_list("pk", flat=True)):
        try:
            feeding.feed(pk)
        except (InterfaceError, OperationalError):
            raise  # of the database: the next second may be better
        except Exception as error:  # noqa: BLE001 - its message may hold what was typed
            logger.error("bulk run not fed id=%d error=%s", pk, type(error).__name__)
            services.halt(pk, OUR_FAULT)


@periodic(every=600)
def wipe_rows() -> None:
    """Encrypted input is kept until a row is done, and a day after its run ended at most.

    A preview that nobody started for a day ends, and so does a run that was paused for as long.
    """
    old = timezone.now() - timedelta(seconds=settings.KEEP_INPUT_FOR)
    forgotten = BulkRun.objects.filter(
        Q(state=RunState.DRAFT, created_at__lt=old) | Q(state=RunState.PAUSED, started_at__lt=old)
    )
    for run in list(forgotten.select_related("console")):
        services.end(run, Actor.system())
    rows = BulkRow.objects.exclude(encrypted_input="")
    rows.filter(operation__state__in=["done", "cancelled"]).update(encrypted_input="")
    count = rows.filter(run__ended_at__lt=old).update(encrypted_input="")
    if count:
        logger.info("encrypted bulk input wiped count=%d", count)
