"""The cycles of accounts, and the console's templates.

A listing of cycles costs a call for each account, as its connectors do, and changes less often. So
a run asks a part of the accounts alone, in turn: see `docs/decisions`. Who looks at an account has
its cycles read with the rest (`refresh`).
"""

from __future__ import annotations

import logging
import math
import threading
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

import cyclr_api
from cyclr_api import CredentialsRefusedError, CyclrError, RateLimitedError
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.consoles.pacing import BACKGROUND, PacedError
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.mirror.missing import Answers, ask_each
from dashboard.mirror.models import Account, Cycle, SyncRun, Template
from dashboard.mirror.sync.answers import Answer
from dashboard.mirror.sync.columns import cycle_columns, needed_columns, template_columns
from dashboard.mirror.sync.errors import message_for
from dashboard.mirror.sync.limits import MAX_WAIT, THREADS
from dashboard.mirror.sync.merge import Written, merge
from dashboard.mirror.sync.needed import write_needed
from dashboard.mirror.sync.reading import Reading, Tally, read_each
from dashboard.mirror.writing import mark_cycles_asked, mark_gone

logger = logging.getLogger(__name__)

CYCLES_EVERY = timedelta(hours=6)
"""So often an account is asked for its cycles, unless somebody looks at it."""

FEWEST_ACCOUNTS = 100
"""So many accounts are asked in each run, however few there are."""

ACCOUNTS_AT_ONCE = 200
"""So many at most are read in one step."""

CycleAnswers = Answers[str, cyclr_api.Cycle]


# ---- templates ----


def refresh_templates(console: Console, *, priority: str = BACKGROUND) -> Written:
    """Copy Cyclr's templates into ours; a second run copies the same again."""
    began = timezone.now()
    with asking(console, priority) as client:
        listed = client.templates.readable(at_once=THREADS, max_wait=MAX_WAIT)
    rows = Template.objects.filter(console=console)
    with transaction.atomic():
        written = merge(
            rows,
            {storable(one.id): template_columns(one) for one in listed},
            key=lambda row: row.cyclr_id,
            make=lambda cyclr_id: Template(console=console, cyclr_id=cyclr_id),
            began=began,
            is_complete=not listed.skipped,
        )
        write_needed(rows, _needed(listed), began)
    written.skipped = listed.skipped
    logger.info(
        "templates refreshed console=%d found=%d skipped=%d made=%d changed=%d gone=%d",
        console.pk,
        len(listed),
        listed.skipped,
        written.made,
        written.changed,
        written.gone,
    )
    return written


def _needed(
    listed: Iterable[cyclr_api.Cycle | cyclr_api.Template],
) -> dict[Hashable, list[dict[str, Any]]]:
    return {storable(one.id): [needed_columns(part) for part in one.connectors] for one in listed}


def read_templates(lease: Lease[SyncRun]) -> None:
    """The console's templates. Whatever is wrong with them, the rest is read."""
    run, message, skipped = lease.job, "", 0
    try:
        skipped = refresh_templates(run.console).skipped
    except (PacedError, RateLimitedError):
        raise
    except CyclrError as error:
        message = message_for(error)
        logger.warning(
            "templates not read console=%d call=%s status=%s",
            run.console_id,
            error.call,
            error.status,
        )
    lease.write(templates_error=message, touched_at=timezone.now(), skipped=F("skipped") + skipped)


# ---- cycles ----


def missing_cycles(
    there: cyclr_api.AccountApi, listed: Sequence[cyclr_api.Cycle], known: Iterable[str]
) -> CycleAnswers:
    """What Cyclr says of the cycles, by their ids, that we know and a listing lacks."""
    left = sorted(set(known) - {storable(one.id) for one in listed})
    return ask_each(left, lambda one: there.cycle(one).get())


def known_cycles(account: Account) -> list[str]:
    """The ids of the cycles that the mirror takes for there."""
    return list(Cycle.objects.there().filter(account=account).values_list("cyclr_id", flat=True))


def write_new_cycle(account: Account, cyclr_id: str, **columns: Any) -> None:
    """A cycle that our own call has just made; a reading tells the rest."""
    merge(
        Cycle.objects.filter(account=account, cyclr_id=cyclr_id),
        {cyclr_id: columns},
        key=lambda row: row.cyclr_id,
        make=lambda new: Cycle(account=account, cyclr_id=new),
        began=timezone.now(),
        is_complete=False,
    )


