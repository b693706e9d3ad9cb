"""Rubbish to every operation of the client: it ends in time, as a value or as one of our errors."""

from __future__ import annotations

import gzip
import io
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from cyclr_api import (
    Client,
    CyclrError,
    MemoryTokenStore,
    OutcomeUnknownError,
    PermanentError,
    RateLimitedError,
    Retries,
    TemporaryError,
    Token,
    UnreachableError,
)
from tests.cyclr_api.documents import KEYS, bodies, documents, examples
from tests.cyclr_api.operations import Operation, operations
from tests.cyclr_api.raw_server import (
    TOKEN,
    Play,
    RawServer,
    after,
    client_of,
    drip,
    hang,
    raw,
    reply,
    reset,
    serve,
)
from tests.support.waiting import CEILING, wait_until

ALL = operations()
BY_NAME = {operation.name: operation for operation in ALL}

SENT_BUT_NO_WRITES = {
    # With `is_read`, for methods that change nothing at the third party.
    "client.account().connector().call with everything",
    "client.account().connector().call_with_body with everything",
    "client.account().connector().test with everything",
    # Looking up, by POST.
    "client.account().connector().run_trigger",
    "client.account().step().look_up_fields",
    "client.account().step().parameters.look_up",
    # Making a token too many does no harm; with credentials to install they are writes.
    "client.account().launch",
    "client.account().marketplace",
    "client.account().orbit",
    "client.account().sign_in_token",
    "client.users.launch",
    "client.users.marketplace",
    "client.users.orbit",
    # The same user and the same password again.
    "client.account().users.add",
    "client.users.set_password",
}
"""What goes out by another method than GET and yet may be asked again after a lost answer."""


def good_token() -> MemoryTokenStore:
    """A store whose token is good for a while, so that nobody asks for one."""
    store = MemoryTokenStore()
    store.put(Token.from_answer({"access_token": TOKEN, "expires_in": 99999}))
    return store


class Canned(HTTPAdapter):
    """Answers every request of a session with the same thing, without a socket."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        super().__init__()
        self.status, self.body, self.answer_headers = status, body, headers
        self.methods: list[str] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        token = json.dumps({"access_token": TOKEN}).encode()
        is_token = (request.url or "").endswith("/oauth/token")
        if not is_token:
            self.methods.append(request.method or "")
        raw_answer = HTTPResponse(
            body=io.BytesIO(token if is_token else self.body),
            status=200 if is_token else self.status,
            headers=HTTPHeaderDict({} if is_token else self.answer_headers),
            preload_content=False,
            decode_content=False,
        )
        return self.build_response(request, raw_answer)


def canned_client(canned: Canned) -> Client:
    session = requests.Session()
    session.mount("https://", canned)
    return Client(
        "https://cyclr.test",
        client_id="desk",
        client_secret="client-secret",
        retries=Retries(attempts=2, first=0),
        tokens=good_token(),
        session=session,
    )


def failure(operation: Operation, client: Client) -> CyclrError | None:
    """The operation's error; None if it returned. Any other exception is a failed test."""
    try:
        operation(client)
    except CyclrError as error:
        str(error), repr(error)
        return error
    return None


def assert_honest(operation: Operation, error: CyclrError | None, methods: list[str]) -> None:
    """A write that was sent and not plainly refused is of unknown outcome, and was sent once."""
    writes = [method for method in methods if method != "GET"]
    if not writes or operation.name in SENT_BUT_NO_WRITES:
        assert not isinstance(error, OutcomeUnknownError), operation
        return
    is_refused = isinstance(error, PermanentError | RateLimitedError)
    if is_refused and error is not None:
        assert 400 <= (error.status or 0) < 500 and error.status not in (408, 425), operation
    else:
        assert error is None or isinstance(error, OutcomeUnknownError), operation
    assert len(writes) == 1 or error is not None and error.status == 401, operation


# ---- answers of every kind, without a socket ----


def test_every_operation_is_found_and_asks_for_something() -> None:
    silent = []
    for operation in ALL:
        canned = Canned(500, b"", {})
        failure(operation, canned_client(canned))
        if not canned.methods:
            silent.append(operation.name)

    assert "client.account().connectors.install with everything" in BY_NAME
    assert "client.accounts.readable" in BY_NAME
    # What is asked for with nothing to change asks for nothing.
    assert [name for name in silent if f"{name} with everything" not in BY_NAME] == []


