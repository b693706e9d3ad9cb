"""The tasks that read Cyclr, and the schedule that asks for them."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from cyclr_api import CyclrError, TemporaryError
from dashboard.common.chores import chore
from dashboard.common.tasks import DeskTask, publish, publish_on_commit
from dashboard.consoles.models import Console
from dashboard.consoles.pacing import PacedError
from dashboard.mirror import sync
from dashboard.mirror.models import Account, SyncRun

logger = logging.getLogger(__name__)

CHECKPOINT = timedelta(seconds=40)
REPUBLISH_AFTER = timedelta(seconds=90)


@shared_task(base=DeskTask)
def run_sync(run_id: int) -> None:
    """One step of a run, then a message for the next; a second run reads the same again."""
    run = SyncRun.objects.select_related("console").filter(pk=run_id, finished_at=None).first()
    if run is None:
        return
    SyncRun.objects.filter(pk=run.pk).update(touched_at=timezone.now())
    try:
        if run.listed_at is None:
            sync.read_lists(run)
            more = True
        else:
            more = sync.read_chunk(run, until=timezone.now() + CHECKPOINT)
    except PacedError:
        more = True
    except TemporaryError as error:
        sync.finish_run(run, sync.words_for(error))
        logger.warning("sync broke off console=%d call=%s", run.console_id, error.call)
        return
    except CyclrError as error:
        sync.finish_run(run, sync.words_for(error))
        logger.warning(
            "sync refused console=%d call=%s status=%s", run.console_id, error.call, error.status
        )
        return
    if more:
        publish(run_sync, run.pk, queue="sync")
    else:
        sync.finish_run(run)


@shared_task(base=DeskTask)
def refresh_account(account_id: int) -> None:
    """Read one account now; a second run reads the same again."""
    account = Account.objects.select_related("console").filter(pk=account_id).first()
    if account is None or not account.is_refreshing:
        return
    try:
        sync.refresh_account(account)
    except CyclrError as error:
        logger.warning(
            "refresh failed account=%d call=%s status=%s", account.pk, error.call, error.status
        )


def ask_for_refresh(account: Account) -> bool:
    """Have one account read soon; twice while it runs is once. Says whether it was new."""
    moment = timezone.now()
    rows = Account.objects.filter(pk=account.pk)
    if account.is_refreshing:
        return False
    rows.update(refresh_asked_at=moment, viewed_at=moment, refresh_error="")
    account.refresh_asked_at = moment
    publish_on_commit(refresh_account, account.pk, queue="checks")
    return True


def ask_for_sync(console: Console) -> bool:
    """Have the whole console read soon; says whether a new run began."""
    run = sync.start_run(console, is_asked=True)
    if run is None:
        return False
    publish_on_commit(run_sync, run.pk, queue="sync")
    return True


@chore(every=5)
def keep_synced() -> None:
    """Start the runs that are due and send the lost messages of those that stand still."""
    for console in Console.objects.current():
        if sync.is_due(console):
            run = sync.start_run(console)
            if run is not None:
                publish(run_sync, run.pk, queue="sync")
    moment = timezone.now()
    for run in SyncRun.objects.filter(finished_at=None, touched_at__lt=moment - REPUBLISH_AFTER):
        SyncRun.objects.filter(pk=run.pk).update(touched_at=moment)
        publish(run_sync, run.pk, queue="sync")
