"""A small threaded HTTP/1.1 server for one WSGI application, with keep-alive.

Written here rather than taken from the standard library because it hands on the path as it was
sent, is quick enough for load tests, and can break a connection in the ways the faults ask for.
"""

import contextlib
import io
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Iterable
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from cyclr_api.simulator.app import LARGEST_BODY, WAIT
from cyclr_api.simulator.faults import BrokenConnectionError, NoAnswerError, NotConnectedError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

LARGEST_HEAD = 65536
IDLE_SECONDS = 75
HOLD_SECONDS = 120
"""How long a connection is held on which nothing is ever answered."""

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
            except OSError:
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(IDLE_SECONDS)
            threading.Thread(
                target=self._serve, args=(connection, str(address[0])), daemon=True
            ).start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        with connection, connection.makefile("rb") as incoming:
            try:
                while self._one(connection, incoming, peer):
                    pass
            except NoAnswerError:
                self._hold(connection)
            except NotConnectedError:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            except BadRequestError as error:
                answer = (
                    f"HTTP/1.1 {error.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                with contextlib.suppress(OSError):
                    connection.sendall(answer.encode())
            except (BrokenConnectionError, OSError):
                pass  # hung up, by us or by them

    def _hold(self, connection: socket.socket) -> None:
        """Keep the connection open until the caller gives up."""
        connection.settimeout(HOLD_SECONDS)
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass

    def _one(self, connection: socket.socket, incoming: io.BufferedReader, peer: str) -> bool:
        """Read one request and answer it; whether another may follow."""
        line = incoming.readline(LARGEST_HEAD)
        if not line.strip():
            return bool(line)
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
        lines = [f"HTTP/1.1 {status}", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {_one_line(value)}" for name, value in headers]
        lines += [f"Connection: {'keep-alive' if keep else 'close'}", "", ""]
        head = "\r\n".join(lines).encode("latin-1", "replace")
        promised = next((int(v) for n, v in headers if n.lower() == "content-length"), 0)
        if isinstance(pieces, list):
            body = b"".join(pieces)
            connection.sendall(head + body if len(body) < LARGEST_HEAD else head)
            if len(body) >= LARGEST_HEAD:
                connection.sendall(body)
            return keep and (len(body) == promised or method == "HEAD")
        connection.sendall(head)
        sent = 0
        for piece in pieces:
            connection.sendall(piece)
            sent += len(piece)
        return keep and (sent == promised or method == "HEAD")

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise NoAnswerError


def _environ(line: bytes, incoming: io.BufferedReader, peer: str) -> "WSGIEnvironment":
    """The request line and the headers as WSGI has them, with the path as it was sent."""
    parts = line.decode("latin-1").split()
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
        "CONTENT_LENGTH": "0",
        "wsgi.url_scheme": "http",
    }
    taken = len(line)
    while True:
        header = incoming.readline(LARGEST_HEAD)
        taken += len(header)
        if taken > LARGEST_HEAD:
            raise BadRequestError("431 Request Header Fields Too Large")
        if header in (b"\r\n", b"\n", b""):
            break
        name, colon, value = header.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequestError("400 Bad Request")
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"
        environ[key] = value.strip()
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise BadRequestError("411 Length Required")
    length = environ["CONTENT_LENGTH"]
    if not (length.isascii() and length.isdigit()):
        raise BadRequestError("400 Bad Request")
    if len(length) > 12 or int(length) > LARGEST_BODY:
        raise BadRequestError("413 Content Too Large")
    return environ


def _keeps_alive(environ: "WSGIEnvironment") -> bool:
    wish = str(environ.get("HTTP_CONNECTION", "")).lower()
    is_old = environ["SERVER_PROTOCOL"] == "HTTP/1.0"
    return wish == "keep-alive" if is_old else wish != "close"


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")
