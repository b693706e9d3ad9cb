"""One attempt at an operation, as far as it goes now."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

from django.utils import timezone

from cyclr_api import Client, CyclrError, PermanentError
from dashboard.common import encryption
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease, LeaseLostError
from dashboard.operations.engine.ending import fail, finish
from dashboard.operations.engine.outcomes import meet
from dashboard.operations.engine.reconciling import reconcile
from dashboard.operations.handlers import JSON, Handler, find_handler
from dashboard.operations.input import decrypted_input
from dashboard.operations.models import Operation, Reason, State

FINALIZE_PAUSES = (1.0, 3.0, 6.0)
"""Seconds between tries of the step after the effect; after them it is left, and said so."""
UNKNOWN_KIND = "This release of Cyclr Desk does not know this kind of operation."
NO_KEY = "Its entries can no longer be decrypted: a key was removed. Fill in the form again."


def carry_out(lease: Lease[Operation]) -> None:
    """Carry out one operation. What is raised is a fault of ours, or a time limit."""
    try:
        _begin(lease)
    except LeaseLostError:
        raise
    except Exception:
        operation = lease.job
        may_be_there = operation.sent_at is not None or operation.outcome is not None
        lease.write(state=State.UNSURE if may_be_there else State.QUEUED)
        operation.record("lost", "Cyclr Desk ran into an error of its own; it will be retried")
        raise


def _begin(lease: Lease[Operation]) -> None:
    operation = lease.job
    handler = find_handler(operation.kind)
    if handler is None:
        fail(lease, Reason.BROKEN, UNKNOWN_KIND)
        return
    may_send = operation.sent_at is None or (handler.is_idempotent and operation.outcome is None)
    try:
        values = decrypted_input(operation)
    except encryption.DecryptionError:
        if may_send:
            fail(lease, Reason.BROKEN, NO_KEY)
            return
        values = {}
    if may_send and (why := _why_not(operation, handler)):
        so_far = "It had already been sent: check in Cyclr."
        fail(
            lease,
            Reason.NOT_ALLOWED,
            f"{why} {so_far if operation.was_sent else 'Nothing was changed.'}",
        )
        return
    try:
        with _client_for(operation, handler) as client:
            _work(lease, handler, client, values)
    except CyclrError as error:
        meet(lease, handler, error)


def _client_for(operation: Operation, handler: Handler) -> AbstractContextManager[Any]:
    """The way to Cyclr, for a kind that asks it; urgent unless it is one of many."""
    if not handler.calls_cyclr:
        return nullcontext()
    return asking(operation.console, BACKGROUND if operation.is_bulk else INTERACTIVE)


def _why_not(operation: Operation, handler: Handler) -> str:
    """Why it must not be sent any more, in words."""
    if operation.console.retired_at is not None:
        return "This console is no longer in the settings."
    return "" if handler.is_allowed(operation) else handler.forbidden


def _work(lease: Lease[Operation], handler: Handler, client: Client, values: JSON) -> None:
    operation = lease.job
    is_open = operation.outcome is None
    if is_open and operation.state == State.UNSURE and not handler.is_idempotent:
        if not reconcile(lease, handler, client):
            return
    elif is_open:
        if operation.state == State.UNSURE:
            lease.write(resends=operation.resends + 1)
        if operation.prepared is None:
            prepared = handler.prepare(operation, client)
            lease.write(prepared=prepared)
            operation.record("prepared", str(prepared.get("words", "Prepared")))
        _send(lease, handler, client, values)
    outcome = operation.outcome or {}
    try:
        outcome = handler.finalize(operation, client, outcome)
    except CyclrError as error:
        if not _is_left_unfinalized(lease, error):
            return
    finish(lease, handler, outcome)


def _send(lease: Lease[Operation], handler: Handler, client: Client, values: JSON) -> None:
    operation = lease.job
    if handler.calls_cyclr:
        lease.hold()
        lease.write(state=State.SENT, sent_at=timezone.now(), empty_looks=0, looked_at=None)
        operation.record("sent", "Sent to Cyclr")
    outcome = handler.act(operation, client, values)
    lease.write(outcome=outcome)
    if handler.calls_cyclr:
        operation.record("answered", "Cyclr answered: it is done")


def _is_left_unfinalized(lease: Lease[Operation], error: CyclrError) -> bool:
    """The effect is there and only the step after it failed: again a few times, then it is left."""
    operation = lease.job
    tried = operation.finalize_tries
    if isinstance(error, PermanentError) or tried >= len(FINALIZE_PAUSES):
        message = "Done, but Cyclr refused the final clean-up step"
        operation.record("untidy", message, call=error.call, status=error.status)
        return True
    again = timezone.now() + timedelta(seconds=FINALIZE_PAUSES[tried])
    lease.postpone(again, state=State.UNSURE, finalize_tries=tried + 1)
    return False
