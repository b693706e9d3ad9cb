"""The web server as `./run` starts it: whoever is slow waits alone, and nobody is turned away."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dashboard.common.request_size import MOST_BYTES
from tests.support.proc import children_of
from tests.support.services import free_port
from tests.support.web_app import LONG

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]
SLOW = 200
"""Many times as many as the server has threads."""


def until(is_so: Callable[[], Any], within: float = 60) -> Any:
    """What `is_so` answers as soon as it is true."""
    last = time.monotonic() + within
    while not (answer := is_so()):
        assert time.monotonic() < last, "waited in vain"
        time.sleep(0.02)
    return answer


class WebServer:
    """gunicorn with our settings before `tests.support.web_app`."""

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        bind = ("--bind", f"127.0.0.1:{self.port}")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *bind, "tests.support.web_app"],
            cwd=ROOT,
            env={**os.environ, **environment},
        )
        until(lambda: len(self.workers) == 2 and self.answers())

    @property
    def workers(self) -> set[int]:
        return set(children_of(self.process.pid))

    def connect(self, **options: int) -> socket.socket:
        wire = socket.socket()
        for name, value in options.items():
            wire.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        wire.settimeout(60)
        wire.connect(("127.0.0.1", self.port))
        return wire

    def send(self, text: str | bytes, **options: int) -> socket.socket:
        """A connection on which that was sent, and nothing more."""
        wire = self.connect(**options)
        wire.sendall(text.encode() if isinstance(text, str) else text)
        return wire

    def ask(
        self,
        path: str = "/",
        wire: http.client.HTTPConnection | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """What the application saw; raises when there is no answer."""
        one = wire or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        one.request("GET", path, headers=headers or {})
        answer = one.getresponse()
        seen: dict[str, Any] = json.loads(answer.read())
        if wire is None:
            one.close()
        return seen

    def answers(self) -> bool:
        try:
            return bool(self.ask())
        except OSError:
            return False

    def stop(self) -> None:
        for pid in self.workers:
            _signal(pid, signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    one = WebServer()
    yield one
    one.stop()


@pytest.fixture
def start() -> Iterator[Callable[..., WebServer]]:
    """Servers with deadlines, or troubles, of their own."""
    started: list[WebServer] = []

    def begin(**environment: str) -> WebServer:
        started.append(WebServer(**environment))
        return started[-1]

    yield begin
    for one in started:
        one.stop()


GET = "GET / HTTP/1.1\r\nHost: desk\r\n"
POST = "POST / HTTP/1.1\r\nHost: desk\r\n"
CHUNKED = f"{POST}Transfer-Encoding: chunked\r\n\r\n"
IN_THE_MIDDLE = {
    "nothing": "",
    "a head that does not end": GET,
    "a body that does not come": f"{POST}Content-Length: 9\r\n\r\nx",
    "a chunk that does not come": f"{CHUNKED}5\r\nab",
    "chunks that do not end": f"{CHUNKED}1\r\na\r\n",
}
LONG_ANSWERS = 3 * "GET /long HTTP/1.1\r\nHost: desk\r\n\r\n"


@pytest.mark.parametrize("sent", IN_THE_MIDDLE.values(), ids=IN_THE_MIDDLE)
def test_others_are_served_beside_clients_that_stay_in_the_middle(
    server: WebServer, sent: str
) -> None:
    wires = [server.send(sent) for _ in range(SLOW)]

    assert all(server.ask()["PATH_INFO"] == "/" for _ in range(20))

    for wire in wires:
        wire.close()


def test_others_are_served_beside_clients_that_do_not_read(server: WebServer) -> None:
    wires = [server.send(LONG_ANSWERS, SO_RCVBUF=2048) for _ in range(40)]

    assert all(server.ask()["PATH_INFO"] == "/" for _ in range(20))

    for wire in wires:
        wire.close()


def test_others_are_served_beside_clients_that_do_not_read_long_answers(
    server: WebServer,
) -> None:
    wires = [
        server.send("GET /longer HTTP/1.1\r\nHost: x\r\n\r\n", SO_RCVBUF=2048) for _ in range(10)
    ]

    assert all(server.ask()["PATH_INFO"] == "/" for _ in range(20))

    for wire in wires:
        wire.close()


def end_of(wire: socket.socket) -> bytes:
    """What the server sends until it closes the connection."""
    received = b""
    with wire, contextlib.suppress(ConnectionResetError):
        while more := wire.recv(2**16):
            received += more
    return received


@pytest.mark.parametrize("sent", IN_THE_MIDDLE.values(), ids=IN_THE_MIDDLE)
def test_whoever_stays_in_the_middle_is_cut(start: Callable[..., WebServer], sent: str) -> None:
    server = start(TEST_HEAD_WITHIN="0.5", TEST_BODY_WITHIN="0.5")

    assert end_of(server.send(sent)) == b""


def test_a_file_is_sent_whole(server: WebServer) -> None:
    wire = server.send("GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    body = end_of(wire).partition(b"\r\n\r\n")[2]
    assert body == (ROOT / "tests" / "support" / "web_app.py").read_bytes()


def test_whoever_does_not_read_is_cut(start: Callable[..., WebServer]) -> None:
    server = start(TEST_TAKE_WITHIN="0.5")
    wire = server.send(LONG_ANSWERS, SO_RCVBUF=2048)

    until(lambda: has_ended(wire))

    assert len(end_of(wire)) < 3 * LONG


def has_ended(wire: socket.socket) -> bool:
    """Whether the connection was reset, without reading from it."""
    poll = select.poll()
    poll.register(wire, 0)
    return bool(poll.poll(0))


def test_who_sends_slowly_but_in_time_is_answered(server: WebServer) -> None:
    wire = server.connect()
    for byte in f"{POST}Content-Length: 3\r\nConnection: close\r\n\r\nabc":
        wire.sendall(byte.encode())

    assert b'"body": "abc"' in end_of(wire)


def test_answers_to_requests_sent_in_one_go_come_in_order(server: WebServer) -> None:
    numbers = [f"GET /{number} HTTP/1.1\r\nHost: desk\r\n" for number in range(20)]
    sent = "\r\n".join([*numbers[:10], "GET /long HTTP/1.1\r\nHost: desk\r\n", *numbers[10:]])

    said = end_of(server.send(f"{sent}Connection: close\r\n\r\n", SO_RCVBUF=2048))

    before, after = (
        [int(number) for number in re.findall(rb'"PATH_INFO": "/(\d+)"', part)]
        for part in said.split(b"x" * LONG)
    )
    assert (before, after) == (list(range(10)), list(range(10, 20)))


def test_a_kept_connection_serves_request_after_request(server: WebServer) -> None:
    wire = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    wire.connect()
    socket_before = wire.sock

    paths = [server.ask(f"/{number}", wire)["PATH_INFO"] for number in range(5)]

    assert paths == ["/0", "/1", "/2", "/3", "/4"]
    assert wire.sock is socket_before
    wire.close()


def test_requests_sent_in_one_go_are_all_answered(server: WebServer) -> None:
    last = f"{GET}Connection: close\r\n\r\n"
    with_body = f"{POST}Content-Length: 3\r\n\r\nabc"

    said = end_of(server.send(f"{with_body}{GET}\r\n{with_body}{last}"))

    assert said.count(b"HTTP/1.1 200 OK") == 4
    assert said.count(b'"body": "abc"') == 2


def test_a_body_that_nobody_read_is_not_taken_for_a_request(server: WebServer) -> None:
    unread = f"POST /unread HTTP/1.1\r\nHost: desk\r\nContent-Length: 200000\r\n\r\n{'x' * 200000}"

    said = end_of(server.send(f"{unread}{GET}Connection: close\r\n\r\n"))

    assert said.count(b"HTTP/1.1 200 OK") == 2


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(server: WebServer) -> None:
    wire = server.send(
        f"{POST}Content-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    assert wire.recv(2**16) == b"HTTP/1.1 100 Continue\r\n\r\n"

    wire.sendall(b"abc")

    assert b'"body": "abc"' in end_of(wire)


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        ("0\r\n\r\n", ""),
        ("3\r\nabc\r\n2;name=value\r\n\r\n\r\n0\r\n\r\n", "abc\r\n"),
        ("A\r\n0123456789\r\n000\r\nTrailer: of no use\r\n\r\n", "0123456789"),
        ("1\r\nx\r\n" * 5000 + "0\r\n\r\n", "x" * 5000),
    ],
)
def test_a_body_in_chunks_arrives_whole_with_its_length(
    server: WebServer, chunks: str, body: str
) -> None:
    said = json.loads(end_of(server.send(CHUNKED + chunks)).partition(b"\r\n\r\n")[2])

    assert (said["body"], said["CONTENT_LENGTH"]) == (body, str(len(body)))
    assert "HTTP_TRANSFER_ENCODING" not in said


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"{CHUNKED}x\r\n", 400),
        (f"{CHUNKED}-1\r\n", 400),
        (f"{CHUNKED}A \r\n0123456789\r\n", 400),
        (f"{CHUNKED}3\r\nabcdef", 400),
        (f"{CHUNKED}{'1' * 9000}", 400),
        (f"{POST}Content-Length: x\r\n\r\n", 400),
        (f"{POST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (f"GET /{'x' * 5000} HTTP/1.1\r\n\r\n", 414),
        (GET + "X: y\r\n" * 20000, 431),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(server: WebServer, sent: str, status: int) -> None:
    assert end_of(server.send(sent)).startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize(
    "sent",
    [
        f"{POST}Content-Length: {MOST_BYTES + 1}\r\n\r\n",
        f"{POST}Content-Length: {320 * 10**6}\r\nExpect: 100-continue\r\n\r\n",
        f"{CHUNKED}{MOST_BYTES + 1:x}\r\n",
        f"{CHUNKED}{'100000' + chr(13) + chr(10) + 'x' * 2**20 + chr(13) + chr(10)}" + "200000\r\n",
    ],
    ids=["said", "asked before", "one chunk", "chunks"],
)
def test_too_large_a_body_is_answered_before_it_is_read(server: WebServer, sent: str) -> None:
    wire = server.send(sent)

    status, _, rest = wire.recv(2**16).partition(b"\r\n")

    said = json.loads(rest.partition(b"\r\n\r\n")[2])
    wire.close()
    assert status == b"HTTP/1.1 200 OK"  # ours, which looks at the length, answers 413
    assert int(said["CONTENT_LENGTH"]) > MOST_BYTES
    assert said["body"] == ""


def test_who_sends_too_much_hears_the_answer(server: WebServer) -> None:
    wire = server.send(f"{POST}Content-Length: {20 * 10**6}\r\n\r\n")
    for _ in range(20):
        wire.sendall(b"x" * 10**6)

    assert end_of(wire).startswith(b"HTTP/1.1 200 OK")


def test_no_header_moves_the_path_or_changes_the_scheme(server: WebServer) -> None:
    # Harmless ones: a server that trusts who is on this machine shows them to the application.
    said = server.ask("/c/x", headers={"PATH_INFO": "/elsewhere", "X-Forwarded-Proto": "https"})

    assert (said["PATH_INFO"], said["SCRIPT_NAME"]) == ("/c/x", "")
    assert "HTTP_PATH_INFO" not in said
    assert said["wsgi.url_scheme"] == "http"


def test_no_request_fails_when_a_worker_is_ended_under_load(
    start: Callable[..., WebServer],
) -> None:
    server = start()
    before, failed, served, is_over = server.workers, [], [], threading.Event()

    def ask(keeps: bool) -> None:
        wire = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while not is_over.is_set():
            try:
                served.append(server.ask(wire=wire if keeps else None)["pid"])
            except (OSError, http.client.HTTPException) as error:
                failed.append(repr(error))
                wire.close()
        wire.close()

    def has_served(pid: int) -> bool:
        return pid in served

    def is_replaced(pid: int) -> bool:
        return pid not in server.workers and len(server.workers) == 2

    clients = [threading.Thread(target=ask, args=[number % 2 == 0]) for number in range(8)]
    for client in clients:
        client.start()
    for pid in before:
        until(partial(has_served, pid))
        os.kill(pid, signal.SIGTERM)
        until(partial(is_replaced, pid))
        served.clear()
        until(lambda: len(set(served)) == 2)
    is_over.set()
    for client in clients:
        client.join()

    assert not failed
    assert not before & server.workers


def test_new_clients_are_served_beside_a_frozen_worker(start: Callable[..., WebServer]) -> None:
    server = start()
    frozen, other = server.workers
    os.kill(frozen, signal.SIGSTOP)

    assert {server.ask()["pid"] for _ in range(40)} == {other}


def test_a_frozen_worker_is_replaced(start: Callable[..., WebServer]) -> None:
    server = start(GUNICORN_CMD_ARGS="--timeout 2")
    frozen, other = server.workers

    os.kill(frozen, signal.SIGSTOP)

    until(lambda: frozen not in server.workers and len(server.workers) == 2)
    assert other in server.workers


def test_a_worker_that_freezes_before_it_serves_is_replaced(
    start: Callable[..., WebServer],
) -> None:
    server = start(GUNICORN_CMD_ARGS="--timeout 2", TEST_FIRST_FREEZES="1")
    (frozen,) = server.workers - {server.ask()["pid"]}

    until(lambda: frozen not in server.workers and len(server.workers) == 2)


def test_when_connections_run_out_the_slow_make_room(start: Callable[..., WebServer]) -> None:
    server = start(GUNICORN_CMD_ARGS="--worker-connections 20")
    wires = [server.send(GET) for _ in range(SLOW)]

    assert all(server.ask()["PATH_INFO"] == "/" for _ in range(20))

    for wire in wires:
        wire.close()


def test_a_wrong_number_of_processes_is_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dashboard.web", "--bind", "127.0.0.1:1"],
        cwd=ROOT,
        env={**os.environ, "WEB_CONCURRENCY": "x"},
        capture_output=True,
        text=True,
        check=False,
    )

    sentence = "ImproperlyConfigured: WEB_CONCURRENCY is 'x': give a number from 1 to 64.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)
