"""Stopping the sync of a console, and letting it go on where it was.

While it is stopped no run begins, and one under way waits within seconds. What people ask for, one
account at a time, is read as ever.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.mirror.models import SyncRun

LOOK_AGAIN_AFTER = timedelta(seconds=60)
"""A run that waits looks so often whether it may go on; resuming does not wait for that."""


def is_stopped(console_id: int) -> bool:
    """Asked of the database, also while a run is reading."""
    return Console.objects.filter(pk=console_id, sync_stopped_at__isnull=False).exists()


def stop_sync(console: Console, actor: Actor) -> bool:
    """Says whether it was going until now."""
    with transaction.atomic():
        stopped = Console.objects.filter(pk=console.pk, sync_stopped_at=None).update(
            sync_stopped_at=timezone.now(), sync_stopped_by=actor.name
        )
        if stopped:
            audit.record(actor, "sync.stop", console=console, target=console.name)
    return bool(stopped)


def resume_sync(console: Console, actor: Actor) -> SyncRun | None:
    """Let it go on; answers the run that waited, which wants a message, if there is one."""
    moment = timezone.now()
    with transaction.atomic():
        resumed = Console.objects.filter(pk=console.pk, sync_stopped_at__isnull=False).update(
            sync_stopped_at=None, sync_stopped_by=""
        )
        if not resumed:
            return None
        audit.record(actor, "sync.resume", console=console, target=console.name)
        waiting = SyncRun.objects.filter(console=console, finished_at=None)
        waiting.update(
            not_before=moment,
            touched_at=moment,
            resumed_at=moment,
            read_before=F("accounts_read") + F("accounts_failed"),
        )
        return waiting.first()
