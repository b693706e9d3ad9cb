"""How the workers reach a console: the configured client, its shared token, its health."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import redis
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from cyclr_api import (
    AccountRefusedError,
    Client,
    CredentialsRefusedError,
    CyclrError,
    MemoryTokenStore,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    Retries,
    TemporaryError,
    Timeouts,
    Token,
    UnreadableError,
)
from dashboard.common import encryption
from dashboard.common.redis import connection
from dashboard.consoles import addresses, changes
from dashboard.consoles.models import CREDENTIALS_REFUSED, Console, ConsoleChange
from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE, PacedError, SharedPacing
from dashboard.consoles.page_sizes import SharedPageSizes

logger = logging.getLogger(__name__)

on_new_client: list[Callable[[Client], None]] = []
"""Called with each client that is made; the tests mount the simulator here."""

LOCKED_FOR = 35
"""Seconds after which a token's renewal is taken for lost."""

LOOKED_UP_FOR = 1.0
"""Seconds for which threads that call in a row believe what Redis said of the token; whoever renews
it asks again."""

_local = threading.local()


class SharedTokens:
    """The console's bearer token, encrypted in Redis, one for all workers."""

    def __init__(self, console: Console) -> None:
        self._key = f"token:{console.pk}"
        self._place = f"redis:{self._key}:{console.api_url}:{console.client_id}"
        self._own = MemoryTokenStore()
        self._looked_up: tuple[float, Token] | None = None
        """What Redis said, and until when its word is good."""

    def get(self) -> Token | None:
        """The token that some worker fetched, or None."""
        known = self._looked_up
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        server = connection()
        if server is None:
            return self._own.get()
        try:
            encrypted = server.get(self._key)
            if not isinstance(encrypted, bytes):
                return None
            told = encryption.decrypt_json(encrypted.decode(), associated_data=self._place)
            token = Token.from_json(told)
            self._looked_up = (time.monotonic() + LOOKED_UP_FOR, token)
            return token
        except (redis.RedisError, encryption.DecryptionError, ValueError):
            return self._own.get()

    def put(self, token: Token) -> None:
        """Keep a token for the others, no longer than it lives."""
        self._looked_up = None
        self._own.put(token)
        server = connection()
        if server is None:
            return
        try:
            seconds = max(1, int((token.expires_at - timezone.now()).total_seconds()))
            encrypted = encryption.encrypt_json(token.to_json(), associated_data=self._place)
            server.set(self._key, encrypted, ex=seconds)
        except redis.RedisError:
            logger.warning("token not shared key=%s", self._key)

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Held by the one worker that fetches a new token."""
        server = connection()
        if server is None:
            with self._own.renewing():
                yield
            return
        name = f"{self._key}:renewing"
        lock = server.lock(name, timeout=LOCKED_FOR, blocking_timeout=30)
        taken = False
        try:
            if int(server.pttl(name)) > LOCKED_FOR * 1000:  # since the clock was set back
                server.pexpire(name, LOCKED_FOR * 1000)
            taken = lock.acquire()
        except redis.RedisError:
            logger.warning("token lock not available key=%s", self._key)
        try:
            with self._own.renewing():
                self._looked_up = None
                yield
        finally:
            if taken:
                try:
                    lock.release()
                except redis.RedisError:
                    logger.warning("token lock lost key=%s", self._key)


class RetiredConsoleError(PermanentError):
    """Nothing is asked of a console that is not in use any more."""


class UndecidedConsoleError(PacedError):
    """Not sent: the settings name another pair, and whether it is this console is not decided."""


def secret_of(console: Console) -> str:
    """The client secret in clear; only a worker's client is given it.

    The settings' secret goes to the settings' address and to no other: an old console's work
    must not carry a new secret to an old host.
    """
    if console.retired_at is not None:
        raise RetiredConsoleError("console", reason="this console is no longer in use")
    if not console.is_from_environment:
        return decrypted_secret(console)
    if console.undecided_since is not None or not changes.is_in_settings(console):
        raise UndecidedConsoleError(
            "console", reason="the settings name another address or client id", retry_after=15
        )
    return settings.CYCLR_CLIENT_SECRET


def decrypted_secret(console: Console) -> str:
    """A secret that is kept here; one that the migration could not open stands as it was."""
    try:
        return encryption.decrypt(
            console.encrypted_client_secret, associated_data=console.associated_data
        )
    except encryption.DecryptionError:
        return encryption.decrypt(
            console.encrypted_client_secret, associated_data=console.former_associated_data
        )


def client(console: Console, priority: str = INTERACTIVE) -> Client:
    """This thread's client for the console; made once, its connections are kept."""
    secret = secret_of(console)  # also refuses a console that is not in use any more
    return _client_at(console, secret, priority)


