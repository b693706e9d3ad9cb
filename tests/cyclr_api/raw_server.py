"""A server that misbehaves on the socket: what the simulator, which speaks HTTP, cannot do."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from cyclr_api import Client, Retries, Timeouts
from tests.support.waiting import CEILING, wait_until

TOKEN = "e57a" * 16
SECRET = "client-secret-canary"

Play = Callable[[socket.socket], None]
"""Answers one request on its connection."""


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, bytes]
    body: bytes


@dataclass
class RawServer:
    """Plays `script`, one entry per request and the last for ever, to what is no token request.

    The token endpoint plays `token_script` and then hands out TOKEN.
    """

    script: list[Play]
    token_script: list[Play] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def conversation(self) -> Iterator[None]:
        """Counted as open for as long."""
        with self._lock:
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1

    def wait_until_closed(self) -> None:
        """Until every connection so far was closed from here."""
        wait_until(lambda: self._open == 0, "for connections to be closed")

    @property
    def calls(self) -> list[Request]:
        """The requests without those to the token endpoint."""
        return [request for request in self.requests if request.target != "/oauth/token"]

    @property
    def token_calls(self) -> list[Request]:
        return [request for request in self.requests if request.target == "/oauth/token"]

    def play(self, request: Request) -> Play:
        if request.target == "/oauth/token":
            return self.token_script.pop(0) if self.token_script else reply(200, token())
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


def token(value: str = TOKEN, **more: object) -> dict[str, object]:
    return {"access_token": value, "token_type": "bearer", "expires_in": 1209599, **more}


def reply(status: int, value: object = None, *, headers: str = "", keep: bool = False) -> Play:
    """A whole, honest answer: see `answer_of`."""
    return raw(answer_of(status, value, headers=headers, keep=keep))


def dumps(value: object) -> bytes:
    return json.dumps(value).encode()


def raw(data: bytes) -> Play:
    return lambda connection: connection.sendall(data)


def together(*answers: bytes) -> Play:
    """Answers that leave in one piece, so that all have arrived when the first is read."""
    return raw(b"".join(answers))


def answer_of(status: int, value: object = None, *, headers: str = "", keep: bool = False) -> bytes:
    """The bytes of a whole, honest answer. `value`: JSON, or the body's bytes; None: no body."""
    body = value if isinstance(value, bytes) else b"" if value is None else dumps(value)
    end = "" if keep else "Connection: close\r\n"
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{end}{headers}\r\n"
    return head.encode() + body


def reset(connection: socket.socket) -> None:
    """Break the connection as a crashed server does."""
    linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.close()


def hang(connection: socket.socket) -> None:
    """Never answer; ends when the client goes away."""
    with suppress(OSError):
        connection.recv(1)


def drip(head: bytes, each: float = 0.02) -> Play:
    """Send `head`, then a byte at a time for ever."""

    def play(connection: socket.socket) -> None:
        connection.sendall(head)
        with suppress(OSError):
            while True:
                time.sleep(each)
                connection.sendall(b"1")

    return play


def after(seconds: float, play: Play) -> Play:
    def later(connection: socket.socket) -> None:
        time.sleep(seconds)
        play(connection)

    return later


@contextmanager
def serve(*script: Play, context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """A RawServer on a free loopback port, over TLS if there is a `context`."""
    server = RawServer(list(script))
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    threading.Thread(target=_accept, args=(listener, server, context), daemon=True).start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, server: RawServer, context: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(
                target=_converse, args=(connection, server, context), daemon=True
            ).start()


def _converse(connection: socket.socket, server: RawServer, context: ssl.SSLContext | None) -> None:
    with server.conversation(), suppress(OSError), connection:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as incoming:
            request = _read(incoming.readline, incoming.read)
            if request is not None:
                server.requests.append(request)
                server.play(request)(connection)


def _read(readline: Callable[[], bytes], read: Callable[[int], bytes]) -> Request | None:
    first = readline().split()
    if len(first) != 3:
        return None
    headers: dict[str, bytes] = {}
    while (line := readline().rstrip(b"\r\n")) != b"":
        name, _, value = line.partition(b":")
        headers[name.decode("latin-1").lower()] = value.strip(b" ")
    body = read(int(headers.get("content-length", b"0")))
    return Request(first[0].decode("latin-1"), first[1].decode("latin-1"), headers, body)


def client_of(
    server: RawServer,
    *,
    read: float = CEILING,
    total: float = CEILING,
    attempts: int = 3,
    max_bytes: int = 1024 * 1024,
    **more: object,
) -> Client:
    """A client whose repeats follow at once; a test in which no answer comes sets short limits."""
    return Client(
        f"http://127.0.0.1:{server.port}",
        client_id="desk",
        client_secret=SECRET,
        timeouts=Timeouts(connect=CEILING, read=read, total=total),
        retries=Retries(attempts=attempts, first=0.0),
        max_bytes=max_bytes,
        **more,  # type: ignore[arg-type]
    )
