"""The client: one method per operation, reached through the thing it belongs to.

::

    client.accounts.all()
    client.account("acme/eu").connectors.install(7, name="CRM", properties=[...])
    client.account("acme/eu").connector(54321).get()

Values come back; paging, tokens and repeats do not show. Everything raises CyclrError, as
drawn in `errors.py`.

How sure we are of what Cyclr does: [T] asserted against the real API, [t] implied there,
[D] documented, [S] in the pages that this project began with, [C] seen by other clients,
[?] unknown.
"""

import base64
import contextlib
import json
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import requests

from .addresses import VERSION, checked_account_id, checked_base, path
from .auth import Authorized, MemoryTokenStore, TokenStore
from .decoding import Listing, decode_list, decode_readable
from .errors import NotFoundError, TemporaryError, UnsendableError
from .models import Account, AccountConnector, Connector, Property, SignInToken
from .pacing import NoPacing, Pacing
from .paging import PAGE_SIZE, pages, readable
from .secret import Secret
from .transport import Call, Effect, Retries, Timeouts, Transport, json_body

T = TypeVar("T")

MAX_BYTES = 25 * 1024 * 1024
"""Largest answer that is read, after decompression: lists carry icons."""

SHORTEST_PAUSE = 0.1
"""Seconds between two tries of a call whose turn had not come."""


class Client:
    """One Cyclr console, with the rights of its API credentials. May be shared by threads.

    `api_url`: https://host without /v1.0; plain http only to this machine. `tokens`: where
    the bearer token is shared; by default in this object. `pacing`: the rate limit that the
    host application keeps. `session`: a requests session whose adapters, `verify` and `cert`
    are used, and nothing else of it; its stock adapters are replaced by ones that know
    deadlines, others stay. ValueError for settings that cannot work.
    """

    def __init__(
        self,
        api_url: str,
        *,
        client_id: str,
        client_secret: str | Secret,
        tokens: TokenStore | None = None,
        pacing: Pacing | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        max_bytes: int = MAX_BYTES,
        session: requests.Session | None = None,
    ) -> None:
        secret = Secret(client_secret)
        if not client_id or not secret:
            raise ValueError("A client needs client_id and client_secret")
        base_url = checked_base(api_url, "api_url")
        if base_url.endswith(f"/{VERSION}"):
            raise ValueError(f"api_url is written without /{VERSION}")
        self._transport = Transport(
            base_url,
            session=session,
            pacing=pacing or NoPacing(),
            timeouts=timeouts or Timeouts(),
            retries=retries or Retries(),
            max_bytes=max_bytes,
        )
        self._authorized = Authorized(
            self._transport, client_id, secret, tokens or MemoryTokenStore()
        )

    @property
    def api_url(self) -> str:
        return self._transport.base_url

    @property
    def session(self) -> requests.Session:
        """The requests session: tests mount the simulator's adapter on it."""
        return self._transport.session

    def check(self) -> None:
        """Ask the smallest thing there is: raises CyclrError when Cyclr does not answer well."""
        call = _call("GET", "/accounts", query={"page": "1", "pageSize": "1"})
        self._authorized.answer(call, lambda _: None)

    @property
    def accounts(self) -> "Accounts":
        return Accounts(self._authorized)

    def account(self, account_id: str) -> "AccountApi":
        """One account, by its API id; nothing is sent.

        UnsendableError (also a ValueError) for an id that no request can carry: empty, `.` or
        `..`, control characters, spaces at its ends.
        """
        return AccountApi(self._authorized, account_id)

    def close(self) -> None:
        """Close the connections."""
        self._transport.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client of {self.api_url}>"


def _call(method: str, template: str, *values: object, **options: Any) -> Call:
    """A call of the API; `values` fill the braces of `template`, each as one path segment."""
    remaining = iter(values)
    parts = [
        next(remaining) if part.startswith("{") else part for part in template.strip("/").split("/")
    ]
    try:
        full = path(VERSION, *parts)
    except ValueError as error:
        words = str(error)
    else:
        return Call(method=method, template=template, path=full, **options)
    raise UnsendableError(f"{method} {template}", reason=words)


def _listing(
    authorized: Authorized,
    call: Call,
    decode: Callable[[object], T],
    key: Callable[[T], Hashable],
) -> Iterator[T]:
    """Every element of a list call, page by page."""
    decode_page: Callable[[object], list[T]] = lambda value: decode_list(value, decode)  # noqa: E731
    fetch: Callable[[int], list[T]] = lambda number: authorized.answer(  # noqa: E731
        _page(call, number), decode_page
    )
    return pages(call.name, fetch, key)


