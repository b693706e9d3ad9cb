"""How an operation ends: done, failed in words, or given up."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction

from cyclr_api import CyclrError
from dashboard.jobs.leases import Lease
from dashboard.operations import submitting
from dashboard.operations.handlers import Handler, handler_for
from dashboard.operations.models import Operation, Reason, State

logger = logging.getLogger(__name__)

WAITED_TOO_LONG = (
    "Cyclr could not be reached for too long. Nothing was changed. Retry when it answers again."
)
NOT_RECORDED = (
    "Cyclr did it, but Cyclr Desk could not record it. Refresh the account to see it; do not do "
    "it again."
)
NOT_FOUND_OUT = (
    "It was sent, but Cyclr Desk could not find out what happened. Check in Cyclr before you try "
    "again."
)
OUR_FAULT = (
    "Cyclr Desk failed at this several times, for a reason of its own. Nothing was changed. Tell "
    "an administrator, with this page's address."
)


def finish(lease: Lease[Operation], handler: Handler, outcome: dict[str, Any]) -> None:
    """End it as done: the mirror, the audit entry and the follow-up are one with the end."""
    operation = lease.job
    with transaction.atomic():
        lease.finish(state=State.DONE, outcome=outcome, encrypted_input="")
        message = handler.finish(operation, outcome)
        operation.save(update_fields=["account", "account_connector", "outcome"])
        operation.record("done", message)
        if handler.is_recorded:
            submitting.record(operation, operation.actor, operation.kind, "done")
        if operation.follow_up:
            submitting.submit_follow_up(operation)
    logger.info(
        "operation done id=%d kind=%s attempt=%d", operation.pk, operation.kind, operation.attempt
    )


def fail(
    lease: Lease[Operation],
    reason: Reason,
    message: str,
    error: CyclrError | None = None,
    *,
    field: str = "",
) -> None:
    """End in words. The encrypted input is kept only where the same can be tried again."""
    operation, said = lease.job, _said(error)
    keep = reason == Reason.GAVE_UP
    with transaction.atomic():
        lease.finish(
            state=State.FAILED,
            reason=reason,
            error=message,
            error_field=field,
            cyclr_message=said,
            **({} if keep else {"encrypted_input": ""}),
        )
        operation.record("failed", message, said=said)
        submitting.record(operation, operation.actor, operation.kind, "failed")
        _pass_on(operation)
    logger.warning("operation failed id=%d kind=%s reason=%s", operation.pk, operation.kind, reason)


def give_up(lease: Lease[Operation], error: BaseException | None) -> None:
    """It is too old, or its workers were lost, or met faults of ours, too often."""
    operation = lease.job
    if operation.outcome is not None:
        fail(lease, Reason.NEEDS_PERSON, NOT_RECORDED)
    elif operation.was_sent:
        fail(lease, Reason.NEEDS_PERSON, NOT_FOUND_OUT)
    elif operation.tries < operation.policy.most_tries:
        fail(lease, Reason.GAVE_UP, WAITED_TOO_LONG)
    else:
        fail(lease, Reason.BROKEN, OUR_FAULT)


def _pass_on(operation: Operation) -> None:
    """Tell its kind that it failed; a fault of ours there must not undo the end."""
    try:
        with transaction.atomic():
            handler_for(operation.kind).failed(operation)
    except Exception as error:  # noqa: BLE001 - the row would never end
        logger.error("failure not passed on id=%d error=%s", operation.pk, type(error).__name__)


def _said(error: CyclrError | None) -> str:
    if error is None:
        return ""
    status = f"{error.status} " if error.status else ""
    return f"{status}{error.cyclr_message or ''}".strip()
