"""What is good for a while only: access tokens, sign-in tokens, a browser's way to consent."""

import base64
import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

MANY = 10_000
"""From so many on, what has expired is thrown away now and then."""


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
class OAuthSession:
    """A browser on its way through the third party's consent page."""

    account_connector: int
    account: str
    target_origin: str
    callback_message: str | None
    expires: datetime
    code: str | None = None
    """Set when the third party has approved."""


class TokenMaker:
    """Tokens that look like chance and are not: the same ones for the same seed and address.

    So a test or a demo can be repeated to the byte. They are no secrets: whoever knows the seed
    can work them out. The address is part of it so that one Cyclr's tokens open no other.
    """

    def __init__(self, seed: int, address: Callable[[], str]) -> None:
        self._seed, self._address, self._salt = seed, address, ""
        self._numbers = itertools.count()

    def never_again(self, salt: str) -> None:
        """From now on make other tokens than a state of the same seed and address did before."""
        self._salt = salt

    def raw(self, size: int) -> bytes:
        """The next `size` bytes, 64 at most."""
        text = f"{self._seed} {self._address()} {self._salt} {next(self._numbers)}"
        return hashlib.blake2b(text.encode(), digest_size=size).digest()

    def hex(self, size: int) -> str:
        return self.raw(size).hex()

    def base64(self, size: int) -> str:
        return base64.b64encode(self.raw(size)).decode()

    def urlsafe(self, size: int) -> str:
        """Letters, digits, `-` and `_`."""
        return base64.urlsafe_b64encode(self.raw(size)).decode().rstrip("=")


class Expiring(Generic[T]):
    """Values under a secret key; what has expired is not there any more."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._values: dict[str, T] = {}
        self._many = MANY

    def put(self, key: str, value: T) -> None:
        self._values[key] = value
        if len(self._values) > self._many:
            now = self._now()
            self._values = {k: one for k, one in self._values.items() if one.expires > now}
            self._many = max(MANY, 2 * len(self._values))

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
