"""One POST to a webhook: to the address that was looked at, no further, and not for long.

The standard library's client, since it does nothing by itself: no redirects, no proxies from the
environment, no cookies, no second try.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.notifications.addresses import Target, resolve

LIMIT = 10.0
"""Seconds for the whole exchange, from connecting to the answer's status."""
READS_FOR = 2.0
"""Seconds for what an answer says, once its status is there."""
READ_AT_MOST = 2000
"""Octets of it."""
CONNECT_WITHIN = 3.0
"""Seconds for each of the host's addresses: it may have one that is not reached from here."""


class SendingError(Exception):
    """There was no answer; the message says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `said`: the first part of the body, as it came."""

    status: int
    said: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the receiver took it."""
        return 200 <= self.status < 300

    @property
    def message(self) -> str:
        """Why it does not count, in a sentence."""
        if 300 <= self.status < 400:
            return f"It answered with a redirect ({self.status}), which is not followed."
        return f"It answered {self.status}."


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send it once. Raises `SendingError`, and `AddressError` for where the name leads."""
    began = time.monotonic()
    connection = _Connection(target, resolve(target))
    # A timeout of a socket is one of silence: who sends a byte a second would never meet it.
    watch = threading.Timer(LIMIT - (time.monotonic() - began), _cut, [connection])
    watch.daemon = True
    watch.start()
    try:
        connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", target.host_header)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, _said(response))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SendingError(_message(error, time.monotonic() - began)) from None
    finally:
        watch.cancel()
        connection.close()


def _said(response: http.client.HTTPResponse) -> str:
    """The first part of what a receiver says; how it ends, or that it breaks off, is nothing."""
    until, said = time.monotonic() + READS_FOR, b""
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        while len(said) < READ_AT_MOST and time.monotonic() < until:
            piece = response.read1(READ_AT_MOST - len(said))
            if not piece:
                break
            said += piece
    return said.decode("utf-8", "replace")


class _Connection(http.client.HTTPConnection):
    """To the IP addresses that were looked at, in turn; TLS in the name of the host."""

    def __init__(self, target: Target, addresses: Sequence[str]) -> None:
        super().__init__(target.host, target.port, timeout=LIMIT)
        self._target, self._addresses = target, addresses

    def connect(self) -> None:
        """Connect to the first address that answers and check that it is the host."""
        self.sock = self._reached()
        if self._target.is_tls:
            self.sock = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()  # only now: until here nobody could have cut it

    def _reached(self) -> socket.socket:
        *others, last = self._addresses
        for address in others:
            with contextlib.suppress(OSError):
                return self._tried(address)
        return self._tried(last)

    def _tried(self, address: str) -> socket.socket:
        reached = socket.create_connection((address, self._target.port), CONNECT_WITHIN)
        reached.settimeout(LIMIT)
        return reached


def _cut(connection: http.client.HTTPConnection) -> None:
    """End the exchange from outside: whatever it waits for fails at once."""
    held: socket.socket | None = connection.sock
    if held is not None:
        with contextlib.suppress(OSError):  # it may have ended by itself
            held.shutdown(socket.SHUT_RDWR)


def _message(error: Exception, seconds: float) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "Its TLS certificate is not trusted."
    if isinstance(error, TimeoutError) or seconds >= LIMIT:
        return f"It did not answer within {LIMIT:.0f} seconds."
    if isinstance(error, ssl.SSLError):
        return "It does not speak TLS as it should."
    if isinstance(error, ConnectionRefusedError):
        return "It refused the connection."
    if isinstance(error, http.client.HTTPException | ValueError):
        return "It answered something that is not HTTP."
    return "The connection broke."
