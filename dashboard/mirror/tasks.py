"""The tasks that read Cyclr, and the schedule that asks for them.

A run is a row and goes in steps: the list of accounts, templates and library, then the accounts'
connectors in chunks, and at their end the cycles of those accounts whose turn it is. A list cannot
be taken up again in the middle, so its step has `LIST_WITHIN`, and eight pages of 100 are fetched
at a time. That is enough for

    9,000 accounts at 10 s a call, 35,000 at 3 s, 100,000 (the most that is read) at 1 s,

as far as `CYCLR_CALLS_PER_SECOND` allows as many calls: 20 a second do, at 1 a second it is about
10,000 accounts. Chunks end after `CHECKPOINT` and keep what they read, so any number of accounts
is read in the end: thirty-two at a time, at one call each for up to 100 connectors. At 1 s a call
that is 32 accounts a second, at 10 s 3; twice as many with a helper. One account has `sync.GRACE`
at least: 1,000 connectors at 10 s a call; one that takes longer fails alone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from celery import shared_task
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from cyclr_api import CredentialsRefusedError, CyclrError, RateLimitedError
from dashboard.audit.models import Actor
from dashboard.common.prepared import prepared
from dashboard.consoles.changes import NothingToDecideError
from dashboard.consoles.models import Console, ConsoleChange
from dashboard.consoles.pacing import BACKGROUND, PacedError
from dashboard.consoles.services import asking, trouble_message
from dashboard.jobs.leases import Lease, LeaseLostError
from dashboard.jobs.messages import DeskTask, Message
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on
from dashboard.mirror import adopting, icons, sync
from dashboard.mirror.models import Account, Icon, SyncHelper, SyncRun

logger = logging.getLogger(__name__)

REFRESH = Message("dashboard.mirror.tasks.refresh_account", "checks")
PROBE = Message("dashboard.mirror.tasks.probe_console", "sync")
COMPARE = Message("dashboard.mirror.tasks.compare_console", "sync")

PROBE_EVERY = timedelta(seconds=15)
"""A console that has not answered for so long is asked whether it does."""

CHECKPOINT = timedelta(seconds=40)
LIST_WITHIN = 150
KILLED_AFTER = 165
"""Seconds; less than a broker waits before it delivers the message again (180)."""


@works_on(
    SyncRun,
    gives_up=sync.give_up,
    plans=sync.start_due_runs,
    soft_time_limit=LIST_WITHIN,
    time_limit=KILLED_AFTER,
)
def run_sync(lease: Lease[SyncRun]) -> None:
    """One step of a run, then a message for the next."""
    run = lease.job
    if sync.wait_while_stopped(lease):
        return
    try:
        is_over = _take_step(lease)
    except (PacedError, RateLimitedError) as error:
        sync.pause(lease, error.retry_after)
    except LeaseLostError:
        raise
    except CyclrError as error:
        sync.finish_run(lease, sync.message_for(error))
        logger.warning(
            "sync broke off console=%d call=%s status=%s", run.console_id, error.call, error.status
        )
    except Exception as error:
        logger.exception("sync failed console=%d", run.console_id)
        sync.finish_run(lease, sync.message_for(error))
    else:
        if is_over:
            sync.finish_run(lease)
        else:
            sync.release(lease)
            send(run)


def _take_step(lease: Lease[SyncRun]) -> bool:
    """Says whether it was the last one."""
    run = lease.job
    if run.accounts_at is None:
        sync.read_accounts(lease)
    elif run.listed_at is None:
        sync.read_sub_accounts(run.console)
        sync.read_templates(lease)
        sync.read_library(lease)
    else:
        until = timezone.now() + CHECKPOINT
        return not (sync.read_chunks(lease, until=until) or sync.read_cycles(lease, until=until))
    return False


@works_on(
    SyncHelper,
    gives_up=sync.give_up_help,
    soft_time_limit=LIST_WITHIN,
    time_limit=KILLED_AFTER,
)
def help_sync(lease: Lease[SyncHelper]) -> None:
    """Read some accounts of a run's other half, then a message for the next ones.

    What is wrong with Cyclr is the run's to meet and to tell: then it goes on alone.
    """
    helper = lease.job
    try:
        is_wanted = helper.run.finished_at is None and not sync.is_stopped(helper.run.console_id)
        is_more = is_wanted and sync.help_read(lease, until=timezone.now() + CHECKPOINT)
    except (PacedError, RateLimitedError) as error:
        later = timezone.now() + timedelta(seconds=error.retry_after or 1.0)
        lease.postpone(later, published_at=None)
    except CyclrError as error:
        lease.finish(last_error=sync.message_for(error))
    else:
        if is_more:
            lease.release()
            helper.send()
        else:
            lease.finish()


def send(run: SyncRun) -> None:
    """Send the message for the next step. Not heard of again, it is sent once more."""
    SyncRun.objects.filter(pk=run.pk, attempt=run.attempt).update(published_at=timezone.now())
    run.send()


@shared_task(base=DeskTask)
def refresh_account(account_pk: int) -> None:
    """Read one account now; a second run reads the same again."""
    account = Account.objects.select_related("console").filter(pk=account_pk).first()
    if account is None or not account.is_refreshing:
        return
    try:
        sync.refresh_account(account)
    except CyclrError as error:
        logger.warning(
            "refresh failed account=%d call=%s status=%s", account.pk, error.call, error.status
        )


def ask_for_refresh(account: Account) -> bool:
    """Have one account read soon; twice while it runs is once. Says whether it was new.

    That nobody looks at it stays so: see `ask_for_view`.
    """
    moment = timezone.now()
    rows = Account.objects.filter(pk=account.pk)
    if account.is_refreshing:
        return False
    rows.update(refresh_asked_at=moment, refresh_error="")
    account.refresh_asked_at = moment
    REFRESH.send_on_commit(account.pk)
    return True


def ask_for_view(account: Account) -> bool:
    """The same for a person who looks at it: from now on it is read more often, and first."""
    Account.objects.filter(pk=account.pk).update(viewed_at=timezone.now())
    return ask_for_refresh(account)


def ask_for_sync(console: Console) -> bool:
    """Have the whole console read soon; says whether a new run began."""
    run = sync.start_run(console, is_asked=True)
    if run is None:
        return False
    transaction.on_commit(lambda: send(run), robust=True)
    return True


def resume_sync(console: Console, actor: Actor) -> None:
    """Let a stopped sync go on at once: the run that waited, or a new one."""
    run = sync.resume_sync(console, actor)
    if run is None:
        ask_for_sync(console)
    else:
        transaction.on_commit(lambda: send(run), robust=True)


@shared_task(base=DeskTask)
def probe_console(console_id: int) -> None:
    """Ask Cyclr the smallest thing, so that pages can say whether it answers; harmless twice."""
    console = Console.objects.reachable().filter(pk=console_id).first()
    if console is None:
        return
    try:
        with asking(console, BACKGROUND) as client:
            client.check()
    except CyclrError as error:
        logger.info("probe failed console=%d status=%s", console.pk, error.status)


@periodic(every=3)
def keep_probing() -> None:
    """Nobody may be working: without this an outage would show with the next sync only."""
    moment = timezone.now()
    before = moment - PROBE_EVERY
    for (pk,) in _quiet(before):
        rows = Console.objects.filter(_not_probed_since(before), pk=pk)
        if rows.update(probed_at=moment):
            PROBE.send(pk)


@prepared
def _quiet(before: datetime) -> QuerySet[Any, Any]:
    unheard = Q(answered_at=None) | Q(answered_at__lt=before)
    found = Console.objects.reachable().filter(unheard, _not_probed_since(before))
    return found.order_by("pk").values_list("pk")


def _not_probed_since(before: datetime) -> Q:
    return Q(probed_at=None) | Q(probed_at__lt=before)


@works_on(Icon, gives_up=icons.give_up, soft_time_limit=110, time_limit=120)
def draw_icons(leases: Sequence[Lease[Icon]]) -> None:
    """Draw some connectors' icons anew; what is drawn already is not drawn again."""
    icons.draw_all(leases)


