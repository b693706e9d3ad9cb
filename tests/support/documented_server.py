"""The documented Cyclr as a server on loopback, for dashboards that are processes of their own."""

from __future__ import annotations

import contextlib
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import requests

from tests.support.documented_cyclr import CLIENT_ID, CLIENT_SECRET, DocumentedCyclr
from tests.support.waiting import CEILING


class DocumentedServer:
    """One state, asked by one request at a time; what it was asked stands in `cyclr`.

    With `held` set the answer to each step of the story (an account, an install, an activation)
    is kept back, until `wait_for_step` has told of it and `answer` lets it go.
    """

    def __init__(self) -> None:
        self.cyclr = DocumentedCyclr()
        self.held = False
        self._done: queue.Queue[str] = queue.Queue()
        self._may_answer = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.cyclr.service = self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def settings(self) -> dict[str, str]:
        """What a dashboard is started with."""
        return {
            "CYCLR_API_URL": self.url,
            "CYCLR_SERVICE_URL": self.url,
            "CYCLR_CLIENT_ID": CLIENT_ID,
            "CYCLR_CLIENT_SECRET": CLIENT_SECRET,
        }

    def __enter__(self) -> DocumentedServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.held = False
        self._may_answer.release(100)
        self._server.shutdown()
        self._server.server_close()

    def wait_for_step(self) -> str:
        """Until a step was done and its answer is kept back: “POST /v1.0/accounts”."""
        return self._done.get(timeout=CEILING)

    def answer(self) -> None:
        """Let the oldest answer go."""
        self._may_answer.release()

    def _answer(self, method: str, path: str, headers: Any, body: bytes) -> requests.Response:
        """What the state says."""
        request = requests.Request(method, f"{self.url}{path}", dict(headers), data=body).prepare()
        # A path is as it was sent: `prepare` writes some signs in another way.
        request.url = f"{self.url}{path}"
        with self._lock:
            answer = self.cyclr.send(request)
        plain = path.partition("?")[0]
        is_step = plain.endswith(("/accounts", "/install", "/activate")) and method != "GET"
        if self.held and is_step:
            self._done.put(f"{method} {plain}")
            self._may_answer.acquire(timeout=CEILING)
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        """What `http.server` makes for each connection."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = server._answer(self.command, self.path, self.headers, body)
                content = answer.content
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # whoever asked was killed
                    self.wfile.write(content)

            do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 (http.server's names)

            def do_GET(self) -> None:  # noqa: N802
                if not self.path.startswith("/connectorauth/"):
                    self.handle_any()
                    return
                with server._lock:
                    back = server.cyclr.consent(f"{server.url}{self.path}")
                self.send_response(302)
                self.send_header("Location", back)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Nobody reads it."""

        return Handler