@pytest.mark.parametrize("operation", ALL, ids=repr)
def test_trouble_at_cyclr_leaves_every_write_unknown_and_no_read(operation: Operation) -> None:
    canned = Canned(503, b'{"Message": "down"}', {})
    error = failure(operation, canned_client(canned))

    if canned.methods:
        is_write = canned.methods[-1] != "GET" and operation.name not in SENT_BUT_NO_WRITES
        assert isinstance(error, OutcomeUnknownError if is_write else UnreachableError)
        assert_honest(operation, error, canned.methods)


anything = st.one_of([documents(keys) for keys in KEYS.values()])
answers = st.one_of(
    st.builds(lambda value: json.dumps(value).encode(), anything),
    st.builds(lambda value: json.dumps([value, value]).encode(), anything),
    bodies,
    st.just(b""),
)
statuses = st.one_of(
    st.sampled_from([200, 200, 200, 201, 204]), st.integers(100, 599), st.integers(600, 999)
)
odd_headers = st.dictionaries(
    st.sampled_from(
        [
            *("Retry-After", "Date", "Content-Type", "Content-Encoding", "Content-Length"),
            *("Location", "Set-Cookie", "Transfer-Encoding", "Total-Pages", "WWW-Authenticate"),
        ]
    ),
    st.sampled_from(
        ["", "0", "-1", "x" * 500, "gzip", "a=b; Domain=.test", "chunked", "1;charset="]
    )
    | st.text(st.characters(codec="latin-1"), max_size=12),
    max_size=3,
)


@pytest.mark.parametrize("operation", ALL, ids=repr)
@examples(0.05)
@given(status=statuses, body=answers, headers=odd_headers)
def test_any_answer_to_any_operation_is_a_value_or_an_error_of_ours(
    operation: Operation, status: int, body: bytes, headers: dict[str, str]
) -> None:
    canned = Canned(status, body, headers)
    error = failure(operation, canned_client(canned))

    assert_honest(operation, error, canned.methods)
    if error is None and not 200 <= status < 300 and canned.methods:
        assert status == 404 and operation.name.endswith(("named", "named with everything"))


