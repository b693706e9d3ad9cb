"""What is good for a while only: access tokens, sign-in tokens, a browser's way to consent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

MANY = 10_000
"""From this many on, what has expired is thrown away."""


class Expires(Protocol):
    @property
    def expires(self) -> datetime: ...


T = TypeVar("T", bound=Expires)


@dataclass(frozen=True)
class AccessToken:
    client_id: str
    account: str | None
    """Set when the token was asked for one account only."""
    expires: datetime


@dataclass(frozen=True)
class SignInToken:
    account: str
    username: str
    expires: datetime


@dataclass
class Flow:
    """A browser on its way through the third party's consent page."""

    account_connector: int
    account: str
    target_origin: str
    callback_message: str | None
    expires: datetime
    code: str | None = None
    """Set when the third party has approved."""


class Expiring(Generic[T]):
    """Values under a secret key; what has expired is not there any more."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._values: dict[str, T] = {}

    def put(self, key: str, value: T) -> None:
        self._values[key] = value
        if len(self._values) > MANY:
            now = self._now()
            self._values = {k: one for k, one in self._values.items() if one.expires > now}

    def get(self, key: str) -> T | None:
        found = self._values.get(key)
        return None if found is None or found.expires <= self._now() else found

    def take(self, key: str) -> T | None:
        """The value, for the last time."""
        found = self.get(key)
        self._values.pop(key, None)
        return found

    def clear(self) -> None:
        self._values.clear()