def _readable(
    authorized: Authorized,
    call: Call,
    decode: Callable[[object], T],
    key: Callable[[T], Hashable],
    *,
    at_once: int,
    patience: float,
) -> Listing[T]:
    """What can be read of a list call."""

    def fetch(number: int) -> Listing[T]:
        give_up = time.monotonic() + patience
        while True:
            try:
                return authorized.answer(
                    _page(call, number), lambda value: decode_readable(value, decode)
                )
            except TemporaryError as error:
                if error.retry_after is None:
                    raise
                pause = max(error.retry_after, SHORTEST_PAUSE)
                if time.monotonic() + pause > give_up:
                    raise
            time.sleep(pause)

    return readable(call.name, fetch, key, at_once=at_once)


def _page(call: Call, number: int) -> Call:
    """One page of a list call."""
    query = {
        **call.query,
        "page": str(number),
        "pageSize": str(PAGE_SIZE),
        "sortOrderAsc": "true",
    }
    return Call(
        method=call.method,
        template=call.template,
        path=call.path,
        account=call.account,
        query=query,
    )


class Accounts:
    """Every account of the console."""

    def __init__(self, authorized: Authorized) -> None:
        self._authorized = authorized

    def all(self) -> list[Account]:
        """Every account, over as many pages as there are; an error if one cannot be read."""
        return list(self.iterate())

    def iterate(self) -> Iterator[Account]:
        """As `all`, page by page. What was delivered before an error is not the whole list."""
        call = _call("GET", "/accounts")
        return _listing(self._authorized, call, Account.from_json, lambda found: found.id)

    def readable(self, *, at_once: int = 1, patience: float = 0.0) -> Listing[Account]:
        """As `all`, but an element that cannot be read is left out and counted, in `skipped`.

        `at_once`: pages fetched at a time. `patience`: seconds for which each page waits when
        the rate limit says not yet.
        """
        call = _call("GET", "/accounts")
        return _readable(
            self._authorized,
            call,
            Account.from_json,
            lambda found: found.id,
            at_once=at_once,
            patience=patience,
        )


class AccountApi:
    """One account and what belongs to it."""

    def __init__(self, authorized: Authorized, account_id: str) -> None:
        self._authorized = authorized
        try:
            self.id = checked_account_id(account_id)
        except ValueError as error:
            words = str(error)
        else:
            return
        raise UnsendableError("account", reason=words)

    def get(self) -> Account:
        """The account as it is now. NotFoundError if Cyclr does not know it [T]."""
        call = _call("GET", "/accounts/{id}", self.id)
        return self._authorized.answer(call, Account.from_json)

    @property
    def connectors(self) -> "AccountConnectors":
        return AccountConnectors(self._authorized, self.id)

    def connector(self, account_connector_id: int) -> "AccountConnectorApi":
        """One installed connector, by its account connector id; nothing is sent."""
        return AccountConnectorApi(self._authorized, self.id, account_connector_id)

    @property
    def library(self) -> "Library":
        return Library(self._authorized, self.id)

    def sign_in_token(self, username: str) -> SignInToken:
        """A token that signs `username` in to this account, once, within five minutes [D].

        Creates the user if the name is new [D]. A lost answer is a TemporaryError: a token
        that nobody uses does no harm, so asking again is fine.
        """
        template = "/accounts/{id}/signintoken"
        if not username.strip():
            raise UnsendableError(f"POST {template}", reason="the username is empty")
        call = _call(
            "POST",
            template,
            self.id,
            effect=Effect.HARMLESS,
            body=json_body(f"POST {template}", {"Username": username}),
        )
        return self._authorized.answer(call, SignInToken.from_json)


