"""Look-ups: what a page needs from Cyclr for a moment, asked for by a row, kept an hour at most."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

import cyclr_api
from cyclr_api import (
    Client,
    CyclrError,
    NotFoundError,
    Parameter,
    PermanentError,
    TemporaryError,
    Trigger,
)
from dashboard.common import encryption
from dashboard.common.searching import nfkc_casefold
from dashboard.common.untrusted_text import storable
from dashboard.connectors import connection_tests, evidence
from dashboard.connectors.answers import leaves, reads_by_name, why_not
from dashboard.connectors.models import ConnectionTestMethod, LookUp, LookUpKind
from dashboard.connectors.services import dynamic_settings
from dashboard.consoles.refusals import refusal
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.mirror.models import AccountConnector

logger = logging.getLogger(__name__)

GONE = "Cyclr no longer has it. Refresh the account."

JSON = dict[str, Any]

KEPT = timedelta(hours=1)
MOST_METHODS, MOST_CHOICES = 1000, 2000
LONGEST_TEXT = 500


# ---- asking ----


def ask(connector: AccountConnector, kind: LookUpKind) -> LookUp:
    """Have something looked up; one that is under way serves everybody who asks."""
    asked: LookUp = LookUp.objects.ask(account_connector=connector, kind=kind)
    return asked


def latest(connector: AccountConnector, kind: LookUpKind) -> LookUp | None:
    """The newest look-up that is still kept, ended or not."""
    since = timezone.now() - KEPT
    rows = LookUp.objects.filter(account_connector=connector, kind=kind, created_at__gt=since)
    return rows.first()


def answer_of(look_up: LookUp | None) -> JSON | None:
    """What was found; None while it is under way, when it failed, or cannot be opened."""
    if look_up is None or not look_up.encrypted_answer:
        return None
    try:
        answer = encryption.decrypt_json(
            look_up.encrypted_answer, associated_data=look_up.associated_data
        )
    except encryption.DecryptionError:
        logger.warning("look-up cannot be opened id=%d", look_up.pk)
        return None
    return answer if isinstance(answer, dict) else None


# ---- carrying out ----


def carry_out(lease: Lease[LookUp]) -> None:
    """Carry out one look-up. What is temporary is raised."""
    wanted = lease.job
    is_last = wanted.tries + 1 >= wanted.policy.most_tries
    try:
        with asking(wanted.account_connector.account.console) as client:
            answer = WORK[LookUpKind(wanted.kind)](client, wanted.account_connector, is_last)
    except LookUpRefused as refused:
        _finish(lease, last_error=refused.message, said=refused.said)
    except PermanentError as error:
        _finish(lease, last_error=refusal(error, GONE), said=error.cyclr_message or "")
    else:
        encrypted = encryption.encrypt_json(
            storable(answer), associated_data=wanted.associated_data
        )
        _finish(lease, encrypted_answer=encrypted)


def give_up(lease: Lease[LookUp], error: BaseException | None) -> None:
    """End it with what kept it from being answered."""
    message, said = "", ""
    if isinstance(error, CyclrError):
        message, said = connection_tests.trouble_message(error), error.cyclr_message or ""
    _finish(lease, last_error=message or "Cyclr did not answer in time.", said=said)


def _finish(lease: Lease[LookUp], **columns: str) -> None:
    lease.finish(**columns)
    look_up, failed = lease.job, bool(columns.get("last_error"))
    logger.info("looked up id=%d kind=%s failed=%s", look_up.pk, look_up.kind, failed)


class LookUpRefused(Exception):  # noqa: N818 - an answer, and no error of ours
    """There is nothing to show, for a reason in words."""

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(message)
        self.message, self.said = message, said


# ---- what is looked up ----


def _methods(client: Client, connector: AccountConnector, is_last: bool) -> JSON:
    """The methods of the connector's latest release, each with why it cannot be a test."""
    library = client.account(connector.account.cyclr_id).library
    try:
        found = library.methods_named(connector.connector_name, connector.connector_version or None)
    except NotFoundError:
        if connector.release_id is None:
            raise
        found = library.methods(connector.release_id)
    rows = [_method(one) for one in found]
    # Those that Cyclr lists twice, or that bear no name, would be two radio buttons of one value.
    by_key = {row["key"]: row for row in rows}
    return {"methods": list(by_key.values())[:MOST_METHODS], "count": len(found)}


