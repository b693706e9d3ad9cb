"""A client's connection: its requests on their way in, its answers on their way out."""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import TConn

from dashboard.web_requests import Incoming

TAKE_ALL_WITHIN = 120.0
"""Seconds in which a client takes its answer, or so much of one as waits in memory."""
MOST_UNSENT = 2**21
"""Bytes that wait in memory; for more the thread waits."""
AT_ONCE = 2**16
"""Bytes read at once."""


class Outbox:
    """Takes a thread's answer as a socket would; what the client does not take at once waits."""

    def __init__(self, wire: socket.socket) -> None:
        self.wire, self.unsent = wire, bytearray()

    def sendall(self, data: bytes) -> None:
        self.unsent += data
        if len(self.unsent) > MOST_UNSENT:
            self.wire.settimeout(TAKE_ALL_WITHIN)
            try:
                self.wire.sendall(self.unsent)
            except TimeoutError:
                raise ConnectionResetError(errno.ECONNRESET, "too slow") from None
            self.wire.setblocking(False)
            self.unsent.clear()

    def flush(self) -> bool:
        """Send what is taken now; False if nothing will be any more."""
        try:
            while self.unsent:
                del self.unsent[: self.wire.send(self.unsent)]
        except BlockingIOError:
            return True
        except OSError:
            self.unsent.clear()
            return False
        return True

    def gettimeout(self) -> float:
        return 0.0

    def nothing(self, *_: object) -> None:
        """Timeouts and the end are the main loop's."""

    setblocking = settimeout = shutdown = close = nothing


class Connection(TConn):  # type: ignore[misc]  # gunicorn is not typed
    """A client's connection. `timeout` is when it is cut, unless a thread has it."""

    def __init__(self, cfg: Any, wire: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, wire, client, server)
        self.wire, self.sock = wire, Outbox(wire)
        self.parser, self.initialized = Incoming(cfg, client), True
        self.is_idle, self.keeps, self.ends_at = False, False, 0.0

    def close(self, graceful: bool = False) -> None:
        """At once; what was not taken would stay with the system for minutes otherwise."""
        if self.sock.unsent:
            self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        util.close(self.wire)

    def receive(self) -> bool:
        """Take what has come; False when there will be no more."""
        try:
            data = self.wire.recv(AT_ONCE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.parser.arrived.bytes += data
        return bool(data)

    def say_continue(self) -> None:
        """To a client that waits to hear whether its body is wanted."""
        if self.parser.wants_continue:
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.sock.flush()
