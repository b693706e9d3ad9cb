"""Passkeys: what the browser is asked, and what it answers."""

from __future__ import annotations

import json
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.webauthn.internal import auth
from django.db import transaction

from dashboard.common.untrusted_text import display_line, storable
from dashboard.people.models import User
from dashboard.sign_in import seeds_at_rest, trail
from dashboard.sign_in.factors import MALFORMED

LONGEST = 20_000
"""Characters of an answer; browsers send fewer."""


class RefusedError(Exception):
    """It is no passkey of ours, or not for what was asked."""


def options_to_add(user: User) -> dict[str, Any]:
    """What a browser needs to make one: kept on the device, opened by finger, face or PIN."""
    options: dict[str, Any] = auth.begin_registration(user, True)
    return options


def options_to_use(user: User | None) -> dict[str, Any]:
    """What a browser needs to use one; `None`: whoever's."""
    options: dict[str, Any] = auth.begin_authentication(user)
    return options


def add(user: User, name: str, answer: str) -> None:
    """Keep the passkey that the browser has made. Raises `RefusedError`."""
    try:
        credential = _read(answer)
        auth.parse_registration_response(credential)
        made = auth.complete_registration(credential)
        if not made.is_user_verified():
            raise RefusedError
    except MALFORMED as error:
        raise RefusedError from error
    with transaction.atomic(), seeds_at_rest.of(user):
        auth.WebAuthn.add(user, display_line(name)[:60] or "Passkey", credential)
        RecoveryCodes.activate(user)
        trail.did(user, "added a passkey")


def rename(one: Authenticator, name: str) -> None:
    """Call a passkey otherwise; a name that cannot be read changes nothing."""
    new = display_line(name)[:60].strip()
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().select_related("user").get(pk=one.pk)
        if not new or row.data.get("name") == new:
            return
        row.data["name"] = new
        row.save(update_fields=["data"])
        trail.did(row.user, "renamed a passkey")


def used(answer: str, user: User | None = None) -> Authenticator:
    """The passkey that the answer proves; of this person, if one is named.

    Raises `RefusedError`. Without a name it must have been opened by finger, face or PIN, since
    nothing else was asked.
    """
    try:
        credential = _read(answer)
        response = auth.parse_authentication_response(credential)
        whose = user or auth.extract_user_from_response(credential)
        one: Authenticator = auth.complete_authentication(whose, credential)
        if user is None and not response.response.authenticator_data.is_user_verified():
            raise RefusedError
    except MALFORMED as error:
        raise RefusedError from error
    if not whose.is_active:
        raise RefusedError
    return one


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST:
        raise RefusedError
    credential = storable(json.loads(answer, parse_constant=_refuse))
    if not isinstance(credential, dict):
        raise RefusedError
    return credential


def _refuse(constant: str) -> None:
    """NaN and its like are no JSON; PostgreSQL takes none."""
    raise RefusedError
