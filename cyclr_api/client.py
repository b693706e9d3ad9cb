"""The client: one method per operation, reached through the thing it belongs to.

::

    client.accounts.create(name="Acme EU", id="acme/eu")
    client.account("acme/eu").connectors.install_named("HubSpot", version="1.0", name="CRM")
    client.account("acme/eu").connector(54321).call("8f8df8ef-…", parameters={400123: "yes"})

Values come back; paging, tokens and repeats do not show. Everything raises CyclrError, as
drawn in `errors.py`.

How sure we are of what Cyclr does: [T] asserted against the real API, [t] implied there,
[D] documented, [S] in the pages that this project began with, [C] seen by other clients,
[?] unknown.
"""

import copy
from types import TracebackType
from typing import Self

import requests

from .accounts import AccountApi, Accounts
from .addresses import VERSION, checked_account_id, checked_base
from .auth import Authorized, MemoryTokenStore, TokenStore
from .calls import Calls, ignore, sendable_account_id
from .errors import UnsendableError
from .pacing import NoPacing, Pacing
from .page_sizes import PageSizes
from .secret import Secret
from .templates import TemplateApi, Templates
from .transport import Retries, Timeouts, Transport
from .users import Users
from .wire import CONNECTIONS, Resolve

MAX_BYTES = 25 * 1024 * 1024
"""Largest answer that is read, after decompression: lists carry icons."""


class Client:
    """One Cyclr console, with the rights of its API credentials. May be shared by threads.

    `api_url`: https://host without /v1.0; plain http only to this machine. `tokens`: where
    the bearer token is shared; by default in this object. `restricted_to`: the API id of the
    one account that the token is narrowed to; calls then go without the account header.
    `pacing`: the rate limit that the host application keeps. `session`: a requests session
    whose adapters, `verify` and `cert` are used, and nothing else of it; its stock adapters
    are replaced by ones that know deadlines, others stay. `connections`: how many of them
    are kept open for the threads that share this object; more are opened when needed, and
    closed after use. `page_sizes`: what is known of this host's pages; by default of this
    object's alone. `resolve`: which IP addresses a host may be asked at, looked up for each new
    connection. ValueError for settings that cannot work.

    Clients share nothing but what they are given: two of them may serve two consoles.
    """

    def __init__(
        self,
        api_url: str,
        *,
        client_id: str,
        client_secret: str | Secret,
        restricted_to: str | None = None,
        tokens: TokenStore | None = None,
        pacing: Pacing | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        max_bytes: int = MAX_BYTES,
        session: requests.Session | None = None,
        connections: int = CONNECTIONS,
        page_sizes: PageSizes | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        secret = Secret(client_secret)
        if not client_id or not secret:
            raise ValueError("A client needs client_id and client_secret")
        base_url = checked_base(api_url, "api_url")
        if base_url.endswith(f"/{VERSION}"):
            raise ValueError(f"api_url is written without /{VERSION}")
        if restricted_to is not None:
            checked_account_id(restricted_to)
        self._transport = Transport(
            base_url,
            session=session,
            pacing=pacing or NoPacing(),
            timeouts=timeouts or Timeouts(),
            retries=retries or Retries(),
            max_bytes=max_bytes,
            connections=connections,
            page_sizes=page_sizes,
            resolve=resolve,
        )
        self._credentials = (client_id, secret)
        self._authorize(tokens or MemoryTokenStore(), restricted_to)

    def _authorize(self, tokens: TokenStore, account_id: str | None) -> None:
        self._authorized = Authorized(
            self._transport, *self._credentials, tokens, restricted_to=account_id
        )
        self._calls = Calls(self._authorized)

    def restricted_to(self, account_id: str, *, tokens: TokenStore | None = None) -> "Client":
        """A client with a token that is good for this account alone [D]; nothing is sent.

        It shares the connections, so closing either closes both, and the rate limit, but not
        the tokens: `tokens` is a store of its own, by default in the new object. Of the calls
        that are not about one account, and of those for which Cyclr wants an unrestricted
        token, it raises UnsendableError.
        """
        sendable_account_id("client", account_id)
        if self._authorized.restricted_to not in (None, account_id):
            reason = "this client is restricted to another account"
            raise UnsendableError("client", reason=reason)
        if tokens is self._authorized.store and self._authorized.restricted_to is None:
            raise ValueError("A restricted token needs a store of its own")
        other = copy.copy(self)
        other._authorize(tokens or MemoryTokenStore(), account_id)
        return other

    @property
    def api_url(self) -> str:
        return self._transport.base_url

    @property
    def session(self) -> requests.Session:
        """The requests session: tests mount the simulator's adapter on it."""
        return self._transport.session

    def check(self) -> None:
        """Ask the smallest thing there is: raises CyclrError when Cyclr does not answer well."""
        is_restricted = self._authorized.restricted_to is not None
        template = "/account/connectors" if is_restricted else "/accounts"
        self._calls.answer("GET", template, decode=ignore, query={"page": "1", "pageSize": "1"})

    @property
    def accounts(self) -> Accounts:
        return Accounts(self._calls)

    def account(self, account_id: str) -> AccountApi:
        """One account, by its API id; nothing is sent.

        UnsendableError (also a ValueError) for an id that no request can carry: empty, `.` or
        `..`, control characters, spaces at its ends; and for another account than the one
        this client is restricted to.
        """
        return AccountApi(self._authorized, account_id)

    @property
    def users(self) -> Users:
        return Users(self._calls)

    @property
    def templates(self) -> Templates:
        return Templates(self._calls)

    def template(self, template_id: str) -> TemplateApi:
        """One template, by its GUID; nothing is sent. UnsendableError for what is no GUID."""
        return TemplateApi(self._calls, template_id)

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
