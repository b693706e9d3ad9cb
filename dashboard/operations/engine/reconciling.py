"""Reconcile attempts: whether what was sent without an answer is there.

Early ones may find the effect; finding nothing says nothing yet, since Cyclr may still be at it.
From `FIRST_LOOK_AFTER` on, `LOOK_GAP` apart, two that find nothing mean that it is not there.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from cyclr_api import Client
from dashboard.jobs.leases import Lease
from dashboard.operations.engine.ending import fail
from dashboard.operations.handlers import Doubtful, Found, Handler
from dashboard.operations.models import Operation, Reason, State

FIRST_ATTEMPTS = (2.0, 5.0, 10.0, 20.0)
"""Seconds after sending until the early attempts."""
MOST_RESENDS = 3
SENT_IN_VAIN = (
    "It was sent several times, and Cyclr neither did it nor said why not. Check in Cyclr before "
    "you try again."
)


def reconcile(lease: Lease[Operation], handler: Handler, client: Client) -> bool:
    """Ask for the effect of an earlier send; True when it is known, so that work can go on."""
    operation, moment = lease.job, timezone.now()
    found = handler.reconcile(operation, client)
    if isinstance(found, Found):
        lease.write(outcome=found.outcome)
        operation.record("found", "Found in Cyclr: it had worked")
        return True
    if isinstance(found, Doubtful):
        fail(lease, Reason.NEEDS_PERSON, found.why)
        return False
    if found.prepared is not None:
        name = (operation.prepared or {}).get("name", "")
        lease.write(prepared=found.prepared)
        operation.record("again", "Somebody else took the name; using another one", name=name)
    if not _counts(operation, moment):
        lease.postpone(_next_attempt(operation, moment), state=State.UNSURE)
    elif operation.empty_looks == 0:
        again = moment + timedelta(seconds=settings.LOOK_GAP)
        lease.postpone(again, state=State.UNSURE, empty_looks=1, looked_at=moment)
        operation.record("looked", "Checked: it is not there")
    else:
        _send_again(lease, moment)
    return False


def _first_that_counts(operation: Operation, moment: datetime) -> datetime:
    return (operation.sent_at or moment) + timedelta(seconds=settings.FIRST_LOOK_AFTER)


def _counts(operation: Operation, moment: datetime) -> bool:
    """Whether an attempt that finds nothing now means that it is not there."""
    if moment < _first_that_counts(operation, moment):
        return False
    last = operation.looked_at
    return last is None or moment - last >= timedelta(seconds=settings.LOOK_GAP)


def _next_attempt(operation: Operation, moment: datetime) -> datetime:
    """When to ask again after an attempt that does not count."""
    first, sent_at = _first_that_counts(operation, moment), operation.sent_at or moment
    if moment >= first:
        return moment + timedelta(seconds=settings.LOOK_GAP)
    early = [sent_at + timedelta(seconds=pause) for pause in FIRST_ATTEMPTS]
    coming = [due for due in early if due > moment] + [first]
    return max(min(coming), moment + timedelta(seconds=1))


def _send_again(lease: Lease[Operation], moment: datetime) -> None:
    """It is not there: the same call again, under the same name, a few times at most."""
    operation = lease.job
    if operation.resends >= MOST_RESENDS:
        fail(lease, Reason.NEEDS_PERSON, SENT_IN_VAIN)
        return
    operation.record("looked", "Checked twice and it is not there: sending it again")
    lease.postpone(
        moment,
        state=State.QUEUED,
        sent_at=None,
        empty_looks=0,
        looked_at=None,
        resends=operation.resends + 1,
    )
