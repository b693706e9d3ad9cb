"""The calls that change something: a link is made, an account is read anew."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import QueryDict
from django.utils import timezone

from dashboard.api import shapes, tokens
from dashboard.api.access import Caller
from dashboard.api.models import IdempotentCall
from dashboard.api.problems import ProblemError
from dashboard.api.resources import BY_NAME
from dashboard.api.scopes import NEEDS, Scope
from dashboard.common.encryption import DecryptionError
from dashboard.common.untrusted_text import storable
from dashboard.links import services
from dashboard.links.forms import EXPIRES, LinkForm
from dashboard.links.models import Link
from dashboard.links.requirements import requirements_of_all
from dashboard.mirror.models import Account
from dashboard.mirror.tasks import ask_for_refresh

JSON = dict[str, Any]
KEPT_FOR = timedelta(days=30)
"""How long a key means the call that was made with it: no link lives longer."""
LONGEST_KEY = 200
TEXTS = ("recipient_email", "recipient_name", "message", "language", "ticket_url")
FIELDS: dict[str, JSON] = {
    "account": {"type": "integer", "description": "The account's `id`."},
    "connectors": {
        "type": "array",
        "items": {"type": "integer"},
        "description": "`id`s of its installed connectors; all that are not connected if left out.",
    },
    "expires_in": {
        "type": "integer",
        "enum": [int(seconds) for seconds, _ in EXPIRES],
        "description": "Seconds; seven days if left out.",
    },
    "recipient_email": {"type": "string", "description": "Kept with the link; nothing is mailed."},
    "recipient_name": {"type": "string"},
    "message": {"type": "string", "description": "The customer reads it on the page."},
    "language": {"type": "string", "enum": ["", "en", "de", "fr", "es"]},
    "ticket_url": {"type": "string"},
    "has_reminders": {"type": "boolean"},
}
"""What a link is made of, as JSON Schema has it."""


def create_link(caller: Caller, given: Mapping[str, Any], key: str) -> tuple[JSON, bool]:
    """Make a link; the same key with the same values gives the same one.

    Says also whether it is new. It is the only answer that holds an address that opens something.
    """
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise ProblemError(
            400,
            f"Send an Idempotency-Key of 1 to {LONGEST_KEY} letters, another for each link: "
            "then a call that is sent twice makes one.",
        )
    if unknown := sorted(set(given) - set(FIELDS)):
        raise ProblemError(422, "There is no such field.", errors=[(unknown[0][:50], "Unknown.")])
    fingerprint = _sha256(json.dumps(given, sort_keys=True))
    own = {"token": caller.token, "key": _sha256(key)}
    try:
        with transaction.atomic():
            call = IdempotentCall.objects.filter(**own).first()
            if call is None:
                call = IdempotentCall.objects.create(**own, fingerprint=fingerprint)
                call.link = _make(caller, given)
                call.save(update_fields=["link"])
                _note(caller, "create link", call.link.account, call.link.get_absolute_url())
                return _told(call.link), True
    except IntegrityError:  # the same call at the same moment
        call = IdempotentCall.objects.get(**own)
    if call.fingerprint != fingerprint:
        raise ProblemError(409, "This Idempotency-Key was used for a call with other values.")
    link = BY_NAME["links"].find(caller, call.link_id)
    _require_role(caller, link.console_id)
    return _told(link), False


def forget_old_calls() -> int:
    """Delete what was kept of calls for longer than their keys hold; how many there were."""
    old = timezone.now() - KEPT_FOR
    gone, _ = IdempotentCall.objects.filter(created_at__lt=old).delete()
    return gone


def refresh_account(caller: Caller, key: object) -> JSON:
    """Have an account read from Cyclr soon."""
    account = BY_NAME["accounts"].find(caller, key)
    return shapes.account(_refresh(caller, account))


def refresh_connector(caller: Caller, key: object) -> JSON:
    """Have the account of an installed connector read soon: one is read with all of them."""
    connector = BY_NAME["connectors"].find(caller, key)
    connector.account = _refresh(caller, connector.account)
    return shapes.connector(connector)


def _refresh(caller: Caller, account: Account) -> Account:
    if account.gone_at is not None:
        raise ProblemError(409, "This account is gone in Cyclr: there is nothing to read.")
    with transaction.atomic():
        ask_for_refresh(account)
        _note(caller, "refresh", account, account.get_absolute_url())
    return account


def _make(caller: Caller, given: Mapping[str, Any]) -> Link:
    account = given.get("account")
    if not isinstance(account, int) or isinstance(account, bool):
        raise ProblemError(422, "The link was not made.", errors=[("account", "Give its id.")])
    found: Account = BY_NAME["accounts"].find(caller, account)
    _require_role(caller, found.console_id)
    installed = found.connectors.there().order_by(
        F("authenticated").asc(nulls_first=True), "sort_name", "pk"
    )
    needed = requirements_of_all(list(installed)).values()
    possible = [one for one in needed if one.may_finish]
    form = LinkForm(possible, _form_data(given, possible))
    if not form.is_valid():
        names = {"expires": "expires_in"}
        errors = [
            (names.get(name, name), str(message))
            for name, messages in form.errors.items()
            for message in messages
        ]
        raise ProblemError(422, "The link was not made.", errors=errors)
    return services.create_link(
        caller.actor,
        found,
        form.chosen_connectors(),
        expires_in=form.lifetime(),
        **form.details(),
    )


def _require_role(caller: Caller, console_id: int) -> None:
    role = caller.user.role_in(console_id)
    if role is None or role < NEEDS[Scope.CREATE_LINK]:
        raise ProblemError(403, "The role in this console does not allow this token to make links.")


def _form_data(given: Mapping[str, Any], possible: list[Any]) -> QueryDict:
    """The values as the page's form sends them. Raises the problem with their types."""
    errors = [(name, "Text.") for name in TEXTS if not isinstance(given.get(name, ""), str)]
    chosen = given.get("connectors")
    if chosen is None:
        chosen = [one.installed.pk for one in possible if not one.installed.authenticated]
        if not chosen:
            errors.append(("connectors", "All are connected: say which are to be connected anew."))
    if not isinstance(chosen, list) or any(type(one) is not int for one in chosen):
        errors.append(("connectors", "A list of ids."))
    expires = given.get("expires_in", 604800)
    if type(expires) is not int:
        errors.append(("expires_in", "Seconds, as a number."))
    reminders = given.get("has_reminders", False)
    if not isinstance(reminders, bool):
        errors.append(("has_reminders", "true or false."))
    if errors:
        raise ProblemError(422, "The link was not made.", errors=errors)
    data = QueryDict(mutable=True)
    for name in TEXTS:
        data[name] = str(storable(given.get(name, "")))
    data.setlist("connectors", [str(one) for one in chosen])
    data["expires"] = str(expires)
    if reminders:
        data["has_reminders"] = "on"
    data["submission"] = str(uuid.uuid4())
    return data


def _told(link: Link) -> JSON:
    try:
        address = link.url() if link.is_usable else None
    except DecryptionError:
        address = None
    return shapes.link(link) | {"address": address}


def _note(caller: Caller, what: str, account: Account, page: str) -> None:
    tokens.note(caller.token, caller.actor, "api.write", call=what, account=str(account), page=page)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
