"""The web server's worker: gunicorn keeps the processes, in each of them waitress serves.

waitress's main loop reads a request until it is whole before a thread answers, and sends what
clients take slowly. It knows no deadlines, which are here: `docs/decisions/0002-web-server.md`.
"""

from __future__ import annotations

import os
import resource
import socket
import struct
import time
from contextlib import suppress
from math import inf
from typing import Any

from gunicorn.workers.base import Worker as Process
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import BaseWSGIServer, create_server
from waitress.utilities import BadRequest, RequestEntityTooLarge
from waitress.wasyncore import poll2

from dashboard.common.request_size import MOST_BYTES

HEAD_WITHIN, BODY_WITHIN = 10.0, 30.0
"""Seconds for a request's head, from its first byte or the connection's start; for its body."""
TAKE_WITHIN, TAKE_ALL_WITHIN = 10.0, 120.0
"""Seconds in which a client takes something of its answer; in which it takes all of it."""
LINGER = 2.0
"""Seconds for a client to close after us: what it still sends would cut off the answer."""
MOST_HEAD, LONGEST_LINE, MOST_HELD = 2**16, 4094, 2**26
"""Bytes of a head; of a line; of all bodies on their way into one process."""
SEND_AT = 2**14
"""Bytes that are sent before a thread is done."""


class LineTooLong(BadRequest):  # type: ignore[misc]  # waitress is not typed
    code, reason = 414, "URI Too Long"


class Request(HTTPRequestParser):  # type: ignore[misc]
    """On its way in; the application hears of one that is too large at once, by its length."""

    is_too_large = expect_continue = False
    body_rcv: Any
    error: Any

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.began = time.monotonic()

    def received(self, data: bytes) -> int:
        had_head = self.headers_finished
        consumed: int = super().received(data)
        if self.headers_finished and not had_head:
            self.began = time.monotonic()
        chunks = self.body_rcv if self.chunked else None
        said = len(chunks) + chunks.chunk_remainder if chunks is not None else 0
        if isinstance(self.error, RequestEntityTooLarge) or said > MOST_BYTES:
            self.is_too_large = self.completed = True
            length = max(self.content_length, MOST_BYTES + 1)
            self.headers |= {"CONTENT_LENGTH": str(length), "CONNECTION": "close"}
            self.error = self.body_rcv = None
        elif chunks is not None and len(chunks.control_line) > LONGEST_LINE:
            self.error, self.completed = BadRequest("a long line between chunks"), True
        if self.error:
            self.version = "1.1"
        if self.chunked:
            self.headers["CONNECTION"] = "close"
        self.expect_continue = self.expect_continue and not self.completed
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        if header_plus.find(b"\r\n") > LONGEST_LINE:
            self.error, self.completed = LineTooLong("The address is too long."), True
            return
        super().parse_header(header_plus)
        if "," in self.headers.get("HOST", ""):
            raise ParsingError("Host is said twice")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("the length is said twice")


