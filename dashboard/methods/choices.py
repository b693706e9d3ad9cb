"""Dynamic values of a method: what the third party lists for them, looked up by a worker."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.utils import timezone

from cyclr_api import CyclrError, Parameter, PermanentError
from dashboard.common import encryption
from dashboard.common.untrusted_text import storable
from dashboard.connectors import lookups
from dashboard.connectors.connection_tests import trouble_message
from dashboard.consoles.refusals import refusal
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.methods.inputs import MethodInput, inputs_of
from dashboard.methods.models import ChoiceLookUp, Method
from dashboard.mirror.models import AccountConnector

logger = logging.getLogger(__name__)

KEPT = timedelta(hours=1)
NO_ANSWER = "Cyclr did not answer in time."

Found = dict[str, dict[str, Any]]
"""Choices, or why there are none, by the name of the input (`name_of`)."""


def name_of(one: MethodInput) -> str:
    """What stands for an input among those of its method."""
    return f"{one.group}:{one.id}"


def dynamic_inputs(method: Method) -> list[MethodInput]:
    """The inputs whose values the third party lists."""
    return [one for one in inputs_of(method) if one.trigger_name]


def ask(connector: AccountConnector, method: Method) -> ChoiceLookUp:
    """Have the choices looked up; a look-up under way serves everybody who asks."""
    asked: ChoiceLookUp = ChoiceLookUp.objects.ask(
        account_connector=connector, method_key=method.key
    )
    return asked


def latest(connector: AccountConnector, method: Method) -> ChoiceLookUp | None:
    """The newest look-up that is still kept, ended or not."""
    since = timezone.now() - KEPT
    rows = ChoiceLookUp.objects.filter(account_connector=connector, method_key=method.key)
    return rows.filter(created_at__gt=since).first()


def found_by(look_up: ChoiceLookUp | None) -> Found:
    """What was found; nothing while it is under way, or when it failed."""
    if look_up is None or not look_up.encrypted_answer:
        return {}
    try:
        found: Found = encryption.decrypt_json(
            look_up.encrypted_answer, associated_data=look_up.associated_data
        )
    except encryption.DecryptionError:
        logger.warning("choices cannot be opened id=%d", look_up.pk)
        return {}
    return found


def carry_out(lease: Lease[ChoiceLookUp]) -> None:
    """Look up the choices of a method. What is temporary is raised."""
    wanted, connector = lease.job, lease.job.account_connector
    method = Method.objects.of(connector).filter(key=wanted.method_key).first()
    parameters = [
        Parameter(id=one.id or 0, target_name=name_of(one), trigger_name=one.trigger_name)
        for one in (dynamic_inputs(method) if method else [])
    ]
    is_last = wanted.tries + 1 >= wanted.policy.most_tries
    try:
        with asking(connector.account.console) as client:
            found = lookups.choices_of(client, connector, parameters, is_last=is_last)
    except PermanentError as error:
        lease.finish(last_error=refusal(error, lookups.GONE))
        return
    answer = encryption.encrypt_json(
        storable(found["settings"]), associated_data=wanted.associated_data
    )
    lease.finish(encrypted_answer=answer, last_error="")


def give_up(lease: Lease[ChoiceLookUp], error: BaseException | None) -> None:
    """End it with what kept it from being answered."""
    message = trouble_message(error) if isinstance(error, CyclrError) else ""
    lease.finish(last_error=message or NO_ANSWER)
