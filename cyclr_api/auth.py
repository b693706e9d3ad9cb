"""The bearer token: fetched with the client's credentials, shared, renewed ahead of its end."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from .decoding import Record, UndecodableError
from .errors import AccountRefusedError, CredentialsRefusedError, CyclrError, TemporaryError
from .page_sizes import PageSizes
from .secret import Secret
from .transport import Call, Effect, Transport

logger = logging.getLogger(__name__)

T = TypeVar("T")

RENEW_AFTER = 0.8
"""The part of its life after which a token is renewed."""

SHORT_LIFE = timedelta(minutes=10)
"""How long a token counts as good when Cyclr did not say."""

LONGEST_LIFE = timedelta(days=30)

_TOKEN = re.compile("[!-~]{1,8192}")

RENEWAL_PAUSE = 60.0
"""Seconds until a renewal ahead of time is tried again after it failed."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token. `value` is a secret: seal it where it is stored.

    ValueError for a value that no header can carry.
    """

    value: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        if not _TOKEN.fullmatch(self.value):
            raise ValueError("A bearer token is printable ASCII without spaces")

    def is_expired(self, now: datetime) -> bool:
        return now >= self.expires_at

    def is_ageing(self, now: datetime) -> bool:
        """Whether it is time to renew it: 80 % of its life is over."""
        return now >= self.issued_at + (self.expires_at - self.issued_at) * RENEW_AFTER

    def to_json(self) -> dict[str, str]:
        """For a store outside this process; holds the secret in clear."""
        return {
            "value": self.value,
            "issued_at": self.issued_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
        }

    @classmethod
    def from_json(cls, value: object) -> "Token":
        """What `to_json` made. UndecodableError (a ValueError) for anything else."""
        record = Record(value, "stored token")
        text, issued_at, expires_at = (
            record.text("value"),
            record.moment("issued_at"),
            record.moment("expires_at"),
        )
        if text is None or not _TOKEN.fullmatch(text) or issued_at is None or expires_at is None:
            raise UndecodableError("stored token: not whole")
        return cls(text, issued_at, expires_at)

    @classmethod
    def from_answer(cls, value: object) -> "Token":
        """From the token endpoint's answer. UndecodableError without a usable token.

        The life is the shortest that the answer implies: `expires_in` seconds [D], or up to
        `.expires` by our clock, or from `.issued` to `.expires` [C].
        """
        record = Record(value, "token")
        text = record.value("access_token")
        if not isinstance(text, str) or not _TOKEN.fullmatch(text):
            raise UndecodableError("token: no usable token")
        if (record.text("token_type") or "bearer").lower() != "bearer":
            raise UndecodableError("token: not a bearer token")
        now = datetime.now(UTC)
        expires, issued = _http_date(record, ".expires"), _http_date(record, ".issued")
        said = record.whole("expires_in") or 0
        lives = [timedelta(seconds=min(max(said, 0), 10**9))]
        if expires is not None:
            lives.append(expires - now)
            lives.append(expires - (issued or now))
        good = [life for life in lives if life > timedelta(0)]
        life = min(*good, LONGEST_LIFE) if good else SHORT_LIFE
        return cls(value=text, issued_at=now, expires_at=now + life)


def _http_date(record: Record, name: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(record.text(name) or "")
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class TokenStore(Protocol):
    """Where a token is shared, by all clients, threads and processes with the same rights.

    One for each console, and one more for each account that a token is restricted to.
    """

    def get(self) -> Token | None:
        """The token stored last; None if there is none."""

    def put(self, token: Token) -> None:
        """Store a token in place of the one before."""

    def renewing(self) -> AbstractContextManager[None]:
        """A lock among all who share the store, held while one of them fetches a token."""


class MemoryTokenStore:
    """A token kept in this object, for the threads of one process."""

    def __init__(self) -> None:
        self._token: Token | None = None
        self._lock = threading.Lock()

    def get(self) -> Token | None:
        return self._token

    def put(self, token: Token) -> None:
        self._token = token

    @contextmanager
    def renewing(self) -> Iterator[None]:
        with self._lock:
            yield


class Authorized:
    """Calls with a token: gets it, renews it, and replays a call once after a 401.

    A 401 means that Cyclr did not handle the call, so writes are replayed as well.
    `restricted_to`: the API id of the one account that the token is good for [D].
    """

    def __init__(
        self,
        transport: Transport,
        client_id: str,
        client_secret: Secret,
        store: TokenStore,
        *,
        restricted_to: str | None = None,
    ) -> None:
        self.transport = transport
        self.store = store
        self.restricted_to = restricted_to
        self._client_id = client_id
        self._client_secret = client_secret
        self._not_ahead_before = 0.0
        self._failed: tuple[float, CyclrError] | None = None

    @property
    def page_sizes(self) -> PageSizes:
        """What is known of the sizes of this host's pages."""
        return self.transport.page_sizes

    def answer(self, call: Call, decode: Callable[[object], T]) -> T:
        """As `Transport.answer`. CredentialsRefusedError if even a new token gets a 401."""
        token = self.token()
        try:
            return self.transport.answer(call, decode, token=token.value)
        except CredentialsRefusedError:
            logger.info("cyclr token refused call=%r", call.name)
        token = self._renewed(instead_of=token)
        try:
            return self.transport.answer(call, decode, token=token.value)
        except CredentialsRefusedError as error:
            refused = error
        is_of_account = call.account is not None or self.restricted_to is not None
        kind = AccountRefusedError if is_of_account else CredentialsRefusedError
        reason = "refused with a token just renewed"
        again = kind(
            call.name, refused.status, refused.cyclr_message, reason=reason, through=call.through
        )
        again.answer = refused.answer
        raise again

    def token(self) -> Token:
        """A token that is good for a while; fetched if there is none."""
        token = self.store.get()
        now = datetime.now(UTC)
        if token is None or token.is_expired(now):
            return self._renewed(instead_of=token)
        if not token.is_ageing(now) or time.monotonic() < self._not_ahead_before:
            return token
        try:
            return self._renewed(instead_of=token)
        except TemporaryError as error:
            self._not_ahead_before = time.monotonic() + RENEWAL_PAUSE
            logger.warning("cyclr token not renewed status=%s", error.status)
            return token

    def _renewed(self, instead_of: Token | None) -> Token:
        """A token other than `instead_of`. Whoever waited takes what the first one got."""
        asked_at = time.monotonic()
        with self.store.renewing():
            token = self.store.get()
            is_other = token is not None and (instead_of is None or token.value != instead_of.value)
            if token is not None and is_other and not token.is_expired(datetime.now(UTC)):
                return token
            if self._failed is not None and self._failed[0] > asked_at:
                raise _same(self._failed[1])
            try:
                token = self._fetch()
            except CyclrError as error:
                self._failed = (time.monotonic(), _same(error))
                raise
            self.store.put(token)
            return token

    def _fetch(self) -> Token:
        secret = self._client_secret.reveal()
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": secret,
        }
        if self.restricted_to is not None:
            form["scope"] = f"account:{self.restricted_to}"
        call = Call(
            method="POST",
            template="/oauth/token",
            path="/oauth/token",
            effect=Effect.READ,  # a token too many does no harm, so it is repeated like a read
            body=urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
            concealed=(secret,),
        )
        try:
            token = self.transport.answer(call, Token.from_answer)
        except TemporaryError:
            raise
        except CyclrError as error:
            refused = error
        else:
            life = (token.expires_at - token.issued_at).total_seconds()
            logger.info("cyclr token fetched life=%d", life)
            return token
        # Also a 404: it must not pass for the absence of what the caller asked for.
        reason = "the token endpoint refused: are address and credentials right?"
        raise CredentialsRefusedError(
            call.name, refused.status, refused.cyclr_message, reason=reason
        )


def _same(error: CyclrError) -> CyclrError:
    """The same error without its traceback, to be raised again elsewhere."""
    return type(error)(
        error.call,
        error.status,
        error.cyclr_message,
        error.retry_after,
        reason=error.reason,
        through=error.through,
    )
