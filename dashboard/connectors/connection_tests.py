"""Proving that an installed connector works, and as whom: one call of its kind's test method.

Cyclr's "authenticated" means that it holds credentials, right or wrong. A test is an answer that
came through them. A run is a row; whoever may be waiting for it is told by
`connection_test_finished`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, Subquery
from django.dispatch import Signal
from django.utils import timezone

from cyclr_api import (
    AccountRefusedError,
    AddressRefusedError,
    Client,
    CredentialsRefusedError,
    CyclrError,
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    RefusedError,
    TemporaryError,
    UnreadableError,
)
from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common.untrusted_text import display_text
from dashboard.connectors.answers import value_at
from dashboard.connectors.models import ConnectionTest, ConnectionTestMethod
from dashboard.connectors.why_broken import ABOUT_ADDRESS, why_broken
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE, PacedError
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.mirror import writing
from dashboard.mirror.catalogue import auth_types_of
from dashboard.mirror.models import AccountConnector, WhyBroken

logger = logging.getLogger(__name__)

connection_test_finished = Signal()
"""Sent with `run` in the transaction in which a run ends."""

KEPT = timedelta(days=30)

NO_METHOD = "No test method has been chosen for this connector in Settings."
ADDRESS = (
    "Cyclr does not accept method calls from this server’s address, so nothing could be "
    "tested. Ask Cyclr’s support to allow it."
)
OTHER_ADDRESS = (
    "It seems to be about this server’s address, so nothing could be proven. Cyclr’s support, or "
    "the third party, has to allow it."
)
FORBIDDEN = (
    "The connection may lack a permission for it, or this server’s address is not allowed there: "
    "the answer does not tell which."
)
NO_ANSWER = "No answer came in time, so the test was inconclusive."


@dataclass(frozen=True, slots=True)
class ConnectionTestResult:
    """What a test found. `worked` is None when it says nothing about the connection."""

    worked: bool | None
    identity: str = ""
    """Whose account it is at the third party; empty when that is not told."""
    summary: str = ""
    said: str = ""
    """Cyclr's own words: text from outside."""
    why: str = ""
    """The class of why it does not work, or could not be tested; of `WhyBroken`."""
    method: str = ""
    """What was called and answered."""


def run_test(client: Client, connector: AccountConnector) -> ConnectionTestResult:
    """Call the test method through an installed connector.

    Raises TemporaryError, when nothing is known yet and asking again may help, and
    CredentialsRefusedError, when the console's own credentials are refused.
    """
    method = ConnectionTestMethod.of(connector)
    if method is None:
        return ConnectionTestResult(None, summary=NO_METHOD)
    try:
        answer = call(client, connector, method)
    except PermanentError as error:
        found = refused(connector, method, error)
        return replace(found, why=why_broken(error, auth_types_of(connector.methods)))
    identity = value_at(answer, method.identity_path) if method.identity_path else ""
    return ConnectionTestResult(True, identity, f"{_name_of(method)} answered.", method=str(method))


def call(client: Client, connector: AccountConnector, method: ConnectionTestMethod) -> Any:
    """What the third party answers to a test method: any JSON."""
    there = client.account(connector.account.cyclr_id).connector(connector.cyclr_id)
    return there.call(method.callable_id, is_read=True)


def refused(
    connector: AccountConnector, method: ConnectionTestMethod, error: PermanentError
) -> ConnectionTestResult:
    """What a refusal of the call means; raises it if it is about the console's credentials."""
    said = error.cyclr_message or ""
    called = _name_of(method)
    match error:
        case AddressRefusedError():
            # Our address is not allowed there; the connection may be as good as ever.
            return ConnectionTestResult(None, summary=ADDRESS, said=said)
        case ForbiddenError() if ABOUT_ADDRESS.search(said):
            return ConnectionTestResult(
                None, summary=f"{called} was forbidden (403). {OTHER_ADDRESS}", said=said
            )
        case ForbiddenError():
            return ConnectionTestResult(
                False, summary=f"{called} was forbidden (403). {FORBIDDEN}", said=said
            )
        case AccountRefusedError():
            summary = f"{called} was refused ({error.status}): the credentials do not work."
            return ConnectionTestResult(False, summary=summary, said=said)
        case CredentialsRefusedError():
            raise error
        case NotFoundError():
            summary = f"{called} was not found (404). Choose the test method again in Settings."
            return ConnectionTestResult(None, summary=summary, said=said)
        case RefusedError() if connector.authenticated is False:
            return ConnectionTestResult(False, summary="It is not authenticated.", said=said)
        case _:
            status = f" ({error.status})" if error.status else ""
            return ConnectionTestResult(
                None, summary=f"{called} was refused{status}: the test was inconclusive.", said=said
            )


def _name_of(method: ConnectionTestMethod) -> str:
    return f"“{display_text(method)}”"


# ---- runs ----


def ask(
    connector: AccountConnector, actor: Actor, *, not_before: datetime | None = None
) -> ConnectionTest | None:
    """Have a connector proven soon; None when no method is chosen for its kind.

    A run that nobody has begun serves everybody who asks in the same way. Call it in a
    transaction: the message leaves with the row.
    """
    if ConnectionTestMethod.of(connector) is None:
        return None
    moment = timezone.now()
    due = not_before or moment
    unbegun = ConnectionTest.objects.open().filter(
        account_connector=connector, began_at=None, actor_kind=actor.kind
    )
    # Held until the end of the transaction: a worker that began it now would not know who waits.
    run: ConnectionTest | None = unbegun.select_for_update(no_key=True).first()
    if run is None:
        run = ConnectionTest(
            account_connector=connector, created_at=moment, not_before=due, due_at=due
        )
        run.actor = actor
        run.save()
    elif run.not_before > due:
        unbegun.filter(pk=run.pk).update(not_before=due, due_at=due)
        run.not_before = due
    if due <= moment:
        ConnectionTest.objects.filter(pk=run.pk).update(published_at=moment)
        run.send_on_commit()
    return run


