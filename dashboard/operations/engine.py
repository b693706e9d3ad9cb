"""Carrying out operations: nothing is lost, nothing is done twice.

The row is the truth, a message only a hint. A worker claims a row by a conditional update that
raises `attempt`; every later write is fenced by that number, so a worker that was frozen past its
lease can change nothing. `sent` is committed before the call that must happen once; whatever goes
wrong after it makes the row `unsure`, and then we look before anything is sent again. A kind that
may be done twice (`Handler.is_idempotent`) is sent again soon instead.
"""

from __future__ import annotations

import logging
import random
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from cyclr_api import (
    AccountRefusedError,
    Client,
    CredentialsRefusedError,
    CyclrError,
    OutcomeUnknownError,
    PermanentError,
    TemporaryError,
)
from dashboard.common import sealing
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE, PacedError
from dashboard.consoles.services import asking
from dashboard.operations import submitting
from dashboard.operations.handlers import (
    JSON,
    Doubtful,
    Found,
    Handler,
    LookAgain,
    PrepareAgain,
    handler_for,
)
from dashboard.operations.input import unsealed_input
from dashboard.operations.models import Operation, Reason, State

logger = logging.getLogger(__name__)

MOST_TRIES = 200
LONGEST_AGE = timedelta(hours=6)
LONGEST_PAUSE = 60.0
MOST_RESENDS = 3
MOST_NAMES = 20
MOST_LOSSES = 5
"""Lost workers and faults of ours after which a row is given up: it may be what kills them."""
TIDY_PAUSES = (1.0, 3.0, 6.0)
"""Seconds between tries of the tidying step; after them it is left undone, and said so."""
WAITED_TOO_LONG = (
    "Cyclr could not be reached for too long. Nothing was changed. Retry when it answers again."
)
REFUSED_TOO_LONG = (
    "Cyclr refused this console’s client id and secret for too long. Nothing was changed. Retry "
    "once an administrator has renewed them."
)
NEVER_ANSWERED = (
    "It was sent, but Cyclr did not say what happened. Retry when it answers again: sending "
    "it a second time does no harm."
)
OVERDUE = LONGEST_AGE + timedelta(hours=1)
"""Nothing is worked on at this age, in whatever state it is."""
FIRST_PEEKS = (2.0, 5.0, 10.0, 20.0)
"""Seconds until the early looks: they may find the effect; finding nothing says nothing yet."""


class SupersededError(Exception):
    """This claim is over: somebody else works on the row now."""


# ---- claiming ----


def claimable(moment: datetime) -> Q:
    """Rows that a worker may take now."""
    is_free = Q(lease_until=None) | Q(lease_until__lt=moment)
    waiting = Q(state__in=[State.QUEUED, State.UNSURE], not_before__lte=moment) & is_free
    abandoned = Q(state__in=[State.RUNNING, State.SENT], lease_until__lt=moment)
    return waiting | abandoned


def claim(pk: int) -> Operation | None:
    """Take a row for this worker, or None if it is done, not due, or somebody else's."""
    moment = timezone.now()
    rows = Operation.objects.filter(claimable(moment), pk=pk)
    with transaction.atomic():
        before = rows.select_for_update().first()
        if before is None:
            return None
        was = before.state
        state = State.RUNNING if was in {State.QUEUED, State.RUNNING} else State.UNSURE
        is_lost = before.lease_until is not None  # whoever lets go of a row ends its lease
        Operation.objects.filter(pk=pk).update(
            state=state,
            attempt=F("attempt") + 1,
            losses=F("losses") + int(is_lost),
            lease_until=moment + timedelta(seconds=settings.LEASE_FOR),
        )
        operation: Operation = Operation.objects.select_related(
            "console", "account__console", "connector", "account_connector", "actor_user"
        ).get(pk=pk)
        if is_lost:
            operation.note("lost", "The worker handling it was lost")
    return operation


