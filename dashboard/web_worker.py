"""The web server's worker: gunicorn's threads, which are given nothing but whole requests.

gunicorn's own `gthread` worker reads and answers in a thread, so whoever sends or reads slowly
holds one. Here the main loop reads, within deadlines, what a thread then handles at once, and
sends what a client was too slow to take: `docs/decisions/0002-web-server.md`.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from dashboard.web_connection import AT_ONCE, TAKE_ALL_WITHIN, Connection

HEAD_WITHIN, BODY_WITHIN = 10.0, 30.0
"""Seconds for a request's head, from its first byte or the connection's start; for its body."""
TAKE_WITHIN = 10.0
"""Seconds in which a client takes something of its answer."""
LINGER = 2.0
"""Seconds for a client to close after us: what it still sends would cut off the answer."""
MOST_HELD = 2**26
"""Bytes of all requests on their way in; when it is more, only small ones may go on."""


class Worker(ThreadWorker):  # type: ignore[misc]
    """See above. Its base keeps the threads, the signals and the end."""

    def init_process(self) -> None:
        self.waiting: dict[Connection, int] = {}  # each with the bytes it holds
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """A new connection: wait for its first request."""
        try:
            wire, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:  # no file descriptor is left
            return self.make_room()
        self.nr_conns += 1
        one = Connection(self.cfg, wire, client, listener.getsockname())
        return self.wait_for(one, HEAD_WITHIN, self.on_readable)

    def wait_for(self, one: Connection, seconds: float, then: Any, event: int = EVENT_READ) -> None:
        """Watch the connection; cut it after so long."""
        one.timeout = time.monotonic() + seconds
        self.waiting[one] = one.parser.held
        self.poller.register(one.wire, event, partial(then, one))

    def leave(self, one: Connection) -> None:
        del self.waiting[one]
        self.poller.unregister(one.wire)

    def cut(self, one: Connection) -> None:
        """Close what is waited for."""
        self.leave(one)
        self.nr_conns -= 1
        one.close()

    def on_readable(self, one: Connection, wire: socket.socket) -> None:
        """Read on; a whole request goes to a thread."""
        if not one.receive():
            return self.cut(one)
        if one.is_idle:
            one.is_idle, one.timeout = False, time.monotonic() + HEAD_WITHIN
        return self.look_at(one)

    def look_at(self, one: Connection) -> None:
        had_head = one.parser.found is not None
        if one.parser.is_whole():
            self.leave(one)
            return self.enqueue_req(one)  # type: ignore[no-any-return]
        self.waiting[one] = one.parser.held
        if one.parser.found is not None and not had_head:
            one.timeout = time.monotonic() + BODY_WITHIN
            one.say_continue()
        if self.waiting[one] > AT_ONCE and sum(self.waiting.values()) > MOST_HELD:
            self.cut(one)
        return None

    def handle(self, conn: Connection) -> bool:
        """In a thread: answer, and send what the client takes at once."""
        keeps = super().handle(conn)
        return conn.sock.flush() and bool(keeps)

    def finish_request(self, conn: Connection, fs: Future[bool]) -> None:
        """A thread is done: send the rest, then wait for the next request or the end."""
        conn.keeps = not fs.cancelled() and fs.exception() is None and fs.result()
        if not conn.sock.unsent:
            return self.go_on(conn)
        conn.ends_at = time.monotonic() + TAKE_ALL_WITHIN
        return self.wait_for(conn, TAKE_WITHIN, self.on_writable, EVENT_WRITE)

    def on_writable(self, one: Connection, wire: socket.socket) -> None:
        """Send on."""
        if not one.sock.flush():
            return self.cut(one)
        one.timeout = min(one.ends_at, time.monotonic() + TAKE_WITHIN)
        if not one.sock.unsent:
            self.leave(one)
            self.go_on(one)
        return None

    def go_on(self, one: Connection) -> None:
        if one.keeps:
            one.parser.begin()
            one.is_idle = not one.parser.held
            patience = self.cfg.keepalive if self.alive else LINGER
            self.wait_for(one, patience if one.is_idle else HEAD_WITHIN, self.on_readable)
            return self.look_at(one)
        with suppress(OSError):
            one.wire.shutdown(socket.SHUT_WR)
        patience = BODY_WITHIN if one.parser.is_refused else LINGER
        return self.wait_for(one, patience, self.on_lingering)

    def on_lingering(self, one: Connection, wire: socket.socket) -> None:
        """Pass over what comes after the answer."""
        if not one.receive():
            self.cut(one)
        one.parser.arrived.bytes.clear()

    def murder_pending(self) -> None:
        """Cut who is late."""
        now = time.monotonic()
        for one in [one for one in self.waiting if one.timeout <= now]:
            self.cut(one)
        if self.nr_conns >= self.worker_connections:
            self.make_room()

    def make_room(self) -> None:
        """Connections run out: cut a tenth of them, those that would be late next."""
        soonest = sorted(self.waiting, key=lambda one: float(one.timeout))
        for one in soonest[: len(soonest) // 10 + 1]:
            self.cut(one)

    def _cap_keepalive(self, deadline: float) -> None:
        for one in self.waiting:
            if one.is_idle:
                one.timeout = min(one.timeout, deadline)
