"""Which accounts a run reads: all of them, or where those are many, quiet ones less often.

A listing costs a call. To ask ten thousand accounts each quarter of an hour would take all that a
console's rate allows, although in most of them nothing happens for weeks.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.mirror.models import Account, SyncRun

QUIET_TIMES = 4
"""A quiet account is read once in so many periods."""

QUIET_AFTER = timedelta(days=1)
"""An account is quiet when for so long nobody looked at it and nothing in it changed."""

FULL_SHARE = 0.25
"""A console of which all accounts are read within this share of a period knows no quiet ones."""


def due_accounts(run: SyncRun) -> QuerySet[Any]:
    """Accounts whose connectors this run reads, or has read."""
    rows = Account.objects.filter(console=run.console).there()
    if run.is_asked or not is_large(run.console):
        return rows
    long_ago = run.created_at - timedelta(seconds=settings.SYNC_EVERY * (QUIET_TIMES - 1))
    is_due = Q(read_at=None) | Q(read_at__lt=long_ago) | Q(read_at__gte=run.created_at)
    return rows.filter(is_due | _is_busy(run.created_at))


def waiting_accounts(run: SyncRun) -> QuerySet[Any]:
    """Those of them that were not read since the run began, and did not fail in it."""
    rows = due_accounts(run).exclude(refresh_failed_run=run.pk)
    return rows.filter(Q(read_at=None) | Q(read_at__lt=run.created_at))


def is_large(console: Console) -> bool:
    """Whether reading all of its accounts takes more than a part of each period."""
    most = int(console.calls_per_second * settings.SYNC_EVERY * FULL_SHARE)
    there = Account.objects.filter(console=console, gone_at=None).order_by()
    return there[most : most + 1].exists()


def reading_interval(account: Account) -> timedelta:
    """How often it is read while nobody asks; runs take their time on top of that."""
    every = timedelta(seconds=settings.SYNC_EVERY)
    moment = timezone.now()
    seen = [one for one in (account.viewed_at, account.active_at) if one is not None]
    is_busy = bool(account.refresh_error) or any(moment - one < QUIET_AFTER for one in seen)
    return every if is_busy or not is_large(account.console) else QUIET_TIMES * every


def _is_busy(moment: datetime) -> Q:
    lately = moment - QUIET_AFTER
    return Q(viewed_at__gt=lately) | Q(active_at__gt=lately) | ~Q(refresh_error="")
