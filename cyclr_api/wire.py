"""The connection to Cyclr, with two things that requests lacks.

A deadline for the whole exchange: its timeout is per read, so a server that sends a byte a
second is never cut. And the knowledge whether any byte of a request was handed to the
network: its ConnectionError means "refused" as well as "reset after the install was done".

Both travel in an `Attempt` that the transport puts into the current context.
"""

import http.client
import io
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError

CONNECTIONS = 64
"""Connections kept open per host: as many threads may share one client without new ones."""


Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of a host to connect to, in turn, one at least, instead of those that its name
has. It raises `HostNotAllowedError`, or `socket.gaierror` where there are none."""


class HostNotAllowedError(OSError):
    """The host application does not let this host be asked."""


@dataclass(slots=True)
class Attempt:
    """One request on its way. `deadline` is a `time.monotonic()`."""

    deadline: float
    resolve: Resolve | None = None
    is_watched: bool = False
    """Whether the connections of this module carry it: only then is `is_sent` known."""
    is_sent: bool = False

    def remaining(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.deadline - time.monotonic()


_current: ContextVar[Attempt | None] = ContextVar("cyclr_api_attempt", default=None)


@contextmanager
def under_way(attempt: Attempt) -> Iterator[None]:
    """Let connections used in this block know of `attempt`."""
    token = _current.set(attempt)
    try:
        yield
    finally:
        _current.reset(token)


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket; no read waits past the deadline."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        self._sock = sock
        self._attempt = attempt
        self._read_timeout = sock.gettimeout()
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._attempt.remaining()
        if remaining <= 0:
            raise TimeoutError("The whole exchange took too long")
        timeout = self._read_timeout
        self._sock.settimeout(remaining if timeout is None else min(timeout, remaining))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _WatchedSocket:
    """What http.client's response needs of a socket: a file to read."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        self._sock = sock
        self._attempt = attempt

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._sock, self._attempt))


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        attempt = _current.get()
        watched: Any = sock if attempt is None else _WatchedSocket(sock, attempt)
        super().__init__(watched, *args, **kwargs)


class _ResolvedConnection(HTTPConnection):
    """Connects to what the attempt's `resolve` lets pass, and to nothing that a name becomes later.

    TLS and the Host header keep to the name.
    """

    def _new_conn(self) -> socket.socket:
        attempt = _current.get()
        if attempt is None or attempt.resolve is None:
            return super()._new_conn()
        name = self.host
        try:
            *others, last = attempt.resolve(name, self.port or self.default_port or 0)
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from error
        try:
            for address in others:
                self.host = address
                with suppress(ConnectTimeoutError):  # refused ones too
                    return super()._new_conn()
            self.host = last
            return super()._new_conn()
        finally:
            self.host = name


class _Connection(_ResolvedConnection):
    response_class = _Response

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        _note_sent()
        super().send(data)


class _SecureConnection(_ResolvedConnection, HTTPSConnection):
    response_class = _Response

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        _note_sent()
        super().send(data)


def _note_sent() -> None:
    attempt = _current.get()
    if attempt is not None:
        attempt.is_sent = True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class WatchedAdapter(HTTPAdapter):
    """A requests adapter whose connections know the current `Attempt`. Never repeats by itself."""

    def __init__(self, connections: int = CONNECTIONS) -> None:
        super().__init__(pool_connections=4, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        attempt = _current.get()
        if attempt is not None:
            attempt.is_watched = True
        return super().send(*args, **kwargs)


def prepare_session(
    session: requests.Session | None, connections: int = CONNECTIONS
) -> requests.Session:
    """A session whose stock adapters are watched ones; adapters mounted by others stay.

    ValueError if the session does not verify TLS, or is to keep no connection.
    """
    if connections < 1:
        raise ValueError("connections must be above zero")
    session = session or requests.Session()
    if session.verify is False:
        raise ValueError("The session must verify TLS: name the authority's file instead")
    session.trust_env = False
    for prefix, adapter in list(session.adapters.items()):
        if type(adapter) is HTTPAdapter:
            session.mount(prefix, WatchedAdapter(connections))
    return session
