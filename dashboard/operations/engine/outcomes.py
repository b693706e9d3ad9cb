"""What an error of Cyclr's means for an operation: wait, reconcile, prepare anew, or end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from cyclr_api import (
    AccountRefusedError,
    CredentialsRefusedError,
    CyclrError,
    OutcomeUnknownError,
    PermanentError,
    TemporaryError,
)
from dashboard.consoles.pacing import PacedError
from dashboard.jobs.leases import Lease
from dashboard.operations.engine.ending import WAITED_TOO_LONG, fail
from dashboard.operations.engine.reconciling import FIRST_ATTEMPTS
from dashboard.operations.handlers import Handler, PrepareAgain, ReconcileAgain
from dashboard.operations.models import Operation, Reason, State

MOST_WAITS = 200
LONGEST_WAIT = timedelta(hours=6)
MOST_NAMES = 20
REFUSED_TOO_LONG = (
    "Cyclr refused this console’s client id and secret for too long. Nothing was changed. Retry "
    "once an administrator has renewed them."
)
NEVER_ANSWERED = (
    "It was sent, but Cyclr did not say what happened. Retry when it answers again: sending "
    "it a second time does no harm."
)
NEVER_ASKED = (
    "It was sent, and Cyclr could not be reached since to ask whether it happened. Check in Cyclr "
    "before you try again."
)
NOT_TOLD = (
    "It was sent, and Cyclr refuses to say whether it happened. Check in Cyclr before you try "
    "again."
)
REFUSED_AFTERWARDS = (
    "It was sent earlier and not found since, and now Cyclr refuses it. Check in Cyclr before you "
    "try again."
)
NO_NAME_LEFT = "Every name that was tried is taken. Nothing was changed. Choose another name."


def meet(lease: Lease[Operation], handler: Handler, error: CyclrError) -> None:
    """Do what this error asks for."""
    is_unknown = isinstance(error, OutcomeUnknownError)
    if is_unknown and not handler.is_idempotent:
        _become_unsure(lease, error)
    elif is_unknown or isinstance(error, TemporaryError) or _is_of_credentials(error):
        _wait(lease, handler, error)
    elif isinstance(error, PermanentError):
        _be_refused(lease, handler, error)
    else:
        raise error


def _is_of_credentials(error: CyclrError) -> bool:
    """Whether the console's own client id and secret are refused, and not one account's.

    Then the call was not handled, and nothing is wrong with it.
    """
    is_refused = isinstance(error, CredentialsRefusedError)
    return is_refused and not isinstance(error, AccountRefusedError)


def _become_unsure(lease: Lease[Operation], error: CyclrError) -> None:
    message = (
        f"Cyclr answered with an error ({error.status})" if error.status else "No answer from Cyclr"
    )
    lease.postpone(timezone.now() + timedelta(seconds=FIRST_ATTEMPTS[0]), state=State.UNSURE)
    said = error.cyclr_message or ""
    lease.job.record("unsure", message, call=error.call, status=error.status, said=said)


def _wait(lease: Lease[Operation], handler: Handler, error: CyclrError) -> None:
    """The same again later: nothing happened by this call, or a second one does no harm.

    What was sent before, and can only be reconciled, stays unsure.
    """
    operation = lease.job
    if isinstance(error, OutcomeUnknownError):
        lease.write(resends=operation.resends + 1)
    waits = operation.waits + int(getattr(error, "counts_as_try", True))
    is_unsure = operation.state == State.UNSURE
    if waits >= MOST_WAITS or timezone.now() - operation.created_at > LONGEST_WAIT:
        reason, message = _waited_too_long(operation, handler, error)
        fail(lease, reason, message, error)
        return
    columns: dict[str, Any] = {"state": State.UNSURE if is_unsure else State.QUEUED}
    if not is_unsure:
        columns["sent_at"] = None
        if not operation.is_resent:
            columns["prepared"] = None
    pause = operation.policy.pause_after(error, waits)
    lease.postpone(timezone.now() + pause, waits=waits, **columns)
    if not isinstance(error, PacedError):
        operation.record("waiting", _why(error), call=error.call, status=error.status)


def _waited_too_long(
    operation: Operation, handler: Handler, error: CyclrError
) -> tuple[Reason, str]:
    """Why it ends, and in which words."""
    if operation.state == State.UNSURE or operation.is_resent:
        if handler.is_idempotent:
            return Reason.GAVE_UP, NEVER_ANSWERED
        return Reason.NEEDS_PERSON, NEVER_ASKED
    return Reason.GAVE_UP, REFUSED_TOO_LONG if _is_of_credentials(error) else WAITED_TOO_LONG


def _why(error: CyclrError) -> str:
    """Why it waits, for its timeline."""
    is_unknown = isinstance(error, OutcomeUnknownError)
    said = "Cyclr gave no answer" if is_unknown else "Cyclr cannot be reached"
    if _is_of_credentials(error):
        said = "Cyclr refuses this console’s client id and secret"
    elif error.status:
        said = f"Cyclr answers with an error ({error.status})"
    harmless = "a second time does no harm" if is_unknown else "nothing was changed"
    return f"{said}; {harmless}, it is tried again"


def _be_refused(lease: Lease[Operation], handler: Handler, error: PermanentError) -> None:
    operation = lease.job
    if operation.state == State.UNSURE:
        fail(lease, Reason.NEEDS_PERSON, NOT_TOLD, error)
        return
    try:
        refusal = handler.refused(operation, error)
    except PrepareAgain:
        _prepare_again(lease, error)
    except ReconcileAgain:
        lease.postpone(timezone.now(), state=State.UNSURE)
        operation.record("unsure", "Cyclr says the name is in use: checking whether it is ours")
    else:
        if operation.is_resent and not handler.is_idempotent:
            fail(lease, Reason.NEEDS_PERSON, REFUSED_AFTERWARDS, error)
        else:
            fail(lease, Reason.REFUSED, refusal.message, error, field=refusal.field)


def _prepare_again(lease: Lease[Operation], error: PermanentError) -> None:
    """Under another name, unless too many were taken."""
    operation = lease.job
    if operation.events.filter(event="again").count() >= MOST_NAMES:
        fail(lease, Reason.REFUSED, NO_NAME_LEFT, error, field="name")
        return
    name = (operation.prepared or {}).get("name", "")
    lease.postpone(timezone.now(), state=State.QUEUED, sent_at=None, prepared=None)
    operation.record("again", "The name was taken in the meantime; using another one", name=name)