class Claim:
    """One worker's hold on an operation. Every write goes through it."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation

    def write(self, **columns: Any) -> None:
        """Update the row if it is still ours; raises `SupersededError` otherwise."""
        rows = Operation.objects.filter(pk=self.operation.pk, attempt=self.operation.attempt)
        if not rows.update(**columns):
            raise SupersededError
        for column, value in columns.items():
            setattr(self.operation, column, value)

    def note(self, event: str, words: str, **details: Any) -> None:
        """Add a line to the story."""
        self.operation.note(event, words, **details)

    def extend(self) -> bool:
        """Renew the lease; says whether it is still ours."""
        until = timezone.now() + timedelta(seconds=settings.LEASE_FOR)
        rows = Operation.objects.filter(
            pk=self.operation.pk,
            attempt=self.operation.attempt,
            state__in=[State.RUNNING, State.SENT, State.UNSURE],
            lease_until__isnull=False,
        )
        return bool(rows.update(lease_until=until))


@contextmanager
def heartbeat(claim: Claim) -> Iterator[None]:
    """Renew the lease from a thread as long as the work goes on."""
    stopped = threading.Event()

    def beat() -> None:
        try:
            while not stopped.wait(settings.LEASE_FOR / 3):
                try:
                    if not claim.extend():
                        return
                except DatabaseError as error:
                    # Locked or restarting: the next beat may be in time.
                    logger.warning("lease not renewed error=%s", type(error).__name__)
                    connection.close()
        finally:
            connection.close()

    if settings.PROCESS != "worker":
        yield
        return
    thread = threading.Thread(target=beat, name=f"lease-{claim.operation.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(timeout=5)


# ---- carrying out ----


def run(pk: int) -> None:
    """Carry out one operation as far as it goes now; does nothing if it is not ours to take."""
    operation = claim(pk)
    if operation is None:
        return
    held = Claim(operation)
    try:
        if operation.losses >= MOST_LOSSES or timezone.now() - operation.created_at > OVERDUE:
            _give_up(held)
            return
        with heartbeat(held):
            _carry_out(held)
    except SupersededError:
        logger.warning("operation superseded id=%d attempt=%d", pk, operation.attempt)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not make the row immortal
        # Its message may hold what was typed: only its kind is logged.
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
        logger.error("operation crashed id=%d error=%s at=%s", pk, type(error).__name__, where)
        _crashed(held)


def _crashed(held: Claim) -> None:
    """A fault of ours, or a time limit: again a little later, and not for ever."""
    operation = held.operation
    was_sent = operation.sent_at is not None or operation.outcome is not None
    pause = timedelta(seconds=2.0 ** min(operation.losses + 1, 6))
    try:
        held.write(
            state=State.UNSURE if was_sent else State.QUEUED,
            losses=operation.losses + 1,
            not_before=timezone.now() + pause,
            lease_until=None,
        )
        held.note("lost", "Cyclr Desk ran into an error of its own; it will be retried")
    except (SupersededError, DatabaseError) as error:
        logger.warning("crash not noted id=%d error=%s", operation.pk, type(error).__name__)


def _give_up(held: Claim) -> None:
    operation = held.operation
    if operation.outcome is not None:
        words = (
            "Cyclr did it, but Cyclr Desk could not record it. Refresh the account to see "
            "it; do not do it again."
        )
        _fail(held, Reason.NEEDS_PERSON, words)
    elif operation.sent_at is not None or operation.is_resent:
        words = (
            "It was sent, but Cyclr Desk could not find out what happened. Check in Cyclr "
            "before you try again."
        )
        _fail(held, Reason.NEEDS_PERSON, words)
    elif operation.losses < MOST_LOSSES:
        _fail(held, Reason.GAVE_UP, WAITED_TOO_LONG)
    else:
        words = (
            "Cyclr Desk failed at this several times, for a reason of its own. Nothing was "
            "changed. Tell an administrator, with this page's address."
        )
        _fail(held, Reason.BROKEN, words)


def _carry_out(held: Claim) -> None:
    operation = held.operation
    try:
        handler = handler_for(operation.kind)
    except KeyError:
        _fail(
            held, Reason.BROKEN, "This release of Cyclr Desk does not know this kind of operation."
        )
        return
    may_send = operation.sent_at is None or (handler.is_idempotent and operation.outcome is None)
    try:
        values = unsealed_input(operation)
    except sealing.SealBrokenError:
        if may_send:
            _fail(
                held,
                Reason.BROKEN,
                "Its entries can no longer be decrypted: a key was removed. Fill in the form "
                "again.",
            )
            return
        values = {}
    was_sent = operation.sent_at is not None or operation.is_resent
    so_far = "It had already been sent: check in Cyclr." if was_sent else "Nothing was changed."
    if may_send and operation.console.retired_at is not None:
        words = f"This console is no longer in the settings. {so_far}"
        _fail(held, Reason.NOT_ALLOWED, words)
        return
    if may_send and not handler.is_allowed(operation):
        _fail(held, Reason.NOT_ALLOWED, f"{handler.forbidden} {so_far}")
        return
    try:
        if not handler.calls_cyclr:
            _work(held, handler, None, values)  # type: ignore[arg-type]
            return
        lane = BACKGROUND if operation.is_bulk else INTERACTIVE
        with asking(operation.console, lane) as client:
            _work(held, handler, client, values)
    except OutcomeUnknownError as error:
        if handler.is_idempotent:
            _wait(held, handler, error)
        else:
            _become_unsure(held, error)
    except TemporaryError as error:
        _wait(held, handler, error)
    except PermanentError as error:
        if _is_of_credentials(error):
            _wait(held, handler, error)  # the call was not handled, and nothing is wrong with it
        else:
            _refused(held, handler, error)


def _is_of_credentials(error: CyclrError) -> bool:
    """Whether the console's own client id and secret are refused, and not one account's."""
    is_refused = isinstance(error, CredentialsRefusedError)
    return is_refused and not isinstance(error, AccountRefusedError)


def _work(held: Claim, handler: Handler, client: Client, values: JSON) -> None:
    operation = held.operation
    is_open = operation.outcome is None
    if is_open and operation.state == State.UNSURE and not handler.is_idempotent:
        if not _look(held, handler, client):
            return
    elif is_open:
        if operation.state == State.UNSURE:
            held.write(resends=operation.resends + 1)
        if operation.prepared is None:
            prepared = handler.prepare(operation, client)
            held.write(prepared=prepared)
            held.note("prepared", str(prepared.get("words", "Prepared")))
        _send(held, handler, client, values)
    outcome = operation.outcome or {}
    try:
        outcome = handler.settle(operation, client, outcome)
    except CyclrError as error:
        if not _give_tidying_up(held, error):
            return
    _finish(held, handler, outcome)


def _give_tidying_up(held: Claim, error: CyclrError) -> bool:
    """The effect is there and only its tidying failed: again a few times, then it is left."""
    operation = held.operation
    tried = operation.finalize_tries
    if isinstance(error, PermanentError) or tried >= len(TIDY_PAUSES):
        held.note(
            "untidy",
            "Done, but Cyclr refused the final clean-up step",
            call=error.call,
            status=error.status,
        )
        return True
    held.write(
        state=State.UNSURE,
        finalize_tries=tried + 1,
        not_before=timezone.now() + timedelta(seconds=TIDY_PAUSES[tried]),
        lease_until=None,
    )
    return False


def _send(held: Claim, handler: Handler, client: Client, values: JSON) -> None:
    operation = held.operation
    if handler.calls_cyclr:
        if not held.extend():
            raise SupersededError
        held.write(state=State.SENT, sent_at=timezone.now(), empty_looks=0, looked_at=None)
        held.note("sent", "Sent to Cyclr")
    outcome = handler.act(operation, client, values)
    held.write(outcome=outcome)
    if handler.calls_cyclr:
        held.note("answered", "Cyclr answered: it is done")


def _look(held: Claim, handler: Handler, client: Client) -> bool:
    """Look for the effect of an earlier send; True when it is known, so that work can go on."""
    operation = held.operation
    moment = timezone.now()
    look = handler.reconcile(operation, client)
    if isinstance(look, Found):
        held.write(outcome=look.outcome)
        held.note("found", "Found in Cyclr: it had worked")
        return True
    if isinstance(look, Doubtful):
        _fail(held, Reason.NEEDS_PERSON, look.why)
        return False
    sent_at = operation.sent_at or moment
    first = sent_at + timedelta(seconds=settings.FIRST_LOOK_AFTER)
    gap = timedelta(seconds=settings.LOOK_GAP)
    counts = moment >= first and (
        operation.looked_at is None or moment - operation.looked_at >= gap
    )
    if not counts:
        peeks = [sent_at + timedelta(seconds=pause) for pause in FIRST_PEEKS]
        coming = [peek for peek in peeks if peek > moment] + [first]
        due = max(min(coming), moment + timedelta(seconds=1)) if moment < first else moment + gap
        held.write(state=State.UNSURE, not_before=due, lease_until=None)
        return False
    empty = operation.empty_looks + 1
    if empty < 2:
        held.write(
            state=State.UNSURE,
            empty_looks=empty,
            looked_at=moment,
            not_before=moment + gap,
            lease_until=None,
        )
        held.note("looked", "Checked: it is not there")
        return False
    resends = operation.resends + 1
    if resends > MOST_RESENDS:
        _fail(
            held,
            Reason.NEEDS_PERSON,
            "It was sent several times, and Cyclr neither did it nor said why not. Check in "
            "Cyclr before you try again.",
        )
        return False
    held.note("looked", "Checked twice and it is not there: sending it again")
    held.write(
        state=State.QUEUED,
        sent_at=None,
        empty_looks=0,
        looked_at=None,
        resends=resends,
        not_before=moment,
        lease_until=None,
    )
    return False


def _become_unsure(held: Claim, error: OutcomeUnknownError) -> None:
    moment = timezone.now()
    words = (
        f"Cyclr answered with an error ({error.status})" if error.status else "No answer from Cyclr"
    )
    held.write(
        state=State.UNSURE,
        lease_until=None,
        not_before=moment + timedelta(seconds=FIRST_PEEKS[0]),
    )
    held.note("unsure", words, call=error.call, status=error.status, said=error.cyclr_message or "")


def _wait(held: Claim, handler: Handler, error: CyclrError) -> None:
    """The same again later: nothing happened by this call, or a second one does no harm.

    What was sent before, and can only be looked for, stays unsure.
    """
    operation = held.operation
    moment = timezone.now()
    is_lost = isinstance(error, OutcomeUnknownError)
    if is_lost:
        held.write(resends=operation.resends + 1)
    tries = operation.tries + (0 if isinstance(error, PacedError) else 1)
    was_sent = operation.state == State.UNSURE
    if tries >= MOST_TRIES or moment - operation.created_at > LONGEST_AGE:
        if (was_sent or operation.is_resent) and handler.is_idempotent:
            _fail(held, Reason.GAVE_UP, NEVER_ANSWERED, error)
        elif was_sent or operation.is_resent:
            _fail(
                held,
                Reason.NEEDS_PERSON,
                "It was sent, and Cyclr could not be reached since to ask whether it "
                "happened. Check in Cyclr before you try again.",
                error,
            )
        else:
            _fail(
                held,
                Reason.GAVE_UP,
                REFUSED_TOO_LONG if _is_of_credentials(error) else WAITED_TOO_LONG,
                error,
            )
        return
    pause = random.uniform(0, min(LONGEST_PAUSE, 2.0 ** min(tries, 10)))  # noqa: S311 - jitter
    if error.retry_after is not None:
        asked = error.retry_after + random.uniform(0, 0.2 * error.retry_after)  # noqa: S311
        pause = asked if isinstance(error, PacedError) else max(pause, asked)
    columns: dict[str, Any] = {
        "state": State.UNSURE if was_sent else State.QUEUED,
        "tries": tries,
        "lease_until": None,
        "not_before": moment + timedelta(seconds=max(pause, 0.5)),
    }
    if columns["state"] == State.QUEUED:
        columns["sent_at"] = None
        if not operation.is_resent:
            columns["prepared"] = None
    held.write(**columns)
    if not isinstance(error, PacedError):
        said = "Cyclr gave no answer" if is_lost else "Cyclr cannot be reached"
        if _is_of_credentials(error):
            said = "Cyclr refuses this console’s client id and secret"
        elif error.status:
            said = f"Cyclr answers with an error ({error.status})"
        harmless = "a second time does no harm" if is_lost else "nothing was changed"
        held.note(
            "waiting",
            f"{said}; {harmless}, it is tried again",
            call=error.call,
            status=error.status,
        )


def _refused(held: Claim, handler: Handler, error: PermanentError) -> None:
    operation = held.operation
    was_sent = operation.state == State.UNSURE or operation.is_resent
    if operation.state == State.UNSURE:
        _fail(
            held,
            Reason.NEEDS_PERSON,
            "It was sent, and Cyclr refuses to say whether it happened. Check in Cyclr "
            "before you try again.",
            error,
        )
        return
    try:
        refusal = handler.refused(operation, error)
    except PrepareAgain:
        if operation.events.filter(event="again").count() >= MOST_NAMES:
            words = "Every name that was tried is taken. Nothing was changed. Choose another name."
            _fail(held, Reason.REFUSED, words, error, field="name")
            return
        name = (operation.prepared or {}).get("name", "")
        held.write(
            state=State.QUEUED,
            sent_at=None,
            prepared=None,
            not_before=timezone.now(),
            lease_until=None,
        )
        held.note("again", "The name was taken in the meantime; using another one", name=name)
        return
    except LookAgain:
        held.write(state=State.UNSURE, not_before=timezone.now(), lease_until=None)
        held.note("unsure", "Cyclr says the name is in use: checking whether it is ours")
        return
    if was_sent and not handler.is_idempotent:
        words = (
            "It was sent earlier and not found since, and now Cyclr refuses it. Check in "
            "Cyclr before you try again."
        )
        _fail(held, Reason.NEEDS_PERSON, words, error)
        return
    _fail(held, Reason.REFUSED, refusal.words, error, field=refusal.field)


# ---- ending ----


def _finish(held: Claim, handler: Handler, outcome: JSON) -> None:
    operation = held.operation
    with transaction.atomic():
        held.write(
            state=State.DONE,
            outcome=outcome,
            sealed_input="",
            lease_until=None,
            finished_at=timezone.now(),
        )
        words = handler.finish(operation, outcome)
        operation.save(update_fields=["account_connector", "outcome"])
        held.note("done", words)
        if handler.is_recorded:
            submitting.record(operation, operation.actor, operation.kind, "done")
        if operation.follow_up:
            submitting.submit_follow_up(operation)
    logger.info(
        "operation done id=%d kind=%s attempt=%d", operation.pk, operation.kind, operation.attempt
    )


def _fail(
    held: Claim,
    reason: Reason,
    words: str,
    error: CyclrError | None = None,
    *,
    field: str = "",
) -> None:
    """End in words. The sealed input is kept only where the same can be tried again."""
    operation = held.operation
    keep = reason == Reason.GAVE_UP
    with transaction.atomic():
        held.write(
            state=State.FAILED,
            reason=reason,
            error=words,
            error_field=field,
            cyclr_message=_said(error),
            lease_until=None,
            finished_at=timezone.now(),
            **({} if keep else {"sealed_input": ""}),
        )
        held.note("failed", words, said=_said(error))
        submitting.record(operation, operation.actor, operation.kind, "failed")
        _pass_on(operation)
    logger.warning("operation failed id=%d kind=%s reason=%s", operation.pk, operation.kind, reason)


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