# ---- answers on the wire ----


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def sized(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return http(body, f"Content-Length: {len(body)}", *headers, status=status)


def chunked(*chunks: bytes) -> bytes:
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return http(framed, "Transfer-Encoding: chunked")


GOOD = json.dumps({"Id": 7, "Name": "CRM", "Padding": "x" * 2000}).encode()
PACKED = gzip.compress(GOOD)
BOMB = gzip.compress(b" " * 20_000_000)

WIRE: dict[str, bytes] = {
    "nothing": b"",
    "a line": b"hello\r\n\r\n",
    "binary": bytes(range(256)) * 4,
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "HTTP/0.9": GOOD,
    "no status": b"HTTP/1.1\r\n\r\n" + GOOD,
    "a status of letters": http(GOOD, status="OK 200"),
    "a status of thousands of digits": http(GOOD, status="2" * 5000),
    "a negative status": http(GOOD, status="-200 X"),
    "a status line without an end": b"HTTP/1.1 200 " + b"x" * 200_000,
    "a header without an end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    "many headers": http(GOOD, *[f"X-{n}: y" for n in range(5000)]),
    "many 100s": b"HTTP/1.1 100 Continue\r\n\r\n" * 2000,
    "switching protocols": http(b"", "Upgrade: h2c", status="101 Switching"),
    "early hints for ever": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 50,
    "shorter than announced": http(GOOD[:-1], f"Content-Length: {len(GOOD)}"),
    "longer than announced": http(GOOD, f"Content-Length: {len(GOOD) - 5}"),
    "a length of letters": http(GOOD[:-1], "Content-Length: many"),
    "two lengths": http(GOOD, "Content-Length: 5", f"Content-Length: {len(GOOD)}"),
    "a negative length": http(GOOD[:-1], "Content-Length: -5"),
    "a length of thousands of digits": http(GOOD[:-1], "Content-Length: " + "9" * 5000),
    "garbage for chunks": http(b"zz\r\nno\r\n", "Transfer-Encoding: chunked"),
    "a negative chunk": http(b"-5\r\n" + GOOD, "Transfer-Encoding: chunked"),
    "a huge chunk": http(b"f" * 300 + b"\r\n" + GOOD, "Transfer-Encoding: chunked"),
    "a chunk without an end": http(b"f" * 200_000, "Transfer-Encoding: chunked"),
    "chunks without an end": chunked(GOOD),
    "half of the chunks": chunked(GOOD[:500], GOOD[500:900]),
    "truncated gzip": sized(PACKED[:40], "Content-Encoding: gzip"),
    "gzip of another kind": sized(zlib.compress(GOOD)[3:], "Content-Encoding: gzip"),
    "gzip that is none": sized(b"{}", "Content-Encoding: gzip"),
    "a bomb": sized(BOMB, "Content-Encoding: gzip"),
    "a bomb in a bomb": sized(gzip.compress(BOMB), "Content-Encoding: gzip, gzip"),
    "ever so many encodings": sized(PACKED, "Content-Encoding: " + ", ".join(["gzip"] * 500)),
    "an unknown encoding": sized(b"\x1b\x00", "Content-Encoding: br"),
    "half a document": sized(GOOD[:-30]),
    "two documents": sized(GOOD + GOOD),
    "deep": sized(b"[" * 100_000),
    "deep to its end": sized(b'{"Id":' * 100_000 + b"1" + b"}" * 100_000),
    "a number of thousands of digits": sized(b'{"Id": ' + b"9" * 5000 + b"}"),
    "no number": sized(b'{"Id": NaN}'),
    "endless": sized(b'{"Id": -Infinity}'),
    "NUL": sized(b'{"Id": 1, "Name": "a\x00b"}'),
    "NULs": sized(b"\x00" * 1000),
    "UTF-16": sized(
        GOOD.decode().encode("utf-16"), "Content-Type: application/json; charset=utf-16"
    ),
    "UTF-32": sized(GOOD.decode().encode("utf-32")),
    "Latin-1": sized('{"Id": 1, "Name": "ü"}'.encode("latin-1")),
    "HTML": sized(b"<!doctype html><title>Sign in</title>", "Content-Type: text/html"),
    "XML": sized(b'<?xml version="1.0"?><Account/>'),
    "only a byte order mark": sized(b"\xef\xbb\xbf"),
    "spaces": sized(b" \r\n" * 1000 + b"."),
    "too large": http(b'"' + b"x" * 3_000_000),
    "500 with a bomb": sized(BOMB, "Content-Encoding: gzip", status="500 X"),
    "600": sized(GOOD, status="600 X"),
    "302 to nowhere": http(b"", "Location: http://[", status="302 Found"),
    "304": http(b"", status="304 Not Modified"),
}
"""Reply to a write from which nobody can tell what became of it."""


def several(index: int) -> list[Operation]:
    """Every tenth operation, others each time; together with a plain read and a plain write."""
    always = ("client.account().get", "client.account().connectors.install")
    return [*ALL[index % 10 :: 10], *(BY_NAME[name] for name in always)]


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with serve(reply(500)) as server:
        yield server


def asked(
    server: RawServer, play: Play, operation: Operation, **limits: float
) -> CyclrError | None:
    """What becomes of an operation whose requests are all answered by `play`."""
    server.script = [play]
    server.requests.clear()
    with client_of(server, attempts=2, tokens=good_token(), **limits) as client:  # type: ignore[arg-type]
        error = failure(operation, client)
    assert_honest(operation, error, [request.method for request in server.calls])
    return error


@pytest.mark.parametrize("kind", WIRE)
def test_rubbish_on_the_wire_tells_nothing(server: RawServer, kind: str) -> None:
    for operation in several(list(WIRE).index(kind)):
        started = time.monotonic()
        error = asked(server, raw(WIRE[kind]), operation)

        assert error is not None or not server.calls, operation
        if kind.startswith("30"):
            assert isinstance(error, PermanentError | OutcomeUnknownError | None)
        else:
            assert not isinstance(error, PermanentError) or not server.calls, operation
        assert time.monotonic() - started < CEILING


ODD_SUCCESSES: dict[str, bytes] = {
    "204 with a body": sized(b"not JSON", status="204 No Content"),
    "204": http(b"", status="204 No Content"),
    "205": http(b"", status="205 Reset"),
    "no body": sized(b""),
    "null behind a byte order mark": sized(b"\xef\xbb\xbfnull"),
    "spaces": sized(b" \r\n\t "),
    "no chunk": chunked(b""),
    "ninety 100s first": b"HTTP/1.1 100 Continue\r\n\r\n" * 90 + sized(b"null"),
    "nothing in gzip": sized(gzip.compress(b""), "Content-Encoding: gzip"),
    "garbage behind the gzip": sized(PACKED + b"garbage", "Content-Encoding: gzip"),
    "something": sized(GOOD),
    "an odd cookie": sized(GOOD, "Set-Cookie: \x00=\xff; expires=99999; Domain=\x80"),
    "headers that are none": http(GOOD, "no colon", " : ", "\x00\x01: \xff", ": empty"),
    "an empty list": sized(b"[]"),
    "an empty object": sized(b"{}"),
    "a lone surrogate": sized(b'{"Id": 7, "Name": "\\ud800"}'),
    "a text": sized(b'"text"'),
    "an infinite number": sized(b"1e400"),
}


@pytest.mark.parametrize("kind", ODD_SUCCESSES)
def test_an_odd_success_is_a_value_or_not_understood(server: RawServer, kind: str) -> None:
    for operation in several(list(ODD_SUCCESSES).index(kind)):
        error = asked(server, raw(ODD_SUCCESSES[kind]), operation)

        if server.calls:
            assert error is None or isinstance(error, TemporaryError | OutcomeUnknownError)


@examples(2)
@given(
    operation=st.sampled_from(ALL),
    start=st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]),
    rest=st.binary(max_size=60),
)
def test_any_bytes_to_any_operation_are_an_error_of_ours(
    server: RawServer, operation: Operation, start: bytes, rest: bytes
) -> None:
    asked(server, raw(start + rest), operation)


