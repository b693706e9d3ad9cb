"""`AuthValue`: the one text in which Cyclr takes a key, a pair or tokens, made and taken apart."""

import base64
import contextlib
import json
from collections.abc import Iterable
from datetime import datetime

from .decoding import moment_text
from .models import Property


def basic_auth_value(user: str, password: str) -> str:
    """The `AuthValue` of a Basic method: base64 of `user:password` [D].

    Some third parties want a key as the user and an empty password [D]. Other letters than
    ASCII go as UTF-8 [?]. ValueError for a user with a colon: the password would begin there.
    """
    if ":" in user:
        raise ValueError("A user with a colon cannot be told from the password")
    return base64.b64encode(_encoded(f"{user}:{password}")).decode()


def oauth_auth_value(
    access_token: str,
    refresh_token: str | None = None,
    expires: datetime | None = None,
    refresh_expires: datetime | None = None,
) -> str:
    """The `AuthValue` of an OAuth2 method whose tokens are known already: JSON text [D].

    What is None is left out. ValueError for a moment without a time zone.
    """
    if not access_token:
        raise ValueError("Without an access token there is nothing to set")
    values = {
        "AccessToken": access_token,
        "RefreshToken": refresh_token,
        "Expires": moment_text(expires) if expires else None,
        "RefreshExpires": moment_text(refresh_expires) if refresh_expires else None,
    }
    return json.dumps({name: value for name, value in values.items() if value is not None})


def secrets_in(properties: Iterable[Property] = (), auth_value: str | None = None) -> list[str]:
    """What Cyclr might quote back of the values sent: each of them, and the parts of a key."""
    return [*(value.value for value in properties), *_parts_of(auth_value or "")]


def _parts_of(auth_value: str) -> list[str]:
    """An `AuthValue` and the secrets inside it: Cyclr might quote one of them."""
    parts = [auth_value]
    with contextlib.suppress(ValueError, RecursionError):
        tokens = json.loads(auth_value)
        parts += [str(token) for token in tokens.values()] if isinstance(tokens, dict) else []
    with contextlib.suppress(ValueError):
        pair = base64.b64decode(auth_value, validate=True).decode()
        parts += [pair, *pair.split(":", 1)]
    return parts


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass
    raise ValueError("User or password is not valid text")
