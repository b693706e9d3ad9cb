"""Accounts, and the way from an account to everything inside it."""

from collections.abc import Iterator

from .account_connectors import AccountConnectorApi, AccountConnectors
from .addresses import checked_account_id
from .auth import Authorized
from .calls import Calls
from .decoding import Listing
from .errors import UnsendableError
from .library import Library
from .models import Account, SignInToken
from .transport import Effect


class Accounts:
    """Every account of the console."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def all(self) -> list[Account]:
        """Every account, over as many pages as there are; an error if one cannot be read."""
        return list(self.iterate())

    def iterate(self) -> Iterator[Account]:
        """As `all`, page by page. What was delivered before an error is not the whole list."""
        return self._calls.listing(
            "/accounts", decode=Account.from_json, key=lambda found: found.id
        )

    def readable(self, *, at_once: int = 1, patience: float = 0.0) -> Listing[Account]:
        """As `all`, but an element that cannot be read is left out and counted, in `skipped`.

        `at_once`: pages fetched at a time. `patience`: seconds for which each page waits when
        the rate limit says not yet.
        """
        return self._calls.readable(
            "/accounts",
            decode=Account.from_json,
            key=lambda found: found.id,
            at_once=at_once,
            patience=patience,
        )


class AccountApi:
    """One account and what belongs to it."""

    def __init__(self, authorized: Authorized, account_id: str) -> None:
        try:
            self.id = checked_account_id(account_id)
        except ValueError as error:
            words = str(error)
        else:
            self._partner = Calls(authorized)
            self._calls = Calls(authorized, self.id)
            return
        raise UnsendableError("account", reason=words)

    def get(self) -> Account:
        """The account as it is now. NotFoundError if Cyclr does not know it [T]."""
        return self._partner.answer("GET", "/accounts/{id}", self.id, decode=Account.from_json)

    @property
    def connectors(self) -> AccountConnectors:
        return AccountConnectors(self._calls)

    def connector(self, account_connector_id: int) -> AccountConnectorApi:
        """One installed connector, by its account connector id; nothing is sent."""
        return AccountConnectorApi(self._calls, account_connector_id)

    @property
    def library(self) -> Library:
        return Library(self._calls)

    def sign_in_token(self, username: str) -> SignInToken:
        """A token that signs `username` in to this account, once, within five minutes [D].

        Creates the user if the name is new [D]. A lost answer is a TemporaryError: a token
        that nobody uses does no harm, so asking again is fine.
        """
        template = "/accounts/{id}/signintoken"
        if not username.strip():
            raise UnsendableError(f"POST {template}", reason="the username is empty")
        return self._partner.answer(
            "POST",
            template,
            self.id,
            decode=SignInToken.from_json,
            effect=Effect.HARMLESS,
            body={"Username": username},
        )