@examples(2)
@given(
    operation=st.sampled_from(ALL),
    answer=st.sampled_from([answer for answer in WIRE.values() if len(answer) < 9000]),
    at=st.integers(0, 9000),
    length=st.integers(0, 9),
    instead=st.binary(max_size=4),
)
def test_a_spoilt_answer_is_an_error_of_ours(
    server: RawServer, operation: Operation, answer: bytes, at: int, length: int, instead: bytes
) -> None:
    at %= len(answer) + 1
    asked(server, raw(answer[:at] + instead + answer[at + length :]), operation)


def pour(start: bytes, piece: bytes) -> Play:
    """Send `piece` for ever, as fast as it is taken."""

    def play(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(piece * 1000)

    return play


SLOW: dict[str, Play] = {
    "silence": hang,
    "a slow status": drip(b"HTTP/1.1 2"),
    "slow headers": drip(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "a slow body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"),
    "slow chunks": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "slow for ever": drip(b"HTTP/1.1 200 OK\r\n\r\n["),
    "a slow bomb": drip(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + BOMB[:9]),
    "a slow refusal": drip(b"HTTP/1.1 500 X\r\n\r\n"),
    "a late silence": after(0.2, drip(b"HTTP/1.1 200 OK\r\n", each=0.25)),
    "100s for ever": pour(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "spaces for ever": pour(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    "chunks of one byte for ever": pour(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"
    ),
    "trailers for ever": pour(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"
    ),
}


@pytest.mark.parametrize("kind", SLOW)
def test_nothing_takes_longer_than_its_limit(kind: str) -> None:
    def ask(operation: Operation) -> tuple[Operation, float, CyclrError | None, list[str]]:
        with serve(SLOW[kind]) as server:
            client = client_of(server, read=0.3, total=0.4, tokens=good_token())
            started = time.monotonic()
            error = failure(operation, client)
            took = time.monotonic() - started
            if isinstance(error, OutcomeUnknownError):
                wait_until(lambda: server.calls, "for what was sent")
            return operation, took, error, [request.method for request in server.calls]

    with ThreadPoolExecutor(32) as threads:
        for operation, took, error, methods in threads.map(ask, several(list(SLOW).index(kind))):
            assert took < CEILING, operation
            assert error is not None or not methods, operation
            assert_honest(operation, error, methods)


def test_no_operation_follows_a_redirect() -> None:
    with serve(reply(200, {"Id": 1})) as elsewhere:
        where = f"Location: http://127.0.0.1:{elsewhere.port}/v1.0/accounts\r\n"
        with serve(*(reply(status, headers=where) for status in (301, 302, 303, 307))) as server:
            server.script *= len(ALL)
            for operation in ALL:
                error = failure(operation, client_of(server, tokens=good_token()))
                assert isinstance(error, PermanentError | OutcomeUnknownError), operation

        assert elsewhere.requests == []


def test_no_operation_sends_anything_when_there_is_no_connection() -> None:
    with serve(reply(200)) as server:
        pass
    for operation in ALL:
        error = failure(operation, client_of(server, tokens=good_token()))

        assert isinstance(error, UnreachableError | PermanentError), operation
        assert not isinstance(error, PermanentError) or error.status is None


@pytest.mark.parametrize("play", [reset, lambda connection: None])
def test_a_connection_that_breaks_leaves_every_write_unknown(
    server: RawServer, play: Callable[[socket.socket], None]
) -> None:
    for operation in ALL:
        error = asked(server, play, operation)

        assert not server.calls or isinstance(error, UnreachableError | OutcomeUnknownError)
