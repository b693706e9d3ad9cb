"""A small threaded HTTP/1.1 server for one WSGI application, with keep-alive.

Written here rather than taken from the standard library because it hands on the path as it was
sent, is quick enough for load tests, and can break a connection in the ways the faults ask for.
"""

import contextlib
import io
import re
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cyclr_api.simulator.server.app import LARGEST_BODY, WAIT
from cyclr_api.simulator.state.fault import BrokenConnectionError, NoAnswerError, NotConnectedError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

LARGEST_HEAD = 65536
"""Bytes of a request line, and of all headers together."""

IDLE_SECONDS = 75
HOLD_SECONDS = 120
"""How long a connection is held on which nothing is ever answered."""

LINGER_SECONDS = 1
"""How long a refused caller may go on sending, so that it sees the refusal and no reset."""

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^`|~-]+")
"""The name of a header; without underscores, which WSGI could not tell from dashes."""

BARE = [("X-Content-Type-Options", "nosniff"), ("Content-Length", "0")]

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class BadRequestError(Exception):
    """What arrived is not HTTP that this server understands."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Server:
    """Listens on one address or more; every connection has its own thread."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._listeners: list[socket.socket] = []
        self._stopping = threading.Event()

    def listen(self, host: str, port: int) -> int:
        """Bind, without answering yet; the port, also when it was chosen. OSError when taken."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(512)
        except OSError:
            listener.close()
            raise
        self._listeners.append(listener)
        return int(listener.getsockname()[1])

    def start(self) -> None:
        for listener in self._listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, address = listener.accept()
            except OSError:  # closed, or out of descriptors for a while
                self._stopping.wait(0.05)
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(IDLE_SECONDS)
            threading.Thread(
                target=self._serve, args=(connection, str(address[0])), daemon=True
            ).start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        with (
            contextlib.suppress(BrokenConnectionError, OSError),  # hung up, by us or by them
            connection,
            connection.makefile("rb") as incoming,
        ):
            try:
                while self._one(connection, incoming, peer):
                    pass
            except NoAnswerError:
                self._hold(connection, HOLD_SECONDS)
            except NotConnectedError:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            except BadRequestError as error:
                headers = "Content-Length: 0\r\nConnection: close\r\n"
                connection.sendall(f"HTTP/1.1 {error.status}\r\n{headers}\r\n".encode())
                connection.shutdown(socket.SHUT_WR)
                self._hold(connection, LINGER_SECONDS)

    def _hold(self, connection: socket.socket, seconds: float) -> None:
        """Keep the connection open until the caller gives up."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return

    def _one(self, connection: socket.socket, incoming: io.BufferedReader, peer: str) -> bool:
        """Read one request and answer it; whether another may follow."""
        line = incoming.readline(LARGEST_HEAD)
        if not line.strip():
            return line.endswith(b"\n")
        environ = _environ(line, incoming, peer)
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        size = int(environ["CONTENT_LENGTH"])
        body = incoming.read(size) if size else b""
        if len(body) < size:
            return False
        environ["wsgi.input"] = io.BytesIO(body)
        environ[WAIT] = self._wait
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Any:
            started.append((status, headers))

        try:
            pieces: Iterable[bytes] = self._app(environ, start_response)
        except BrokenConnectionError:
            raise
        except Exception:  # noqa: BLE001 (a bug of ours is a 500, and is shown)
            traceback.print_exc(file=sys.stderr)
            started = [("500 Internal Server Error", BARE)]
            pieces = []
        status, headers = started[0]
        keep = _keeps_alive(environ) and not self._stopping.is_set()
        return self._send(connection, status, headers, pieces, keep, environ["REQUEST_METHOD"])

    def _send(
        self,
        connection: socket.socket,
        status: str,
        headers: list[tuple[str, str]],
        pieces: Iterable[bytes],
        keep: bool,
        method: str,
    ) -> bool:
        lines = [f"HTTP/1.1 {status}"]
        lines += [_one_line(f"{name}: {value}") for name, value in headers]
        lines += [f"Connection: {'keep-alive' if keep else 'close'}", "", ""]
        head = "\r\n".join(lines).encode("latin-1", "replace")
        promised = next((v for n, v in headers if n.lower() == "content-length"), None)
        if isinstance(pieces, list):
            body = b"".join(pieces)
            connection.sendall(head + body if len(body) < LARGEST_HEAD else head)
            if len(body) >= LARGEST_HEAD:
                connection.sendall(body)
            return keep and (str(len(body)) == promised or method == "HEAD")
        connection.sendall(head)
        sent = 0
        for piece in pieces:
            connection.sendall(piece)
            sent += len(piece)
        return keep and (str(sent) == promised or method == "HEAD")

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise NoAnswerError


def _environ(line: bytes, incoming: io.BufferedReader, peer: str) -> "WSGIEnvironment":
    """The request line and the headers as WSGI has them, with the path as it was sent."""
    if len(line) == LARGEST_HEAD and not line.endswith(b"\n"):
        raise BadRequestError("414 URI Too Long")
    parts = [part.decode("latin-1") for part in line.split()]
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError("400 Bad Request")
    method, target, protocol = parts
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "RAW_URI": target,
        "PATH_INFO": target.partition("?")[0],
        "QUERY_STRING": target.partition("?")[2],
        "SERVER_PROTOCOL": protocol,
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        **_headers(incoming),
    }
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise BadRequestError("411 Length Required")
    length = environ.setdefault("CONTENT_LENGTH", "0")
    if not (length.isascii() and length.isdigit()):
        raise BadRequestError("400 Bad Request")
    if len(length) > 12 or int(length) > LARGEST_BODY:
        raise BadRequestError("413 Content Too Large")
    return environ


def _headers(incoming: io.BufferedReader) -> dict[str, str]:
    """The headers as WSGI names them; of one that comes twice, the last."""
    found: dict[str, str] = {}
    left = LARGEST_HEAD
    while True:
        header = incoming.readline(left + 1)
        left -= len(header)
        if left < 0:
            raise BadRequestError("431 Request Header Fields Too Large")
        if header in (b"\r\n", b"\n"):
            return found
        if not header.endswith(b"\n"):
            raise ConnectionAbortedError("the caller hung up in the middle of a request")
        name, colon, value = header.decode("latin-1").partition(":")
        if not colon or not TOKEN.fullmatch(name):
            raise BadRequestError("400 Bad Request")
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"
        # Only these: a UTF-8 letter may end in a byte that Latin-1 calls a space.
        value = value.strip(" \t\r\n")
        if key == "CONTENT_LENGTH" and found.get(key, value) != value:
            raise BadRequestError("400 Bad Request")
        found[key] = value


def _keeps_alive(environ: "WSGIEnvironment") -> bool:
    wishes = [wish.strip() for wish in str(environ.get("HTTP_CONNECTION", "")).lower().split(",")]
    is_old = environ["SERVER_PROTOCOL"] == "HTTP/1.0"
    return "keep-alive" in wishes if is_old else "close" not in wishes


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")