@periodic(every=3600)
def forget_icons() -> None:
    """Icons that nobody needs any more go."""
    icons.forget()


COMPARE_AGAIN_AFTER = timedelta(seconds=60)


@shared_task(base=DeskTask, soft_time_limit=LIST_WITHIN, time_limit=KILLED_AFTER)
def compare_console(change_id: int) -> None:
    """Whose accounts are there now; a second run finds it compared, or decided."""
    change = ConsoleChange.objects.select_related("console").filter(pk=change_id).first()
    if change is None or change.compared_at is not None:
        return
    try:
        adopting.compare(change)
    except CyclrError as error:
        is_refused = isinstance(error, CredentialsRefusedError)
        message = (
            "Cyclr refuses the client id and secret." if is_refused else trouble_message(error)
        )
        ConsoleChange.objects.filter(pk=change_id).update(trouble=message)
        logger.info("console not compared console=%d call=%s", change.console_id, error.call)
    except NothingToDecideError:
        logger.info("console decided meanwhile console=%d", change.console_id)


@periodic(every=5)
def keep_comparing() -> None:
    """Have the consoles compared of which it is not decided whether they are the same."""
    adopting.notice_changed_settings()
    moment = timezone.now()
    for change in ConsoleChange.objects.filter(compared_at=None, compare_at__lte=moment):
        rows = ConsoleChange.objects.filter(pk=change.pk, compare_at=change.compare_at)
        if rows.update(compare_at=moment + COMPARE_AGAIN_AFTER):
            COMPARE.send(change.pk)
