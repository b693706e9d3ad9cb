"""The whole console, read in steps: whose step it is, and the first two of them."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cyclr_api import CyclrError, RateLimitedError
from dashboard.consoles.models import Console
from dashboard.consoles.pacing import PacedError
from dashboard.mirror.models import Account, SyncRun
from dashboard.mirror.sync.accounts import refresh_accounts
from dashboard.mirror.sync.errors import words_for
from dashboard.mirror.sync.figures import write_daily_figure
from dashboard.mirror.sync.library import catalogue_accounts, refresh_library

logger = logging.getLogger(__name__)


STUCK_AFTER = timedelta(minutes=10)

CLAIM = timedelta(seconds=175)
"""How long a step belongs to its worker: a little longer than the task's hard limit."""

LONGEST_PAUSE = 3600.0


def start_run(console: Console, *, is_asked: bool = False) -> SyncRun | None:
    """A new run, or None while one is moving. One that stopped moving is closed first."""
    moment = timezone.now()
    SyncRun.objects.filter(
        console=console, finished_at=None, touched_at__lt=moment - STUCK_AFTER
    ).update(finished_at=moment, error="It stopped half-way.")
    with transaction.atomic():
        if SyncRun.objects.filter(console=console, finished_at=None).exists():
            return None
        run, made = SyncRun.objects.get_or_create(
            console=console, finished_at=None, defaults={"is_asked": is_asked}
        )
    return run if made else None


def is_due(console: Console) -> bool:
    """Whether the schedule asks for a run: never finished, or the last one is old enough."""
    last = SyncRun.objects.filter(console=console).exclude(finished_at=None).first()
    if last is None or last.finished_at is None:
        return True
    pause = settings.SYNC_EVERY if not last.error else min(60.0, settings.SYNC_EVERY)
    return timezone.now() - last.finished_at >= timedelta(seconds=pause)


def claim(run_id: int, step: int) -> SyncRun | None:
    """Take a step of a run; None if it is over, not due, or somebody took it already.

    Says nothing about progress: a step whose workers die again and again becomes stuck.
    """
    moment = timezone.now()
    rows = SyncRun.objects.filter(pk=run_id, step=step, finished_at=None, not_before__lte=moment)
    free = rows.filter(Q(claimed_until=None) | Q(claimed_until__lte=moment))
    if not free.update(step=step + 1, claimed_until=moment + CLAIM, published_at=None):
        return None
    return SyncRun.objects.select_related("console").filter(pk=run_id, step=step + 1).first()


def own_row(run: SyncRun) -> Any:
    """The run's row, as long as the step that `run` was claimed for is the current one."""
    return SyncRun.objects.filter(pk=run.pk, step=run.step, finished_at=None)


def release(run: SyncRun) -> bool:
    """The step is done and the next one may begin; says whether this worker may still say so."""
    moment = timezone.now()
    return bool(own_row(run).update(claimed_until=None, not_before=moment, touched_at=moment))


def pause(run: SyncRun, seconds: float | None) -> None:
    """The step goes on later: Cyclr, or our own pacing, asked for a pause."""
    later = timezone.now() + timedelta(seconds=min(max(seconds or 1.0, 1.0), LONGEST_PAUSE))
    own_row(run).update(claimed_until=None, published_at=None, not_before=later, touched_at=later)


def read_accounts(run: SyncRun) -> None:
    """The first step: the list of accounts."""
    written = refresh_accounts(run.console, is_asked=run.is_asked)
    own_row(run).update(
        accounts_at=timezone.now(),
        touched_at=timezone.now(),
        accounts_found=Account.objects.filter(console=run.console).there().count(),
        gone=F("gone") + written.gone,
        skipped=F("skipped") + written.skipped,
    )


def read_library(run: SyncRun) -> None:
    """The second step: the library. Whatever is wrong with it, the accounts are read."""
    words, skipped = "", 0
    try:
        skipped = refresh_library(run.console).skipped
        if run.console.catalogue_account and not catalogue_accounts(run.console):
            words = "The account that the library is read through is not there."
    except (PacedError, RateLimitedError):
        raise
    except CyclrError as error:
        words = words_for(error)
        logger.warning(
            "library not read console=%d call=%s status=%s",
            run.console_id,
            error.call,
            error.status,
        )
    except Exception as error:
        words = words_for(error)
        logger.exception("library not read console=%d", run.console_id)
    own_row(run).update(
        listed_at=timezone.now(),
        touched_at=timezone.now(),
        library_error=words,
        skipped=F("skipped") + skipped,
    )


def finish_run(run: SyncRun, error: str = "") -> None:
    """Close a run and write the day's figures; one that went on without us is left alone."""
    moment = timezone.now()
    if not own_row(run).update(
        finished_at=moment, touched_at=moment, claimed_until=None, error=error
    ):
        return
    write_daily_figure(run.console)
    old = SyncRun.objects.filter(console=run.console).values_list("pk", flat=True)[50:]
    SyncRun.objects.filter(pk__in=list(old)).delete()
