"""The first step of a sign-in with two: it holds as long as the password that was shown in it."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from dashboard.people.models import User

KEY = "first-step"


def note(request: HttpRequest, user: User) -> None:
    """The person has shown a password, or came from the provider."""
    request.session[KEY] = user.get_session_auth_hash()


def is_still_good(request: HttpRequest, user: User) -> bool:
    """Whether neither the password changed nor the person was signed out everywhere meanwhile."""
    return constant_time_compare(request.session.get(KEY, ""), user.get_session_auth_hash())


def forget(request: HttpRequest) -> None:
    """The person is in."""
    request.session.pop(KEY, None)
