"""Users: who may sign in to Cyclr's own pages, and to which account."""

from typing import Unpack

from .calls import Calls, sendable_account_id
from .decoding import Record, UndecodableError
from .errors import UnsendableError
from .launch import LaunchOptions, MarketplaceOptions, open_session
from .models import BrowserSession
from .secret import Secret
from .transport import Effect


class Users:
    """The users of the console, whichever accounts they have access to."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def set_password(self, username: str, password: str | Secret) -> None:
        """Give a user another password [T].

        A lost answer is a TemporaryError: setting it again is fine.
        """
        body = _credentials("PUT /users", username, password)
        self._calls.act(
            "PUT", "/users", effect=Effect.HARMLESS, body=body, concealed=[body["Password"]]
        )

    def launch(
        self,
        *,
        account_id: str,
        username: str,
        password: str | Secret,
        **options: Unpack[LaunchOptions],
    ) -> BrowserSession:
        """As `AccountApi.launch`, signing in a certain user instead of the API's [D]."""
        return self._open("launch", account_id, username, password, options)

    def orbit(
        self,
        *,
        account_id: str,
        username: str,
        password: str | Secret,
        **options: Unpack[LaunchOptions],
    ) -> BrowserSession:
        """As `AccountApi.orbit`, signing in a certain user instead of the API's [D]."""
        return self._open("orbit", account_id, username, password, options)

    def marketplace(
        self,
        *,
        account_id: str,
        username: str,
        password: str | Secret,
        **options: Unpack[MarketplaceOptions],
    ) -> BrowserSession:
        """As `AccountApi.marketplace`, signing in a certain user instead of the API's [D]."""
        return self._open("marketplace", account_id, username, password, options)

    def _open(
        self,
        product: str,
        account_id: str,
        username: str,
        password: str | Secret,
        options: LaunchOptions | MarketplaceOptions,
    ) -> BrowserSession:
        template = f"/users/{product}"
        call = f"POST {template}"
        who = _credentials(call, username, password)
        person = {
            "AccountId": sendable_account_id(call, account_id),
            "Username": who["UserName"],
            "Password": who["Password"],
        }
        return open_session(
            self._calls, template, person=person, concealed=[who["Password"]], options=options
        )


class AccountUsers:
    """Who has access to one account."""

    def __init__(self, calls: Calls, account_id: str) -> None:
        self._calls = calls
        self._id = account_id

    def all(self) -> list[str]:
        """Every username [T]; the shape of Cyclr's elements is unknown [?]."""
        return self._calls.elements("/accounts/{id}/users", self._id, decode=_username)

    def add(self, username: str, password: str | Secret) -> None:
        """Give a user access to this account; creates the user if the name is new [T][D].

        Whether the password of a user who is there already changes is unknown [?]. A lost
        answer is a TemporaryError: adding the same user again is fine.
        """
        body = _credentials("PUT /accounts/{id}/users", username, password)
        self._calls.act(
            "PUT",
            "/accounts/{id}/users",
            self._id,
            effect=Effect.HARMLESS,
            body=body,
            concealed=[body["Password"]],
        )

    def remove(self, username: str) -> None:
        """Take a user's access to this account away [T]."""
        template = "/accounts/{id}/users"
        self._calls.act(
            "DELETE",
            template,
            self._id,
            body={"UserName": checked_username(f"DELETE {template}", username)},
        )


def checked_username(call: str, username: str) -> str:
    """The name as it is; UnsendableError for a blank one."""
    if not username.strip():
        raise UnsendableError(call, reason="the username is empty")
    return username


def _credentials(call: str, username: str, password: str | Secret) -> dict[str, str]:
    text = Secret(password).reveal()
    if not text:
        raise UnsendableError(call, reason="the password is empty")
    return {"UserName": checked_username(call, username), "Password": text}


def _username(value: object) -> str:
    """From an element of a list of users: a name, or an object with one."""
    name = value if isinstance(value, str) else Record(value, "user").text("UserName", "Name")
    if not name:
        raise UndecodableError("user: no name")
    return name
