"""Connectors installed in an account: installing, changing, authenticating, using them."""

import base64
import contextlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from .calls import Calls, given
from .decoding import Listing
from .errors import UnsendableError
from .models import AccountConnector, Property
from .transport import Effect


class AccountConnectors:
    """The connectors installed in one account."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self) -> list[AccountConnector]:
        """Every installed connector, over all pages; an error if one cannot be read."""
        return list(self.iterate())

    def iterate(self) -> Iterator[AccountConnector]:
        """As `all`, page by page. What was delivered before an error is not the whole list."""
        return self._calls.listing(
            "/account/connectors", decode=AccountConnector.from_json, key=lambda found: found.id
        )

    def readable(self, *, at_once: int = 1, patience: float = 0.0) -> Listing[AccountConnector]:
        """As `all`, but an element that cannot be read is left out and counted; see `Accounts`."""
        return self._calls.readable(
            "/account/connectors",
            decode=AccountConnector.from_json,
            key=lambda found: found.id,
            at_once=at_once,
            patience=patience,
        )

    def install(
        self,
        connector_id: int,
        *,
        name: str,
        description: str | None = None,
        authentication_id: str | None = None,
        auth_value: str | None = None,
        properties: Iterable[Property] = (),
        is_native: bool = False,
    ) -> AccountConnector:
        """Install the release `connector_id` of a connector into this account.

        Not idempotent: another name installs a second one; a name in use is refused, with
        NameInUseError [C]. `authentication_id`: which of several methods [t]. `auth_value`: an
        API key as it is, `base64(user:password)` for Basic, or JSON text for OAuth2 tokens [D].
        RefusedError for properties that are unknown or no account property, and for
        drafts [T]. OutcomeUnknownError if no readable answer came: look before asking again.
        UnsendableError for an empty name, which is needed to recognise what was installed.
        """
        template = "/connectors/{id}/install"
        if not name.strip():
            raise UnsendableError(f"POST {template}", reason="the name is empty")
        values = list(properties)
        body: dict[str, Any] = given(
            Name=name,
            Description=description,
            AuthenticationId=authentication_id,
            AuthValue=auth_value,
            Properties=[value.to_json() for value in values] or None,
            IsPartnerIntegrationConnector=is_native or None,
        )
        return self._calls.answer(
            "POST",
            template,
            int(connector_id),
            decode=AccountConnector.from_json,
            effect=Effect.WRITE,
            body=body,
            concealed=concealed_in(values, auth_value),
        )


def concealed_in(properties: Iterable[Property], auth_value: str | None) -> list[str]:
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


class AccountConnectorApi:
    """One installed connector."""

    def __init__(self, calls: Calls, account_connector_id: int) -> None:
        self._calls = calls
        self.id = int(account_connector_id)

    def get(self) -> AccountConnector:
        """The installed connector as it is now. NotFoundError if it is gone [T]."""
        return self._calls.answer(
            "GET", "/account/connectors/{id}", self.id, decode=AccountConnector.from_json
        )

    def update(
        self, *, name: str | None = None, description: str | None = None
    ) -> AccountConnector:
        """Change the description [T] and the name [?]; None leaves a field as it is.

        Show what comes back, not what was sent. "" empties the description.
        """
        template = "/account/connectors/{id}"
        body = given(Name=name, Description=description)
        if not body:
            raise UnsendableError(f"PUT {template}", reason="there is nothing to change")
        return self._calls.answer(
            "PUT",
            template,
            self.id,
            decode=AccountConnector.from_json,
            effect=Effect.WRITE,
            body=body,
        )