def _method(found: cyclr_api.Method) -> JSON:
    return {
        "key": found.unique_id or str(found.id),
        "id": found.id,
        "unique_id": found.unique_id or "",
        "name": found.name[:LONGEST_TEXT],
        "description": (found.description or "")[:LONGEST_TEXT],
        "reads": reads_by_name(found.name),
        "why_not": why_not(found),
    }


def _answer(client: Client, connector: AccountConnector, is_last: bool) -> JSON:
    """The places in the test method's answer, their values all but hidden."""
    method = ConnectionTestMethod.of(connector)
    if method is None:
        raise LookUpRefused(connection_tests.NO_METHOD)
    began = time.monotonic()
    try:
        answer = connection_tests.call(client, connector, method)
    except PermanentError as error:
        result = evidence.of_refusal(connector, method, error)
        raise LookUpRefused(result.summary, result.said) from None
    return {
        "method": str(method),
        "milliseconds": round((time.monotonic() - began) * 1000),
        "leaves": [{"path": leaf.path, "hint": leaf.hint} for leaf in leaves(answer)],
    }


def _choices(client: Client, connector: AccountConnector, is_last: bool) -> JSON:
    """What each dynamic setting can be."""
    return choices_of(client, connector, dynamic_settings(connector), is_last=is_last)


def choices_of(
    client: Client, connector: AccountConnector, wanted: Sequence[Parameter], *, is_last: bool
) -> JSON:
    """What each of these can be, by technical name; one that fails says so and stops no other."""
    there = client.account(connector.account.cyclr_id)
    installed = there.connector(connector.cyclr_id)
    release = installed.get().connector
    triggers: Sequence[Trigger] = release.triggers if release else ()
    if release is not None and not _has_all(triggers, wanted):
        triggers = there.library.get(release.id).triggers  # a reduced one came with the connector
    by_name = {nfkc_casefold(trigger.name): trigger for trigger in reversed(triggers)}
    found: dict[str, JSON] = {}
    for parameter in wanted:
        trigger = by_name.get(nfkc_casefold(parameter.trigger_name))
        if trigger is None or trigger.id is None:
            found[parameter.target_name] = {"error": "Cyclr has no look-up of this name."}
            continue
        try:
            listed = installed.run_trigger(trigger.id)
        except PermanentError as error:
            found[parameter.target_name] = {
                "error": f"The look-up was refused ({error.status})."
                if error.status
                else "The look-up was refused.",
                "said": error.cyclr_message or "",
            }
        except TemporaryError as error:
            if not is_last:
                raise
            message = (
                connection_tests.trouble_message(error) or "The look-up did not answer in time."
            )
            found[parameter.target_name] = {"error": message, "said": error.cyclr_message or ""}
        else:
            found[parameter.target_name] = {"choices": _pairs(listed)}
    return {"settings": found}


def _has_all(triggers: Sequence[Trigger], wanted: Sequence[Parameter]) -> bool:
    names = {nfkc_casefold(trigger.name) for trigger in triggers if trigger.id is not None}
    return {nfkc_casefold(parameter.trigger_name) for parameter in wanted} <= names


def _pairs(listed: Sequence[cyclr_api.Choice]) -> list[list[str]]:
    """Values with their names, each value once; blank ones cannot be chosen."""
    by_value = {
        one.value: one.name[:LONGEST_TEXT]
        for one in listed
        if one.value.strip() and len(one.value) <= LONGEST_TEXT
    }
    return [[value, name] for value, name in by_value.items()][:MOST_CHOICES]


WORK: dict[LookUpKind, Callable[[Client, AccountConnector, bool], JSON]] = {
    LookUpKind.METHODS: _methods,
    LookUpKind.ANSWER: _answer,
    LookUpKind.CHOICES: _choices,
}