def client_of_change(change: ConsoleChange) -> Client:
    """A client for what the settings name now, to see whose accounts are there."""
    there = Console(
        pk=change.console_id,
        api_url=change.api_url,
        client_id=change.client_id,
        is_from_environment=True,
    )
    if not changes.is_in_settings(there):
        raise UndecidedConsoleError("console", reason="the settings changed again", retry_after=15)
    return _client_at(there, settings.CYCLR_CLIENT_SECRET, BACKGROUND)


def _client_at(console: Console, secret: str, priority: str) -> Client:
    made: dict[tuple[object, ...], Client] = _local.__dict__.setdefault("clients", {})
    rate = console.rate_limit and console.calls_per_second
    pair = (console.api_url, console.client_id, encryption.fingerprint(secret))
    key = (console.pk, *pair, console.is_from_environment, priority, rate)
    if key not in made:
        made[key] = Client(
            console.api_url,
            client_id=console.client_id,
            client_secret=secret,
            tokens=SharedTokens(console),
            pacing=SharedPacing(console.pk, priority, rate),
            page_sizes=SharedPageSizes(console.api_url),
            timeouts=_timeouts(),
            resolve=None if console.is_from_environment else addresses.resolve,
        )
        for prepare in on_new_client:
            prepare(made[key])
    return made[key]


def _timeouts() -> Timeouts:
    return Timeouts(
        connect=settings.CYCLR_TIMEOUT_CONNECT,
        read=settings.CYCLR_TIMEOUT_READ,
        total=settings.CYCLR_TIMEOUT_TOTAL,
    )


def trial_client(api_url: str, client_id: str, client_secret: str) -> Client:
    """A client for credentials that are only tried: it shares no token and no connection.

    It asks once, for somebody waits to read what is wrong with what they typed.
    """
    made = Client(
        api_url,
        client_id=client_id,
        client_secret=client_secret,
        retries=Retries(attempts=1),
        timeouts=_timeouts(),
        resolve=addresses.resolve,
    )
    for prepare in on_new_client:
        prepare(made)
    return made


def forget_clients() -> None:
    """Make this thread's clients anew when they are next asked for."""
    _local.__dict__.pop("clients", None)


@contextmanager
def asking(console: Console, priority: str = INTERACTIVE) -> Iterator[Client]:
    """The client, for a few calls; how they went is noted as the console's health."""
    try:
        yield client(console, priority)
    except CyclrError as error:
        note(console, error)
        raise
    else:
        note(console, None)


def note(console: Console, error: CyclrError | None) -> None:
    """Note how a call went. A refusal is an answer; being paced says nothing.

    What a third party said through an installed connector is an answer of Cyclr's as well; its
    silence may be either's.
    """
    if error is not None and error.through is not None:
        if error.status is not None:
            record_answer(console)
        return
    match error:
        case PacedError() | RateLimitedError() | RetiredConsoleError():
            return
        case AccountRefusedError():
            record_answer(console)  # one account is unknown there; the credentials are good
        case CredentialsRefusedError():
            record_trouble(console, CREDENTIALS_REFUSED, error)
        case TemporaryError() | OutcomeUnknownError():
            record_trouble(console, trouble_message(error), error)
        case _:
            record_answer(console)


def trouble_message(error: CyclrError) -> str:
    """Why Cyclr could not be asked, for a banner."""
    if isinstance(error, UnreadableError):
        return "Cyclr’s answers cannot be read."
    if error.status:
        return f"Cyclr answers with an error ({error.status})."
    return "Cyclr does not answer."


def record_trouble(console: Console, message: str, error: CyclrError) -> None:
    """Remember a failure: the banner on every page, until Cyclr answers again.

    One is enough: the client has asked several times before it gives up.
    """
    moment = timezone.now()
    rows = Console.objects.filter(pk=console.pk)
    rows.filter(failing_since=None).update(failing_since=moment)
    rows.update(failures=F("failures") + 1, trouble=message)
    rows.filter(trouble_since=None).update(trouble_since=F("failing_since"))
    logger.warning(
        "cyclr trouble console=%d call=%s status=%s", console.pk, error.call, error.status
    )


def record_answer(console: Console) -> None:
    """Remember that Cyclr answered; written at most every few seconds."""
    moment = timezone.now()
    rows = Console.objects.filter(pk=console.pk)
    is_recent = console.answered_at and moment - console.answered_at < timedelta(seconds=5)
    if is_recent and not rows.filter(failures__gt=0).exists():
        return
    rows.update(answered_at=moment, failures=0, failing_since=None, trouble_since=None, trouble="")
    console.answered_at = moment
