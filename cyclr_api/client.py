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

from types import TracebackType
from typing import Self

import requests

from .accounts import AccountApi, Accounts
from .addresses import VERSION, checked_account_id, checked_base
from .auth import Authorized, MemoryTokenStore, TokenStore
from .calls import Calls, ignore
from .pacing import NoPacing, Pacing
from .secret import Secret
from .transport import Retries, Timeouts, Transport

MAX_BYTES = 25 * 1024 * 1024
"""Largest answer that is read, after decompression: lists carry icons."""


class Client:
    """One Cyclr console, with the rights of its API credentials. May be shared by threads.

    `api_url`: https://host without /v1.0; plain http only to this machine. `tokens`: where
    the bearer token is shared; by default in this object. `restricted_to`: the API id of the
    one account that the token is narrowed to; calls then go without the account header.
    `pacing`: the rate limit that the host application keeps. `session`: a requests session
    whose adapters, `verify` and `cert` are used, and nothing else of it; its stock adapters
    are replaced by ones that know deadlines, others stay. ValueError for settings that cannot
    work.
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
        )
        self._authorized = Authorized(
            self._transport,
            client_id,
            secret,
            tokens or MemoryTokenStore(),
            restricted_to=restricted_to,
        )
        self._calls = Calls(self._authorized)

    @property
    def api_url(self) -> str:
        return self._transport.base_url

    @property
    def session(self) -> requests.Session:
        """The requests session: tests mount the simulator's adapter on it."""
        return self._transport.session

    def check(self) -> None:
        """Ask the smallest thing there is: raises CyclrError when Cyclr does not answer well."""
        query = {"page": "1", "pageSize": "1"}
        self._calls.answer("GET", "/accounts", decode=ignore, query=query)

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