class Channel(HTTPChannel):  # type: ignore[misc]
    """A client's connection."""

    parser_class = Request
    has_answered = will_close = False
    requests: list[Request]
    patience = LINGER
    lingers_until: float | None = None

    def __init__(self, *args: Any, **more: Any) -> None:
        self.began = self.last_taken = time.monotonic()
        self.later: list[Request] = []
        super().__init__(*args, **more)

    @property
    def held(self) -> int:
        """Bytes of a body on its way."""
        return self.request.body_bytes_received if self.request else 0

    @property
    def is_collecting(self) -> bool:
        """Whether a thread has said too little for a packet."""
        return bool(self.requests) and self.total_outbufs_len < SEND_AT

    def late_at(self) -> float:
        """When it is to be cut."""
        if self.lingers_until is not None:
            return self.lingers_until
        if self.is_collecting:
            return inf
        if self.total_outbufs_len:
            return min(self.last_taken + TAKE_WITHIN, self.began + TAKE_ALL_WITHIN)
        if (request := self.request) is not None:
            return float(request.began + (BODY_WITHIN if request.headers_finished else HEAD_WITHIN))
        patience = self.server.worker.cfg.keepalive if self.has_answered else HEAD_WITHIN
        return float(min(self.last_taken + patience, self.server.worker.idle_until))

    def write_soon(self, data: bytes) -> Any:
        if not self.total_outbufs_len:
            self.began = self.last_taken = time.monotonic()
        return super().write_soon(data)

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent: int = super().send(data, do_close)
        if sent:
            self.last_taken, self.has_answered = time.monotonic(), True
        return sent

    def service(self) -> None:
        """In a thread."""
        request = self.requests[0]
        if self.total_outbufs_len:  # who does not take the answer before gets no thread
            self.later, self.requests = self.requests, []
            return self.server.pull_trigger()  # type: ignore[no-any-return]
        if not self.server.worker.alive:
            request.headers["CONNECTION"] = "close"
        self.patience = BODY_WITHIN if getattr(request, "is_too_large", False) else LINGER
        return super().service()  # type: ignore[no-any-return]

    def readable(self) -> bool:
        return self.lingers_until is not None or bool(super().readable())

    def writable(self) -> bool:
        if self.later and not self.total_outbufs_len:
            self.later, self.requests = [], self.later
            self.server.add_task(self)
        return self.will_close or bool(not self.is_collecting and super().writable())

    def received(self, data: bytes) -> bool:
        return self.lingers_until is None and bool(super().received(data))

    def handle_close(self) -> None:
        """First our half alone, when all was said."""
        if not self.will_close or self.lingers_until is not None:
            return super().handle_close()  # type: ignore[no-any-return]
        self.will_close, self.lingers_until = False, time.monotonic() + self.patience
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        return None

    def cut(self) -> None:
        """At once; what was not taken would stay with the system for minutes otherwise."""
        if self.total_outbufs_len:
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        super().handle_close()


class Worker(Process):  # type: ignore[misc]  # gunicorn is not typed
    """One of gunicorn's processes."""

    idle_until, look_at = inf, 0.0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.notify()  # or gunicorn waits for ever for one that hangs before it first serves

    def run(self) -> None:
        self.channels: dict[int, Channel] = {}
        self.map: dict[int, Any] = {}
        self.most = min(
            self.cfg.worker_connections, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 64
        )
        create_server(
            self.wsgi,
            map=self.map,
            sockets=[one.sock for one in self.sockets],
            backlog=self.cfg.backlog,
            threads=self.cfg.threads,
            connection_limit=self.most + 16,
            max_request_header_size=MOST_HEAD,
            max_request_body_size=MOST_BYTES + 1,
            inbuf_overflow=2 * MOST_BYTES,
            recv_bytes=2**16,
            send_bytes=SEND_AT,
            channel_timeout=10**9,  # ours are above
            clear_untrusted_proxy_headers=False,  # Django's settings say whom we trust
            ident=None,
        )
        listeners = [one for one in self.map.values() if isinstance(one, BaseWSGIServer)]
        for one in listeners:
            one.channel_class, one.active_channels, one.worker = Channel, self.channels, self
        while self.alive and self.ppid == os.getppid():
            self.turn()
        for one in listeners:
            one.accepting = False
        self.idle_until = time.monotonic() + LINGER
        ends_at = time.monotonic() + self.cfg.graceful_timeout
        while self.channels and time.monotonic() < ends_at:
            self.turn()

    def turn(self) -> None:
        """Serve who is ready; cut who is late, or would be next when there is no room."""
        self.notify()
        poll2(0.5, self.map)
        now, many = time.monotonic(), len(self.channels)
        if now < self.look_at and many < self.most:
            return
        self.look_at = now + 0.2
        held = sum(one.held for one in self.channels.values())
        for one in sorted(self.channels.values(), key=Channel.late_at):
            is_full = many >= self.most or (one.held and held > MOST_HELD)
            if one.late_at() <= now or (is_full and one.late_at() < inf):
                many, held = many - 1, held - one.held
                one.cut()