def write_cycles(
    account: Account,
    listed: Sequence[cyclr_api.Cycle],
    began: datetime,
    answers: CycleAnswers | None = None,
) -> Written:
    """Merge one account's complete listing of cycles, which began at `began`, into the mirror.

    One that says that it `skipped` elements marks nothing missed. `answers`: what was asked for
    by itself since the listing lacks it.
    """
    skipped: int = getattr(listed, "skipped", 0)
    found = [*listed, *(answers.there if answers else ())]
    rows = Cycle.objects.filter(account=account)
    with transaction.atomic():
        went = mark_gone(rows.filter(cyclr_id__in=answers.gone if answers else ()), began)
        written = merge(
            rows,
            {storable(one.id): cycle_columns(one) for one in found},
            key=lambda row: row.cyclr_id,
            make=lambda cyclr_id: Cycle(account=account, cyclr_id=cyclr_id),
            began=began,
            is_complete=not skipped,
        )
        write_needed(rows, _needed(found), began)
        mark_cycles_asked(account, began)
    written.gone += went
    written.skipped = skipped
    return written


def due_accounts(run: SyncRun) -> list[int]:
    """Accounts whose cycles are read in this run and were not yet: those looked at lately first.

    Such a part of all that every account has its turn within `CYCLES_EVERY`.
    """
    accounts = Account.objects.filter(console=run.console).there()
    part = accounts.count() * settings.SYNC_EVERY / CYCLES_EVERY.total_seconds()
    done = SyncRun.objects.filter(pk=run.pk).values_list("cycles_read", "cycles_failed").get()
    left = max(FEWEST_ACCOUNTS, math.ceil(part)) - sum(done)
    long_ago = min(timezone.now() - CYCLES_EVERY, run.created_at)
    due = accounts.filter(Q(cycles_asked_at=None) | Q(cycles_asked_at__lt=long_ago))
    due = due.exclude(refresh_failed_run=run.pk).order_by(
        F("viewed_at").desc(nulls_last=True), F("cycles_asked_at").asc(nulls_first=True), "pk"
    )
    return list(due.values_list("pk", flat=True)[: max(0, min(left, ACCOUNTS_AT_ONCE))])


def read_cycles(lease: Lease[SyncRun], until: datetime) -> bool:
    """Read the cycles of the accounts whose turn it is; says whether more are waiting.

    Whatever is wrong with them, the connectors were read: the run does not fail for it.
    """
    run = lease.job
    try:
        due = due_accounts(run)
        tally = Tally(run.console, run.pk, lease.write)
        read_each(due, cycles_of(due), until, tally)
        return bool(due_accounts(run))
    except (PacedError, RateLimitedError):
        raise
    except CyclrError as error:
        lease.write(cycles_error=message_for(error), touched_at=timezone.now())
        logger.warning("cycles not read call=%s status=%s", error.call, error.status)
        if isinstance(error, CredentialsRefusedError):
            raise
        return False


def cycles_of(accounts: Sequence[int]) -> Reading[cyclr_api.Cycle]:
    """Their cycles; those that the mirror knows are looked for behind a short page."""
    known: dict[int, list[str]] = defaultdict(list)
    rows = Cycle.objects.there().filter(account__in=accounts).order_by()
    for account, cyclr_id in rows.values_list("account", "cyclr_id"):
        known[account].append(cyclr_id)

    def ask(
        client: cyclr_api.Client, account: Account, until: datetime, stop: threading.Event
    ) -> Answer[cyclr_api.Cycle] | None:
        return _list_cycles(client, account, until, stop, known.get(account.pk, ()))

    return Reading(ask, _take, _fail)


def _list_cycles(
    client: cyclr_api.Client,
    account: Account,
    until: datetime,
    stop: threading.Event,
    known: Collection[str],
) -> Answer[cyclr_api.Cycle] | None:
    """One listing, in a thread of the pool: it asks Cyclr and leaves the database alone."""
    began = timezone.now()
    if stop.is_set() or began >= until:
        return None
    max_wait = min(MAX_WAIT, (until - began).total_seconds())
    try:
        cycles = client.account(account.cyclr_id).cycles
        listed = cycles.readable(max_wait=max_wait, expected=known)
        return Answer(account, began, listed=listed)
    except CyclrError as error:
        return Answer(account, began, error=error)


def _take(told: Sequence[Answer[cyclr_api.Cycle]], tally: Tally) -> None:
    with transaction.atomic():
        written = [write_cycles(one.account, one.listed or (), one.began) for one in told]
    tally.count(cycles_read=len(told), skipped=sum(one.skipped for one in written))


def _fail(account: Account, error: Exception, tally: Tally) -> None:
    tally.count(cycles_failed=1)
    mark_cycles_asked(account, timezone.now(), error=message_for(error))
