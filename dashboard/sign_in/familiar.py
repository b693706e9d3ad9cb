"""Browsers that somebody has signed in with before: what strangers do does not lock them out.

A signed cookie names the people and, for each, a number of this browser's. It opens nothing; it
only decides under which limit a try counts.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from dashboard.people.models import User

COOKIE = "__Host-familiar" if settings.IS_PUBLIC_TLS else "familiar"
SALT = "dashboard.sign_in.familiar"
KEPT_FOR = 180 * 86400
MOST = 8
"""People of one browser that are remembered, the latest of them."""


def number_for(request: HttpRequest, user: User | None) -> str:
    """The number of this browser for this person; empty if they never signed in with it."""
    return _known(request).get(str(user.pk), "") if user is not None else ""


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let the browser keep that the person has signed in with it."""
    known = _known(request)
    number = known.pop(str(user.pk), "") or secrets.token_urlsafe(12)
    kept = dict([*known.items(), (str(user.pk), number)][-MOST:])
    response.set_cookie(
        COOKIE,
        signing.dumps(kept, salt=SALT),
        max_age=KEPT_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _known(request: HttpRequest) -> dict[str, str]:
    try:
        known = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT_FOR)
    except signing.BadSignature:
        return {}
    return known if isinstance(known, dict) else {}
