"""How fresh, and how strong, a sign-in at the company's provider was: what its ID token says.

Whoever sits at an open desk comes back from most providers without being asked anything, so coming
back alone proves nothing. A proof is an `auth_time` that lies after our question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from dashboard.people import proof
from dashboard.people.models import User
from dashboard.sign_in import company_leave

ASKED, FACTOR = "company-asked-at", "company-factor"
LEEWAY = 60
"""Seconds by which two clocks may differ."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the provider said about how somebody signed in there, and who it was."""

    user_pk: int
    at: int
    """When, in seconds since 1970; 0 if it did not say."""
    has_factor: bool


def ask(request: HttpRequest) -> dict[str, str]:
    """What the provider is asked for besides; of who is signed in here, to sign in anew."""
    asked = {}
    if settings.OIDC["DESK_OIDC_ACR"]:
        asked["acr_values"] = " ".join(settings.OIDC["DESK_OIDC_ACR"])
    if request.user.is_authenticated:
        request.session[ASKED] = _now()
        asked |= {"prompt": "login", "max_age": "0"}
    else:
        request.session.pop(ASKED, None)
    return asked


def is_stale(request: HttpRequest, token: dict[str, Any]) -> bool:
    """Whether a new sign-in was asked for, and the token tells of none."""
    asked = request.session.get(ASKED)
    if not request.user.is_authenticated or not isinstance(asked, int):
        return False
    return not asked - LEEWAY <= _auth_time(token) <= _now() + LEEWAY


def note(request: HttpRequest, user: User, token: dict[str, Any]) -> None:
    """Keep what was said until the person is in."""
    shown = Shown(user.pk, _auth_time(token), _has_factor(token))
    request.company_shown = shown  # type: ignore[attr-defined]


def take_over(request: HttpRequest) -> None:
    """The session knows how fresh and how strong the sign-in was, if it is this person's."""
    shown = getattr(request, "company_shown", None)
    if not isinstance(shown, Shown) or shown.user_pk != request.user.pk:
        return
    request.session.pop(ASKED, None)
    request.session[FACTOR] = shown.has_factor
    company_leave.take_over(request)
    proof.note(request, at=min(shown.at, _now()))


def had_factor(request: HttpRequest) -> bool:
    """Whether the provider asked for a second factor; without settings for that it is trusted to.

    `DESK_OIDC_ACR` and `DESK_OIDC_AMR` say which of its words mean one.
    """
    if not (settings.OIDC["DESK_OIDC_ACR"] or settings.OIDC["DESK_OIDC_AMR"]):
        return True
    return request.session.get(FACTOR) is True


def _has_factor(token: dict[str, Any]) -> bool:
    methods = token.get("amr")
    used = {str(one) for one in methods} if isinstance(methods, list) else set()
    is_strong = str(token.get("acr")) in settings.OIDC["DESK_OIDC_ACR"]
    return is_strong or not used.isdisjoint(settings.OIDC["DESK_OIDC_AMR"])


def _auth_time(token: dict[str, Any]) -> int:
    at = token.get("auth_time")
    is_number = isinstance(at, int | float) and not isinstance(at, bool) and 0 < at < 2**40
    return int(at) if is_number else 0  # type: ignore[arg-type]


def _now() -> int:
    return int(timezone.now().timestamp())
