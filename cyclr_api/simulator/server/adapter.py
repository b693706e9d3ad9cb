"""`mount`: a requests session whose calls to Cyclr go into the WSGI application, without a socket.

What a network does, this does too: a refused connection, a dropped one, a time-out, a body that
ends early arrive as the exceptions that requests raises for them. Nobody really waits out a
time-out: a wait longer than the caller's patience fails at once. Only who is held waits really,
since somebody else's thread may release it.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)
from urllib3.util import Timeout

from cyclr_api.simulator.server.app import PATIENCE, WAIT, application
from cyclr_api.simulator.state.fault import (
    BrokenConnectionError,
    NoAnswerError,
    NotConnectedError,
    Unreachable,
)
from cyclr_api.simulator.state.state import CyclrState

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def mount(state: CyclrState, session: requests.Session) -> None:
    """Let a session's calls to the state's three addresses end in the state."""
    adapter = StateAdapter(state)
    for address in (state.api_url, state.service_url, state.provider_url):
        session.mount(address.rstrip("/") + "/", adapter)


class StateAdapter(HTTPAdapter):
    def __init__(self, state: CyclrState) -> None:
        super().__init__()
        self._state = state
        self._app = application(state)

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        patience = _read_timeout(timeout)
        environ = _environ(request)
        environ[WAIT] = _Waiter(self._state, patience)
        environ[PATIENCE] = patience
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Any:
            started.append((status, headers))

        try:
            body = self._app(environ, start_response)
        except BrokenConnectionError as broken:
            raise _as_requests_raises(broken, request, patience) from None
        status, headers = started[0]
        code, _, reason = status.partition(" ")
        pool = HTTPConnectionPool(environ["SERVER_NAME"], int(environ["SERVER_PORT"]))
        response = HTTPResponse(
            body=_Stream(body),
            headers=HTTPHeaderDict(headers),
            status=int(code),
            reason=reason,
            preload_content=False,
            decode_content=False,
            request_method=request.method,
            enforce_content_length=True,
            pool=pool,
        )
        return self.build_response(request, response)


class _Waiter:
    """Waits as long as the caller does."""

    def __init__(self, state: CyclrState, patience: float | None) -> None:
        self._state, self._patience = state, patience

    def __call__(self, seconds: float) -> None:
        if self._patience is not None and seconds >= self._patience:
            raise TimeoutError
        self._state.sleep(seconds)


class _Stream(io.RawIOBase):
    """A WSGI body as the file that urllib3 reads from."""

    def __init__(self, body: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces: Iterator[bytes] = iter(body)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count

    def read1(self, size: int = -1, /) -> bytes:
        """What is there, at most `size`; waits for one piece only."""
        return super().read(65536 if size < 0 else size) or b""

    def read(self, size: int | None = -1, /) -> bytes:
        """All that was asked for, as a buffered socket gives it, or less at the end."""
        wanted = -1 if size is None or size < 0 else size
        pieces: list[bytes] = []
        have = 0
        while wanted < 0 or have < wanted:
            piece = super().read(65536 if wanted < 0 else wanted - have)
            if not piece:
                break
            pieces.append(piece)
            have += len(piece)
        return b"".join(pieces)


def _environ(request: requests.PreparedRequest) -> "WSGIEnvironment":
    parts = urlsplit(request.url or "")
    body = _body(request.body)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path, _, query = request.path_url.partition("?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method or "GET",
        "RAW_URI": request.path_url,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "HTTP_HOST": parts.netloc.rpartition("@")[2],
    }
    for name, value in request.headers.items():
        # http.client sends text as Latin-1 and refuses what does not fit.
        raw = _header(value)
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        environ[key] = raw.decode("latin-1")
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _header(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("latin-1")


def _body(given: Any) -> bytes:
    """A request's body, whatever requests lets it be: bytes, text, or pieces of either."""
    if isinstance(given, str):
        return given.encode()
    if isinstance(given, bytes):
        return given
    return b"".join(_body(piece) for piece in given or ())


def _read_timeout(timeout: Any) -> float | None:
    """The seconds of silence that the caller bears."""
    if isinstance(timeout, Timeout):
        value = timeout.read_timeout
    elif isinstance(timeout, tuple):
        value = timeout[1]
    else:
        value = timeout
    return float(value) if isinstance(value, int | float) else None


def _as_requests_raises(
    broken: BrokenConnectionError, request: requests.PreparedRequest, patience: float | None
) -> requests.RequestException:
    parts = urlsplit(request.url or "")
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    pool = HTTPConnectionPool(host, port)
    url = request.path_url
    if isinstance(broken, NotConnectedError):
        return _never_connected(broken.how, pool, url, request)
    if isinstance(broken, NoAnswerError):
        silence = ReadTimeoutError(pool, url, f"Read timed out. (read timeout={patience})")
        return requests.ReadTimeout(silence, request=request)
    hung_up = RemoteDisconnected("Remote end closed connection without response")
    return requests.ConnectionError(ProtocolError("Connection aborted.", hung_up), request=request)


def _never_connected(
    how: Unreachable, pool: HTTPConnectionPool, url: str, request: requests.PreparedRequest
) -> requests.RequestException:
    connection = HTTPConnection(pool.host, pool.port)
    if how == "reset":
        reset = ConnectionResetError(104, "Connection reset by peer")
        return requests.ConnectionError(
            ProtocolError("Connection aborted.", reset), request=request
        )
    if how == "timeout":
        slow = ConnectTimeoutError(connection, f"Connection to {pool.host} timed out.")
        return requests.ConnectTimeout(MaxRetryError(pool, url, slow), request=request)
    if how == "dns":
        unknown = NameResolutionError(pool.host, connection, OSError(-2, "Name not known"))  # type: ignore[arg-type]
        return requests.ConnectionError(MaxRetryError(pool, url, unknown), request=request)
    refused = NewConnectionError(
        connection, "Failed to establish a new connection: [Errno 111] Connection refused"
    )
    return requests.ConnectionError(MaxRetryError(pool, url, refused), request=request)
