"""The whole console, read in steps: whose step it is, and the first two of them."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cyclr_api import CyclrError, RateLimitedError
from dashboard.consoles.models import Console
from dashboard.consoles.pacing import PacedError
from dashboard.jobs.leases import Lease
from dashboard.mirror.models import SyncRun
from dashboard.mirror.sync.accounts import refresh_accounts
from dashboard.mirror.sync.due import due_accounts
from dashboard.mirror.sync.errors import message_for
from dashboard.mirror.sync.figures import write_daily_figure
from dashboard.mirror.sync.library import catalogue_accounts, refresh_library
from dashboard.mirror.sync.stopping import LOOK_AGAIN_AFTER, is_stopped

logger = logging.getLogger(__name__)


STUCK_AFTER = SyncRun.policy.longest_age
STUCK = "It stopped half-way."

LONGEST_PAUSE = 3600.0


def start_run(console: Console, *, is_asked: bool = False) -> SyncRun | None:
    """A new run, or None while one is moving, or while the sync is stopped.

    A run that stopped moving is closed first.
    """
    if is_stopped(console.pk):
        return None
    moment = timezone.now()
    SyncRun.objects.filter(
        console=console, finished_at=None, touched_at__lt=moment - STUCK_AFTER
    ).update(finished_at=moment, last_error=STUCK)
    with transaction.atomic():
        if SyncRun.objects.filter(console=console, finished_at=None).exists():
            return None
        run, made = SyncRun.objects.get_or_create(
            console=console, finished_at=None, defaults={"is_asked": is_asked}
        )
    return run if made else None


def is_due(console: Console) -> bool:
    """Whether the schedule asks for a run: never finished, or the last one is old enough."""
    ended = SyncRun.objects.filter(console=console).exclude(finished_at=None)
    last: SyncRun | None = ended.first()
    if last is None or last.finished_at is None:
        return True
    pause = settings.SYNC_EVERY if not last.last_error else min(60.0, settings.SYNC_EVERY)
    return timezone.now() - last.finished_at >= timedelta(seconds=pause)


def start_due_runs(key: int | None = None) -> None:
    """Start the runs that the schedule asks for."""
    for console in Console.objects.reachable() if key is None else []:
        if is_due(console):
            start_run(console)


def release(lease: Lease[SyncRun]) -> None:
    """The step is done and the next one may begin."""
    moment = timezone.now()
    lease.postpone(moment, touched_at=moment, tries=0)


def pause(lease: Lease[SyncRun], seconds: float | None) -> None:
    """The step goes on later: Cyclr, or our own pacing, asked for a pause."""
    later = timezone.now() + timedelta(seconds=min(max(seconds or 1.0, 1.0), LONGEST_PAUSE))
    lease.postpone(later, published_at=None, touched_at=later)


def wait_while_stopped(lease: Lease[SyncRun]) -> bool:
    """Whether somebody stopped the sync: then the step goes on when it is resumed."""
    if not is_stopped(lease.job.console_id):
        return False
    pause(lease, LOOK_AGAIN_AFTER.total_seconds())
    return True


def read_accounts(lease: Lease[SyncRun]) -> None:
    """The first step: the list of accounts."""
    run = lease.job
    written = refresh_accounts(run.console, is_asked=run.is_asked)
    lease.write(
        accounts_at=timezone.now(),
        touched_at=timezone.now(),
        accounts_found=due_accounts(run).count(),
        gone=F("gone") + written.gone,
        skipped=F("skipped") + written.skipped,
    )


def read_library(lease: Lease[SyncRun]) -> None:
    """The second step: the library. Whatever is wrong with it, the accounts are read."""
    run, message, skipped = lease.job, "", 0
    try:
        skipped = refresh_library(run.console).skipped
        if run.console.catalogue_account and not catalogue_accounts(run.console):
            message = "The account that the library is read through is not there."
    except (PacedError, RateLimitedError):
        raise
    except CyclrError as error:
        message = message_for(error)
        logger.warning(
            "library not read console=%d call=%s status=%s",
            run.console_id,
            error.call,
            error.status,
        )
    except Exception as error:
        message = message_for(error)
        logger.exception("library not read console=%d", run.console_id)
    lease.write(
        listed_at=timezone.now(),
        touched_at=timezone.now(),
        library_error=message,
        skipped=F("skipped") + skipped,
    )


def give_up(lease: Lease[SyncRun], error: BaseException | None) -> None:
    """It did not get on for a while, or its workers were lost again and again."""
    finish_run(lease, STUCK)


def finish_run(lease: Lease[SyncRun], error: str = "") -> None:
    """Close a run and write the day's figures."""
    run = lease.job
    lease.finish(touched_at=timezone.now(), last_error=error)
    write_daily_figure(run.console)
    old = SyncRun.objects.filter(console=run.console).values_list("pk", flat=True)[50:]
    SyncRun.objects.filter(pk__in=list(old)).delete()
