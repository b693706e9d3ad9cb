"""Calling a method: asked for once, sent by a worker, its answer kept for a day.

A writing method is sent exactly once: that it is sent is stored first, and whatever happens after
that ends as an answer or as *unknown*, never as a second call.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cyclr_api import (
    Client,
    CyclrError,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    RawAnswer,
    TemporaryError,
    UnexpectedAnswerError,
    UnsendableError,
)
from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common import encryption
from dashboard.common.untrusted_text import storable
from dashboard.connectors import evidence
from dashboard.connectors.connection_tests import trouble_message
from dashboard.connectors.evidence import Evidence
from dashboard.connectors.models import ConnectionTestMethod
from dashboard.connectors.services import library_entry
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.methods import answers, messages, tree
from dashboard.methods.inputs import FIELD, PARAMETER, CallInput, MethodInput
from dashboard.methods.models import Method, MethodCall, Outcome
from dashboard.mirror.models import AccountConnector
from dashboard.operations.submissions import own_submission
from dashboard.people.models import Role

logger = logging.getLogger(__name__)


class OtherCallError(Exception):
    """This form was sent before, with other input; `call` is what came of it."""

    def __init__(self, call: MethodCall) -> None:
        super().__init__(call.pk)
        self.call = call


# ---- asking ----


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A call that somebody asks for. `submission`: what the form carried."""

    connector: AccountConnector
    method: Method
    is_writing: bool
    actor: Actor
    submission: uuid.UUID
    sends: CallInput


def ask(request: CallRequest) -> MethodCall:
    """Store a call and send its message; the same form again gives the same call.

    Raises `OtherCallError` for a form that was sent before with other input.
    """
    account, method = request.connector.account, request.method
    about = [request.connector.pk, method.key, request.is_writing, request.sends.to_json()]
    call = MethodCall(
        account_connector=request.connector,
        submission=own_submission(
            request.submission, request.actor, "methods.call", account.console, account
        ),
        input_fingerprint=encryption.fingerprint(json.dumps(about, sort_keys=True)),
        release_id=method.release_id,
        method_key=method.key,
        method_id=method.method_id,
        unique_id=method.unique_id,
        method_name=method.name,
        is_writing=request.is_writing,
        published_at=timezone.now(),
    )
    call.actor = request.actor
    call.encrypted_input = request.sends.encrypted(call)
    try:
        with transaction.atomic():
            call.save(force_insert=True)
            call.send_on_commit()
    except IntegrityError:
        same: MethodCall = MethodCall.objects.get(submission=call.submission)
        if same.input_fingerprint != call.input_fingerprint:
            raise OtherCallError(same) from None
        return same
    return call


# ---- carrying out ----


def carry_out(lease: Lease[MethodCall]) -> None:
    """Make one call. What is temporary is raised, unless a writing call may have happened."""
    call = lease.job
    if call.is_writing and call.sent_at is not None:
        # Whoever sent it died before the answer.
        _finish(lease, Outcome.UNKNOWN, message=messages.LOST)
        return
    if (why_not := _why_not(call)) or (sends := CallInput.of(call)) is None:
        _finish(lease, Outcome.NOT_SENT, message=why_not or messages.NO_ANSWER)
        return
    began = time.monotonic()
    try:
        with asking(call.account_connector.account.console) as client:
            body = _body(client, call, sends)
            lease.hold()
            lease.write(sent_at=timezone.now())
            began = time.monotonic()
            answer = _send(client, call, sends, body)
    except TemporaryError as error:
        _end_or_wait(lease, error, began)
    except (OutcomeUnknownError, PermanentError) as error:
        _end(lease, error, began)
    else:
        _end_answered(lease, answer, began)


def _end_answered(lease: Lease[MethodCall], answer: RawAnswer, began: float) -> None:
    """End what was answered with success; a page for people proves nothing."""
    told, outcome, message = None, Outcome.ANSWERED, ""
    if not answers.is_web_page(answer):
        told = _told(lease.job, None)
    elif lease.job.is_writing:
        outcome, message = Outcome.UNKNOWN, messages.PAGE_OF_WRITING
    else:
        message = messages.PAGE
    _finish(lease, outcome, answer=answer, message=message, began=began, told=told)


def _why_not(call: MethodCall) -> str:
    """Why it must not be sent, in words, by what is true now; empty if it may."""
    connector, user = call.account_connector, call.actor_user
    if connector.gone_at is not None or connector.account.gone_at is not None:
        return messages.GONE
    role = user.role_in(connector.account.console) if user is not None and user.is_active else None
    needed = Role.LEAD if call.is_writing else Role.AGENT
    return "" if role is not None and role >= needed else messages.NOT_ALLOWED


Values = dict[str, dict[int, object]]


def _body(client: Client, call: MethodCall, sends: CallInput) -> Values:
    """The values by the numeric ids that Cyclr wants.

    By its unique id Cyclr runs the method of the latest release. Where that is another one than
    the installed, its ids are looked up; the technical names stay.
    """
    ids = {} if sends.body or not _is_of_another_release(call) else _latest_ids(client, call)
    values: Values = {PARAMETER: {}, FIELD: {}}
    for one in sends.given:
        place = (one.group, one.target, one.turn)
        if ids and place not in ids:
            reason = f"the latest release has no “{one.label}”"
            raise UnsendableError("POST method", reason=reason)
        values[one.group][ids.get(place, one.id)] = one.value
    return values