class AccountConnectors:
    """The connectors installed in one account."""

    def __init__(self, authorized: Authorized, account_id: str) -> None:
        self._authorized = authorized
        self._account_id = account_id

    def all(self) -> list[AccountConnector]:
        """Every installed connector, over all pages; an error if one cannot be read."""
        return list(self.iterate())

    def iterate(self) -> Iterator[AccountConnector]:
        """As `all`, page by page. What was delivered before an error is not the whole list."""
        call = _call("GET", "/account/connectors", account=self._account_id)
        return _listing(self._authorized, call, AccountConnector.from_json, lambda found: found.id)

    def readable(self, *, at_once: int = 1, patience: float = 0.0) -> Listing[AccountConnector]:
        """As `all`, but an element that cannot be read is left out and counted; see `Accounts`."""
        call = _call("GET", "/account/connectors", account=self._account_id)
        return _readable(
            self._authorized,
            call,
            AccountConnector.from_json,
            lambda found: found.id,
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
        body: dict[str, Any] = {"Name": name}
        if description is not None:
            body["Description"] = description
        if authentication_id is not None:
            body["AuthenticationId"] = authentication_id
        if auth_value is not None:
            body["AuthValue"] = auth_value
        if values:
            body["Properties"] = [value.to_json() for value in values]
        if is_native:
            body["IsPartnerIntegrationConnector"] = True
        call = _call(
            "POST",
            template,
            int(connector_id),
            effect=Effect.WRITE,
            account=self._account_id,
            body=json_body(f"POST {template}", body),
            concealed=(*(value.value for value in values), *_parts_of(auth_value or "")),
        )
        return self._authorized.answer(call, AccountConnector.from_json)


def _parts_of(auth_value: str) -> list[str]:
    """An `AuthValue` and the secrets inside it: Cyclr might quote one of them."""
    parts = [auth_value]
    with contextlib.suppress(ValueError):
        tokens = json.loads(auth_value)
        parts += [str(token) for token in tokens.values()] if isinstance(tokens, dict) else []
    with contextlib.suppress(ValueError):
        pair = base64.b64decode(auth_value, validate=True).decode()
        parts += [pair, *pair.split(":", 1)]
    return [part for part in parts if part]


class AccountConnectorApi:
    """One installed connector."""

    def __init__(self, authorized: Authorized, account_id: str, connector_id: int) -> None:
        self._authorized = authorized
        self._account_id = account_id
        self.id = int(connector_id)

    def get(self) -> AccountConnector:
        """The installed connector as it is now. NotFoundError if it is gone [T]."""
        call = _call("GET", "/account/connectors/{id}", self.id, account=self._account_id)
        return self._authorized.answer(call, AccountConnector.from_json)

    def update(
        self, *, name: str | None = None, description: str | None = None
    ) -> AccountConnector:
        """Change the description [T] and the name [?]; None leaves a field as it is.

        Show what comes back, not what was sent. "" empties the description.
        """
        template = "/account/connectors/{id}"
        changes = {"Name": name, "Description": description}
        body = {key: value for key, value in changes.items() if value is not None}
        if not body:
            raise UnsendableError(f"PUT {template}", reason="there is nothing to change")
        call = _call(
            "PUT",
            template,
            self.id,
            effect=Effect.WRITE,
            account=self._account_id,
            body=json_body(f"PUT {template}", body),
        )
        return self._authorized.answer(call, AccountConnector.from_json)


class Library:
    """The catalogue of connectors, as one account sees it."""

    def __init__(self, authorized: Authorized, account_id: str) -> None:
        self._authorized = authorized
        self._account_id = account_id

    def all(self) -> list[Connector]:
        """Every connector of the catalogue, over as many pages as there are."""
        return list(self.iterate())

    def iterate(self, query: str | None = None) -> Iterator[Connector]:
        """As `all`, page by page. `query`: only connectors whose name matches it [S]."""
        search: Mapping[str, str] = {} if query is None else {"query": query}
        call = _call("GET", "/connectors", account=self._account_id, query=search)
        return _listing(self._authorized, call, Connector.from_json, lambda found: found.id)

    def readable(self, *, at_once: int = 1, patience: float = 0.0) -> Listing[Connector]:
        """As `all`, but an element that cannot be read is left out and counted; see `Accounts`."""
        call = _call("GET", "/connectors", account=self._account_id)
        return _readable(
            self._authorized,
            call,
            Connector.from_json,
            lambda found: found.id,
            at_once=at_once,
            patience=patience,
        )

    def get(self, release_id: int) -> Connector:
        """One release, by its id [T]. NotFoundError if there is none."""
        call = _call("GET", "/connectors/{id}", int(release_id), account=self._account_id)
        return self._authorized.answer(call, Connector.from_json)

    def named(self, name: str, version: str | None = None) -> list[Connector]:
        """The connectors of this exact name, and version if given; empty if there are none [T].

        Names and versions are free text. A name of digits alone would be taken for an id [T],
        so those are searched for instead.
        """
        if version is None and name.strip().lstrip("+-").isdecimal():
            return [found for found in self.iterate(query=name) if found.name == name]
        if version is None:
            call = _call("GET", "/connectors/{name}", name, account=self._account_id)
        else:
            template = "/connectors/{name}/{version}"
            call = _call("GET", template, name, version, account=self._account_id)
        try:
            return self._authorized.answer(
                call, lambda value: decode_list(value, Connector.from_json)
            )
        except NotFoundError:
            return []
