"""What people do about their sign-in, in the audit trail."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from dashboard.audit import services
from dashboard.audit.models import Actor
from dashboard.common.limits import is_within
from dashboard.people.address import client_address, network_of
from dashboard.people.models import User
from dashboard.sign_in import notices

AN_HOUR = 3600
REFUSALS = 20


def sign_in_failed(request: HttpRequest, user: User | None) -> None:
    """Somebody had a wrong password or address. What was typed is not kept: it may be a secret."""
    services.record(
        Actor.system(),
        "refused a sign-in",
        target=_called(user),
        result="failed",
        address=client_address(request),
    )


def passkey_refused(request: HttpRequest) -> None:
    """A passkey was none of ours. Nobody guesses one, so nothing is blocked; but who sends rubbish
    all day does not fill the trail: as many entries as a network has wrong passwords.
    """
    network = network_of(client_address(request))
    if is_within(f"passkey-refused:{network}", most=REFUSALS, seconds=AN_HOUR):
        sign_in_failed(request, None)


def sign_in_refused(request: HttpRequest, user: User | None) -> None:
    """Somebody was told to wait; once an hour for each account and network."""
    network = network_of(client_address(request))
    key = f"told-to-wait:{user.pk if user else ''}:{network}"
    if is_within(key, most=1, seconds=AN_HOUR):
        services.record(
            Actor.system(),
            "blocked sign-ins for a while",
            target=_called(user),
            result="failed",
            address=client_address(request),
        )


def did(user: User, action: str, **details: Any) -> None:
    """A colleague did something about their own sign-in, and is told of it by mail."""
    services.record(Actor.staff(user), action, target=user.display_name, **details)
    notices.tell(user, action)


def _called(user: User | None) -> str:
    return user.display_name if user else "Unknown address"
