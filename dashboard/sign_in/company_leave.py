"""Signing out at the company's provider too, as OpenID Connect has it (“RP-initiated logout”).

The session keeps the provider's ID token for it, encrypted as all of a session is: most providers
want it to know whom to sign out without asking.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

TOKEN, LEAVING = "company-id-token", "company-leaving"
LONGEST = 8000
"""Characters of a token that an address can take along; without one the provider asks."""


def note(request: HttpRequest, token: Any) -> None:
    """Keep the ID token until the person is in."""
    request.company_id_token = token  # type: ignore[attr-defined]


def take_over(request: HttpRequest) -> None:
    """The session of who came by the provider knows what to sign out with."""
    token = getattr(request, "company_id_token", None)
    if settings.OIDC["DESK_OIDC_SIGN_OUT"] and isinstance(token, str) and len(token) <= LONGEST:
        request.session[TOKEN] = token


def hint_of(request: HttpRequest) -> str:
    """What this session signs out with at the provider; empty without a token."""
    return str(request.session.get(TOKEN, ""))


def address(endpoint: Any, issuer: str, hint: str) -> str:
    """Where the browser is led to, from the provider's discovery document; empty for nowhere.

    Only addresses by https are followed, or such as the issuer's own in development.
    """
    if not isinstance(endpoint, str):
        return ""
    try:
        parts = urlsplit(endpoint)
        is_own = (parts.scheme, parts.hostname) == (
            (issued := urlsplit(issuer)).scheme,
            issued.hostname,
        )
    except ValueError:
        return ""
    if not parts.hostname or not (parts.scheme == "https" or is_own):
        return ""
    asked = {
        "client_id": settings.OIDC["DESK_OIDC_CLIENT_ID"],
        "post_logout_redirect_uri": settings.DESK_URL + reverse("sign_in"),
    }
    if hint:
        asked["id_token_hint"] = hint
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *asked.items()])
    return parts._replace(query=query, fragment="").geturl()
