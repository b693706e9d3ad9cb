"""Proving that an installed connector works, and as whom: one call of its kind's test method.

Cyclr's "authenticated" means that it holds credentials, right or wrong. A test is an answer that
came through them. A run is a row; whoever may be waiting for it is told by
`connection_test_finished`.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from cyclr_api import (
    AccountRefusedError,
    Client,
    CredentialsRefusedError,
    CyclrError,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    TemporaryError,
    UnreadableError,
)
from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.connectors import evidence
from dashboard.connectors.answers import value_at
from dashboard.connectors.evidence import Evidence
from dashboard.connectors.models import ConnectionTest, ConnectionTestMethod
from dashboard.connectors.why_broken import why_broken
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE, PacedError
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.mirror.catalogue import auth_types_of
from dashboard.mirror.models import AccountConnector, WhyBroken

logger = logging.getLogger(__name__)

connection_test_finished = Signal()
"""Sent with `run` in the transaction in which a run ends."""

KEPT = timedelta(days=30)
LOOKED_AT = 12
"""Tests of a connector among which are its newest one that ended and all that are open.

One for each kind of actor waits to begin (`ask`), and none is open for long.
"""

NO_METHOD = "No test method has been chosen for this connector in Settings."
UNKNOWN_TO_CYCLR = (
    "Nothing could be tested: Cyclr does not know the account or the connector any more."
)
NO_ANSWER = "No answer came in time, so the test was inconclusive."


def run_test(client: Client, connector: AccountConnector) -> Evidence:
    """Call the test method through an installed connector.

    Raises TemporaryError, when nothing is known yet and asking again may help, and
    CredentialsRefusedError, when the console's own credentials are refused.
    """
    method = ConnectionTestMethod.of(connector)
    if method is None:
        return Evidence(None, summary=NO_METHOD)
    try:
        answer = call(client, connector, method)
    except PermanentError as error:
        if isinstance(error, AccountRefusedError) and not _is_known(client, connector):
            return Evidence(None, summary=UNKNOWN_TO_CYCLR, said=error.cyclr_message or "")
        return evidence.of_refusal(connector, method, error)
    identity = value_at(answer, method.identity_path) if method.identity_path else ""
    return Evidence(True, identity, f"{evidence.quoted(method)} answered.", method=str(method))


def _is_known(client: Client, connector: AccountConnector) -> bool:
    """Whether Cyclr tells of the connector itself.

    A 401 to a call of its method may be the third party's, and may be Cyclr's about an account
    that is no more.
    """
    try:
        client.account(connector.account.cyclr_id).connector(connector.cyclr_id).get()
    except (AccountRefusedError, NotFoundError):
        return False
    return True


def call(client: Client, connector: AccountConnector, method: ConnectionTestMethod) -> Any:
    """What the third party answers to a test method: any JSON."""
    there = client.account(connector.account.cyclr_id).connector(connector.cyclr_id)
    return there.call(method.callable_id, is_read=True)


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
        _finish(lease, Evidence(None, summary="It is gone from Cyclr."))
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
        result = Evidence(None, summary=summary, said=error.cyclr_message or "")
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
    _finish(lease, Evidence(None, summary=summary, said=run.said, why=why))


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


def _finish(lease: Lease[ConnectionTest], result: Evidence) -> None:
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
        evidence.write(connector, result, run.began_at or timezone.now())
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


def _is_news(connector: AccountConnector, result: Evidence) -> bool:
    """Whether a test that nobody asked for found something else than what was known."""
    if result.worked is None:
        return False
    has_failed = connector.test_failed_at is not None
    return not has_failed if result.worked is False else has_failed or connector.proven_at is None


OUTCOMES = {True: "works", False: "does not work", None: "unclear"}


def latest_tests(
    connector: AccountConnector,
) -> tuple[ConnectionTest | None, ConnectionTest | None]:
    """The test that is being made, or that trouble has put off, and the newest that has ended.

    What is only planned for later is neither.
    """
    moment = timezone.now()
    newest = list(ConnectionTest.objects.filter(account_connector=connector)[:LOOKED_AT])
    testing = next((run for run in newest if run.is_begun(moment) and not run.is_finished), None)
    return testing, next((run for run in newest if run.is_finished), None)