def _is_of_another_release(call: MethodCall) -> bool:
    if not call.unique_id:
        return False
    entry = library_entry(call.account_connector)
    return entry is not None and entry.release_id != call.release_id


def _latest_ids(client: Client, call: MethodCall) -> dict[tuple[str, str, int], int]:
    """The ids of the latest release's parameters and fields, by what stays of them."""
    connector = call.account_connector
    library = client.account(connector.account.cyclr_id).library
    listed = library.methods_named(connector.connector_name, connector.connector_version or None)
    wanted = [one for one in listed if (one.unique_id or "").lower() == call.unique_id]
    if not wanted:
        raise UnsendableError("POST method", reason="the latest release has no such method")
    inputs = [MethodInput.of_parameter(one) for one in wanted[0].parameters]
    inputs += [MethodInput.of_field(one) for one in wanted[0].request_fields]
    return {place: one.id for place, one in placed(inputs) if one.id is not None}


def placed(inputs: list[MethodInput]) -> list[tuple[tuple[str, str, int], MethodInput]]:
    """Each with what stays of it over releases: group, technical name, and which of several."""
    turns: dict[tuple[str, str], int] = {}
    found = []
    for one in inputs:
        name = (one.group, one.target)
        turn = turns.get(name, 0)
        turns[name] = turn + 1
        found.append(((*name, turn), one))
    return found


def _send(client: Client, call: MethodCall, sends: CallInput, body: Values) -> RawAnswer:
    connector = call.account_connector
    there = client.account(connector.account.cyclr_id).connector(connector.cyclr_id)
    is_read = not call.is_writing
    if sends.body:
        return there.call_raw_with_body(call.callable_id, sends.body, is_read=is_read)
    return there.call_raw(
        call.callable_id, parameters=body[PARAMETER], fields=body[FIELD], is_read=is_read
    )


# ---- how it ends ----


def _end_or_wait(lease: Lease[MethodCall], error: TemporaryError, began: float) -> None:
    """Nothing happened. What was answered is told; what was not sent, or paused, is tried again."""
    is_pause = isinstance(error, RateLimitedError)
    if isinstance(error, UnexpectedAnswerError) or (error.answer is not None and not is_pause):
        _end(lease, error, began)
        return
    lease.write(said=error.cyclr_message or "")
    lease.retry(error, sent_at=None)


def _end(lease: Lease[MethodCall], error: CyclrError, began: float) -> None:
    told = _told(lease.job, error)
    outcome = Outcome.UNKNOWN if isinstance(error, OutcomeUnknownError) else Outcome.REFUSED
    if isinstance(error, UnsendableError):
        outcome = Outcome.NOT_SENT
    _finish(
        lease,
        outcome,
        answer=error.answer,
        message=messages.message_for(error, told),
        said=error.cyclr_message or "",
        status=error.status,
        began=began,
        told=told,
    )


def _told(call: MethodCall, error: CyclrError | None) -> Evidence | None:
    """What the call tells of the connector, None where that is nothing."""
    connector = call.account_connector
    chosen = ConnectionTestMethod.of(connector)
    is_test_method = chosen is not None and chosen.is_called_by(call.callable_id)
    return evidence.of_call(connector, call, error, is_test_method=is_test_method)


def give_up(lease: Lease[MethodCall], error: BaseException | None) -> None:
    """End it in words: too old, or tried too often."""
    call = lease.job
    if call.is_writing and call.sent_at is not None:
        _finish(lease, Outcome.UNKNOWN, message=messages.LOST)
        return
    why = trouble_message(error) if isinstance(error, CyclrError) else ""
    _finish(lease, Outcome.NOT_SENT, message=f"{why} {messages.NO_ANSWER}".strip())


def _finish(
    lease: Lease[MethodCall],
    outcome: Outcome,
    *,
    answer: RawAnswer | None = None,
    message: str = "",
    began: float | None = None,
    told: Evidence | None = None,
    **columns: Any,
) -> None:
    """End it, with the answer encrypted, and record it and what it `told` of the connector."""
    call = lease.job
    if answer is not None:
        columns |= {
            "status": answer.status,
            "size": len(answer.body),
            "content_type": storable(answer.content_type[:200]),
            "is_whole": answer.is_whole,
            "is_json": tree.is_document(answers.text_of(answer.body).tree_text),
            "encrypted_answer": answers.encrypted_body(answer.body, call),
        }
    if began is not None:
        columns["milliseconds"] = round((time.monotonic() - began) * 1000)
    with transaction.atomic():
        lease.finish(outcome=outcome, last_error=message, **columns)
        connector = call.account_connector
        if told is not None and call.sent_at is not None:
            evidence.write(connector, told, call.sent_at)
        audit.record(
            call.actor,
            "methods.call",
            console=connector.account.console,
            target=f"{call} through {connector}",
            target_url=connector.get_absolute_url(),
            account_name=str(connector.account),
            result=Outcome(outcome).label.lower(),
            writes=call.is_writing,
            status=call.status,
        )
    logger.info("method called id=%d outcome=%s status=%s", call.pk, outcome, call.status)