def carry_out(lease: Lease[ConnectionTest]) -> None:
    """Carry out one run."""
    run = lease.job
    lease.write(began_at=timezone.now())
    connector = run.account_connector
    if connector.gone_at is not None or connector.account.gone_at is not None:
        _finish(lease, ConnectionTestResult(None, summary="It is gone from Cyclr."))
        return
    priority = BACKGROUND if run.is_for_link or run.is_scheduled else INTERACTIVE
    try:
        with asking(connector.account.console, priority) as client:
            result = run_test(client, connector)
    except (TemporaryError, OutcomeUnknownError) as error:
        _wait(lease, error)
        return
    except PermanentError as error:
        summary = "Nothing could be tested: this console is no longer in use."
        if isinstance(error, CredentialsRefusedError):
            summary = "Nothing could be tested: Cyclr refuses this console’s client id and secret."
        result = ConnectionTestResult(None, summary=summary, said=error.cyclr_message or "")
    _finish(lease, result)


def _wait(lease: Lease[ConnectionTest], error: CyclrError) -> None:
    """Nothing is known: the same again later and later, and not for ever."""
    run = lease.job
    happened, said = trouble_message(error), error.cyclr_message or ""
    why: str = why_broken(error, auth_types_of(run.account_connector.methods))
    if isinstance(error, PacedError):
        happened, said, why = run.summary, run.said, run.why  # of the call that was answered so
    if lease.retry(error, began_at=None, summary=happened, said=said, why=why):
        logger.info(
            "connection test waits run=%d call=%s status=%s", run.pk, error.call, error.status
        )


def give_up(lease: Lease[ConnectionTest], error: BaseException | None) -> None:
    """Nothing came to be known: end it with what kept it from being answered."""
    run = lease.job
    summary = f"{run.summary} Nothing could be proven." if run.summary else NO_ANSWER
    why = run.why or WhyBroken.OUTAGE
    _finish(lease, ConnectionTestResult(None, summary=summary, said=run.said, why=why))


def trouble_message(error: CyclrError) -> str:
    """What kept a call through a connector from being answered, for staff; empty for silence.

    What came through it may be the third party's: that is not said to be Cyclr's.
    """
    who = "Cyclr" if error.through is None else "The third party, or Cyclr for it,"
    match error:
        case RateLimitedError():
            who = "Cyclr" if error.through is None else "The third party"
            return f"{who} asks for a pause (429)."
        case UnreadableError():
            return f"{who} gave an answer that cannot be read."
        case _ if error.status:
            return f"{who} answers with an error ({error.status})."
        case _:
            return ""


def _finish(lease: Lease[ConnectionTest], result: ConnectionTestResult) -> None:
    run, connector = lease.job, lease.job.account_connector
    with transaction.atomic():
        lease.finish(
            worked=result.worked,
            identity=result.identity,
            summary=result.summary,
            said=result.said,
            why=result.why,
        )
        run.refresh_from_db()
        is_recorded = not run.is_for_link and (not run.is_scheduled or _is_news(connector, result))
        _record_on(connector, result, run.began_at or timezone.now())
        if is_recorded:
            audit.record(
                run.actor,
                "connectors.test",
                console=connector.account.console,
                target=str(connector),
                target_url=connector.get_absolute_url(),
                account_name=str(connector.account),
                result=OUTCOMES[result.worked],
                words=result.summary,  # as in all entries that are stored
            )
        connection_test_finished.send(ConnectionTest, run=run)
    logger.info("connection test done run=%d worked=%s", run.pk, result.worked)


def _is_news(connector: AccountConnector, result: ConnectionTestResult) -> bool:
    """Whether a test that nobody asked for found something else than what was known."""
    if result.worked is None:
        return False
    has_failed = connector.test_failed_at is not None
    return not has_failed if result.worked is False else has_failed or connector.proven_at is None


OUTCOMES = {True: "works", False: "does not work", None: "unclear"}


def _record_on(connector: AccountConnector, result: ConnectionTestResult, began: datetime) -> None:
    """Write to the mirror what a test found; an older one does not overwrite a newer one."""
    if result.worked is False:
        why = WhyBroken(result.why or WhyBroken.UNKNOWN)
        writing.write_test_failed(connector, began, result.summary, why)
    elif result.worked:
        writing.write_test_passed(connector, began, result.identity, result.method)


def latest_tests(
    connector: AccountConnector,
) -> tuple[ConnectionTest | None, ConnectionTest | None]:
    """The test that is being made, or that trouble has put off, and the newest that has ended.

    What is only planned for later is neither.
    """
    runs = ConnectionTest.objects.filter(account_connector=connector)
    ended = runs.filter(finished_at__isnull=False).values("pk")[:1]
    is_begun = Q(not_before__lte=timezone.now()) | Q(tries__gt=0) | ~Q(summary="")
    shown = list(runs.filter(Q(is_begun, finished_at=None) | Q(pk__in=Subquery(ended))))
    testing = next((run for run in shown if not run.is_finished), None)
    return testing, next((run for run in shown if run.is_finished), None)
