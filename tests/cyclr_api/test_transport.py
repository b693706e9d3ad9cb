"""The one way out: what the network does, and what the client makes of it."""

from __future__ import annotations

import datetime as dt
import gzip
import logging
import re
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from requests.adapters import HTTPAdapter

from cyclr_api import (
    AccountIdInUseError,
    AddressRefusedError,
    Client,
    ConflictError,
    CredentialsRefusedError,
    CyclrError,
    ForbiddenError,
    NameInUseError,
    NoPacing,
    NotFoundError,
    OutcomeUnknownError,
    PermanentError,
    Property,
    RateLimitedError,
    RedirectedError,
    RefusedError,
    Retries,
    TemporaryError,
    Timeouts,
    UnexpectedAnswerError,
    UnreachableError,
    UnreadableError,
    UnsendableError,
)
from cyclr_api.decoding import as_moment
from cyclr_api.transport import retry_after
from tests.cyclr_api.certificates import make_certificate, server_context
from tests.cyclr_api.raw_server import (
    SECRET,
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
from tests.support.waiting import CEILING

ACCOUNT = {"Id": "a-1", "Name": "Harbour Books"}
INSTALLED = {"Id": 90412, "Name": "CRM"}
KEY = "api-key-canary-5150"
VALUE = "property-canary-8086"


def read(client: Client) -> object:
    return client.account("a-1").get()


def write(client: Client) -> object:
    return client.account("a-1").connectors.install(
        7, name="CRM", auth_value=KEY, properties=[Property("Region", VALUE)]
    )


def change(client: Client) -> object:
    return client.account("a-1").connector(9).update(description="x")


def sign_in(client: Client) -> object:
    return client.account("a-1").sign_in_token("owner@shop.example")


def failure(call: Callable[[Client], object], client: Client) -> CyclrError:
    with client, pytest.raises(CyclrError) as caught:
        call(client)
    return caught.value


BROKEN_ANSWERS: dict[str, Play] = {
    "reset": reset,
    "closed": lambda connection: None,
    "nothing in time": hang,
    "500": reply(500),
    "502 with HTML": reply(502, b"<html>Bad gateway</html>"),
    "503": reply(503, {"Message": "down"}),
    "HTML": reply(200, b"<!doctype html><title>Sign in</title>"),
    "empty": reply(200),
    "cut off in the middle": reply(200, b'{"Id": "a-1", "Na'),
    "shorter than announced": raw(b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"Id":1}'),
    "chunked garbage": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nno"),
    "a negative chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}"),
    "no HTTP": raw(b"hello\r\n\r\n"),
    "not gzip": reply(200, b"{}", headers="Content-Encoding: gzip\r\n"),
    "slow headers": drip(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "slow body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"),
    "slow chunks": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "slow for ever": drip(b"HTTP/1.1 200 OK\r\n\r\n["),
    "another shape": reply(200, [1, 2]),
    "too deep": reply(200, b"[" * 100_000),
    "deep, but whole": reply(200, b'{"Id": 5, "X": ' + b"[" * 1000 + b"]" * 1000 + b"}"),
    "too large a number": reply(200, b"1" * 5000),
    "not a number": reply(200, b'{"Id": NaN}'),
    "too large": reply(200, b'"' + b"x" * 300_000 + b'"'),
    "a bomb": reply(200, gzip.compress(b" " * 50_000_000), headers="Content-Encoding: gzip\r\n"),
    "408": reply(408),
}


@pytest.mark.parametrize("play", BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS.keys())
def test_a_read_that_goes_wrong_is_temporary(play: Play) -> None:
    with serve(play) as server:
        started = time.monotonic()
        error = failure(read, client_of(server, read=0.3, total=0.5, max_bytes=200_000))

    assert isinstance(error, TemporaryError)
    assert time.monotonic() - started < CEILING
    assert error.call == "GET /accounts/{id}"


@pytest.mark.parametrize("play", BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS.keys())
@pytest.mark.parametrize("call", [write, change])
def test_a_write_that_goes_wrong_may_have_happened_and_is_sent_once(
    call: Callable[[Client], object], play: Play
) -> None:
    with serve(play) as server:
        error = failure(call, client_of(server, read=0.3, total=0.4, max_bytes=200_000))

    assert isinstance(error, OutcomeUnknownError)
    assert len(server.calls) == 1


@pytest.mark.parametrize("play", [reset, reply(503), reply(200, b"<html>"), hang])
def test_a_lost_sign_in_token_is_asked_for_once_and_may_be_asked_for_again(play: Play) -> None:
    with serve(play) as server:
        error = failure(sign_in, client_of(server, read=0.3))

    assert isinstance(error, TemporaryError)
    assert len(server.calls) == 1


def test_the_total_limit_holds_for_all_repeats_together() -> None:
    with serve(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")) as server:
        started = time.monotonic()
        failure(read, client_of(server, read=0.3, total=0.6))

    assert 0.5 < time.monotonic() - started < CEILING
    assert len(server.calls) == 1


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n["])
def test_a_silence_is_cut_wherever_it_begins(head: bytes) -> None:
    def fall_silent(connection: socket.socket) -> None:
        connection.sendall(head)
        hang(connection)

    with serve(fall_silent) as server:
        started = time.monotonic()
        error = failure(read, client_of(server, read=0.2, total=2 * CEILING, attempts=1))

    assert "it took too long" in str(error)
    assert time.monotonic() - started < CEILING


def test_connecting_is_cut_at_the_total_limit_too() -> None:
    with full_backlog() as port:
        client = Client(
            f"http://127.0.0.1:{port}",
            client_id="desk",
            client_secret=SECRET,
            timeouts=Timeouts(connect=2 * CEILING, read=5, total=0.3),
        )
        started = time.monotonic()
        error = failure(write, client)

    assert isinstance(error, UnreachableError)
    assert "not sent: connecting took too long" in str(error)
    assert time.monotonic() - started < CEILING


def test_a_silence_is_cut_at_the_total_limit_too() -> None:
    def speak_once(connection: socket.socket) -> None:
        time.sleep(0.4)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        hang(connection)

    with serve(speak_once) as server:
        started = time.monotonic()
        failure(read, client_of(server, read=2 * CEILING, total=0.6))

    assert time.monotonic() - started < CEILING


def test_a_large_answer_is_not_read_to_its_end() -> None:
    sent = 0

    def pour(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n{"Id": "a-1", "Name": "')
        while sent < 50_000_000:
            sent += connection.send(b"x" * 65536)

    with serve(pour) as server:
        error = failure(read, client_of(server, max_bytes=200_000))

    assert isinstance(error, UnexpectedAnswerError)
    assert "larger than 200000 bytes" in str(error)
    assert sent < 20_000_000  # what the sockets' buffers took


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip"])
def test_a_bomb_does_not_go_off(encoding: str) -> None:
    bomb = b'{"Id": "a-1", "Name": "' + b"x" * 100_000_000 + b'"}'
    packed = zlib.compress(bomb) if encoding == "deflate" else gzip.compress(bomb, 1)
    packed = gzip.compress(packed) if encoding == "gzip, gzip" else packed
    del bomb
    with serve(reply(200, packed, headers=f"Content-Encoding: {encoding}\r\n")) as server:
        client = client_of(server, max_bytes=200_000)
        tracemalloc.start()
        error = failure(read, client)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert "larger than 200000 bytes" in str(error)
    assert peak < 5_000_000


@pytest.mark.parametrize("call", [read, write, sign_in])
def test_a_refused_connection_sends_nothing(call: Callable[[Client], object]) -> None:
    with serve(reply(200)) as server:
        pass
    error = failure(call, client_of(server))

    assert isinstance(error, UnreachableError)
    assert server.requests == []


@pytest.mark.parametrize("call", [read, write])
def test_a_write_whose_connection_fails_after_the_token_was_sent_for_is_temporary(
    call: Callable[[Client], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(reply(200, ACCOUNT)) as server:
        client = client_of(server)
        read(client)
        # From here on no new connection is made; those before were closed by the server.
        monkeypatch.setattr(socket.socket, "connect", _refuse)
        error = failure(call, client)

    assert isinstance(error, UnreachableError)
    assert len(server.calls) == 1


def _refuse(sock: socket.socket, address: object) -> None:
    raise ConnectionRefusedError(111, "Connection refused")


def test_an_unknown_host_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    client = Client("https://api.cyclr.invalid", client_id="desk", client_secret=SECRET)

    error = failure(write, client)
    assert isinstance(error, UnreachableError)
    assert str(error) == "POST /oauth/token: not sent: cannot connect"


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port on which further connections hang."""
    with socket.socket() as listener, ExitStack() as fillers:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port


def test_a_connection_that_hangs_is_given_up() -> None:
    with full_backlog() as port:
        client = Client(
            f"http://127.0.0.1:{port}",
            client_id="desk",
            client_secret=SECRET,
            timeouts=Timeouts(connect=0.2, read=0.2, total=0.5),
        )
        error = failure(write, client)

    assert isinstance(error, UnreachableError)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "both.pem")


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    return server_context(certificate)


def secure_client(server: RawServer, session: requests.Session | None = None) -> Client:
    return Client(
        f"https://localhost:{server.port}",
        client_id="desk",
        client_secret=SECRET,
        timeouts=Timeouts(connect=1.0, read=0.5, total=1.0),
        session=session,
    )


def test_an_untrusted_certificate_gets_nothing(tls: ssl.SSLContext) -> None:
    with serve(reply(200, INSTALLED), context=tls) as server:
        error = failure(write, secure_client(server))

    assert isinstance(error, UnreachableError)
    assert "certificate" in str(error)
    assert server.requests == []


def test_a_trusted_certificate_is_good_for_reads_and_writes(
    tls: ssl.SSLContext, certificate: Path
) -> None:
    session = requests.Session()
    session.verify = str(certificate)
    with serve(reply(200, INSTALLED), drip(b"HTTP/1.1 200 OK\r\n"), context=tls) as server:
        client = secure_client(server, session)
        installed = write(client)
        error = failure(write, client)

    assert installed.id == 90412  # type: ignore[attr-defined]
    assert isinstance(error, OutcomeUnknownError)


def test_a_session_that_trusts_everybody_is_refused() -> None:
    session = requests.Session()
    session.verify = False

    with pytest.raises(ValueError, match="TLS"):
        Client("https://api.cyclr.uk", client_id="a", client_secret="b", session=session)


def test_another_adapter_is_cut_between_its_pieces() -> None:
    class Slow(HTTPAdapter):
        def send(self, *args: Any, **options: Any) -> requests.Response:
            answer = requests.Response()
            answer.status_code = 200
            answer.raw = self
            return answer

        def read(self, size: int) -> bytes:
            time.sleep(0.05)
            return b" "

    session = requests.Session()
    session.mount("https://", Slow())
    client = Client(
        "https://api.cyclr.test",
        client_id="desk",
        client_secret=SECRET,
        session=session,
        timeouts=Timeouts(total=0.3),
    )
    started = time.monotonic()

    error = failure(read, client)
    assert type(error) is UnreadableError
    assert str(error).endswith(": the answer took too long (status 200)")
    assert time.monotonic() - started < CEILING


def test_a_redirect_is_not_followed_and_the_token_goes_nowhere() -> None:
    with serve(reply(200, ACCOUNT)) as elsewhere:
        where = f"Location: http://127.0.0.1:{elsewhere.port}/v1.0/accounts\r\n"
        with serve(reply(302, headers=where)) as server:
            read_error = failure(read, client_of(server))
            write_error = failure(write, client_of(server))

    assert isinstance(read_error, RedirectedError)
    assert isinstance(write_error, OutcomeUnknownError)
    assert elsewhere.requests == []


@pytest.mark.parametrize("location", ["http://[bad", "//evil", "\\\\evil", "http://a b/"])
def test_a_senseless_redirect_is_an_error_of_ours(location: str) -> None:
    with serve(reply(307, headers=f"Location: {location}\r\n")) as server:
        assert isinstance(failure(read, client_of(server)), RedirectedError)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RefusedError),
        (422, RefusedError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (409, ConflictError),
        (410, PermanentError),
        (418, PermanentError),
    ],
)
@pytest.mark.parametrize("call", [read, write])
def test_a_refusal_is_permanent_and_asked_for_once(
    call: Callable[[Client], object], status: int, kind: type[CyclrError]
) -> None:
    with serve(reply(status, {"Message": "No."})) as server:
        error = failure(call, client_of(server))

    assert type(error) is kind
    assert (error.status, error.cyclr_message) == (status, "No.")
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, b'{"Message": "Unknown client IP address 192.0.2.7."}', AddressRefusedError),
        (403, b"  unknown client IP address 192.0.2.7 \xff ", AddressRefusedError),
        (403, b'"Not: unknown client IP address"', ForbiddenError),
        (400, b'{"Message": "Unknown client IP address 192.0.2.7."}', RefusedError),
        (400, b'{"Message": "ID already in use"}', AccountIdInUseError),
        (409, b'{"Message": " ID already in use. "}', AccountIdInUseError),
        (404, b'{"Message": "ID already in use"}', NotFoundError),
    ],
)
def test_some_refusals_are_told_apart_by_cyclrs_words(
    status: int, body: bytes, kind: type[CyclrError]
) -> None:
    with serve(reply(status, body)) as server:
        error = failure(write, client_of(server))

    assert type(error) is kind
    assert (error.cyclr_message or "") in body.decode(errors="replace")
    assert error.cyclr_message


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Account connector name 'CRM' is too long."),
        (400, "The token is in use."),
        (403, "Account connector name 'CRM' is in use."),
    ],
)
def test_another_refusal_is_no_name_in_use(status: int, message: str) -> None:
    with serve(reply(status, {"Message": message})) as server:
        error = failure(write, client_of(server))

    assert type(error) is (RefusedError if status == 400 else ForbiddenError)


def test_a_name_in_use_is_told_apart() -> None:
    message = "Account connector name 'CRM' is in use."
    with serve(reply(400, {"Message": message})) as server:
        error = failure(write, client_of(server))

    assert isinstance(error, NameInUseError)
    assert error.cyclr_message == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"Message": "ID already in use"}', "ID already in use"),
        (b'{"message": "small"}', "small"),
        (b'{"Message": "Bad.", "ModelState": {"a": ["one", "two"], "b": "x"}}', "Bad. one two x"),
        (b'{"error": "invalid_client"}', "invalid_client"),
        (b'{"error": "a", "error_description": "b"}', "b"),
        (b'{"ExceptionMessage": "c"}', "c"),
        (b'{"Message": "Bad.", "ModelState": {"a": "xx", "b": [null, "y"]}}', "Bad. xx y"),
        (b'{"ModelState": {"a": ["x"]}}', "x"),
        (b'{"Message": null}', None),
        (b'{"Message": {"a": 1}}', None),
        (b'{"Message": 5}', "5"),
        (b'"bare words"', "bare words"),
        (b'{"Message": "two\\r\\nlines\\u0000"}', "two lines"),
        (b'{"Message": "cut', None),
        (b"", None),
        (b"<html>404</html>", None),
        (b"[1]", None),
        (b"[" * 50_000, None),
        (b"\xff\xfe", None),
    ],
)
def test_cyclrs_words_are_found_or_missed_without_harm(body: bytes, message: str | None) -> None:
    with serve(reply(400, body)) as server:
        error = failure(write, client_of(server))

    assert isinstance(error, RefusedError)
    assert error.cyclr_message == message


@pytest.mark.parametrize(("length", "kept"), [(300, 300), (301, 300)])
def test_a_message_is_kept_to_its_last_character_if_it_fits(length: int, kept: int) -> None:
    with serve(reply(400, {"Message": "x" * length})) as server:
        message = failure(write, client_of(server)).cyclr_message or ""

    assert len(message) == kept
    assert message.endswith("…") is (length > kept)


def test_of_an_errors_body_no_more_is_read_than_a_message_needs() -> None:
    with serve(
        reply(400, {"Message": "x" * 64_000}), reply(400, {"Message": "x" * 200_000})
    ) as server:
        client = client_of(server)

        assert failure(write, client).cyclr_message
        assert failure(write, client).cyclr_message is None


def test_a_long_message_is_cut() -> None:
    with serve(reply(400, {"Message": "x" * 10_000})) as server:
        error = failure(write, client_of(server))

    assert len(error.cyclr_message or "") == 300
    assert len(str(error)) < 500


def test_an_error_whose_body_never_ends_still_has_its_status() -> None:
    with serve(drip(b"HTTP/1.1 404 X\r\nContent-Length: 9999\r\n\r\n")) as server:
        error = failure(write, client_of(server, read=0.3, total=0.4))

    assert isinstance(error, NotFoundError)


def test_no_secret_survives_in_an_error_or_in_what_caused_it() -> None:
    echo = {"Message": f"Bad key {KEY}, value '{VALUE}', token {TOKEN}, secret {SECRET}"}
    plays = [reply(400, echo), reply(500, echo), reset, hang, reply(200, b"<html>" + KEY.encode())]
    for play in plays:
        with serve(play) as server:
            error = failure(write, client_of(server, read=0.2))
        text = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args)
        links = [error.__cause__, error.__context__]
        assert links == [None, None]
        for secret in (KEY, VALUE, TOKEN):
            assert secret not in text
        assert "POST /connectors/{id}/install" in str(error)


def test_the_client_secret_does_not_survive_a_refusal() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        echo = {"error": "invalid_client", "error_description": f"'{SECRET}' is wrong"}
        server.token_script = [reply(400, echo)]
        error = failure(read, client_of(server))

    assert isinstance(error, CredentialsRefusedError)
    assert error.cyclr_message == "'***' is wrong"
    assert error.__context__ is None


def test_logs_hold_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve(reply(503), reply(200, {"Token": "sign-in-canary"})) as server:
        client = client_of(server)
        failure(write, client)
        sign_in(client_of(server))

    assert "cyclr call" in caplog.text
    for secret in (KEY, VALUE, TOKEN, SECRET, "sign-in-canary"):
        assert secret not in caplog.text


def test_the_log_tells_each_request_and_each_repeat(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="cyclr_api.transport")
    body = b'{"Id": "a-1"}'
    with serve(reset, reply(502), reply(200, body)) as server:
        read(client_of(server))

    name = "'GET /accounts/{id}'"
    about = [message for message in caplog.messages if name in message]
    told = [re.sub(r"(ms|pause)=[0-9.]+$", r"\1=…", message) for message in about]
    assert told == [
        f"cyclr call call={name} status=None bytes=0 ms=…",
        f"cyclr call repeated call={name} attempt=1 status=None pause=…",
        f"cyclr call call={name} status=502 bytes=0 ms=…",
        f"cyclr call repeated call={name} attempt=2 status=502 pause=…",
        f"cyclr call call={name} status=200 bytes={len(body)} ms=…",
    ]


def test_the_log_tells_how_long_a_request_took(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="cyclr_api.transport")
    with serve(after(0.2, reply(200, ACCOUNT))) as server:
        read(client_of(server))

    (took,) = re.findall(r"ms=([0-9]+)", caplog.messages[-1])
    assert int(took) >= 200


def test_a_read_is_repeated_until_it_works() -> None:
    with serve(reset, reply(502), reply(200, ACCOUNT)) as server:
        found = read(client_of(server))

    assert found.id == "a-1"  # type: ignore[attr-defined]
    assert len(server.calls) == 3


def test_a_read_is_tried_three_times_at_most() -> None:
    with serve(reply(500)) as server:
        error = failure(read, client_of(server))

    assert isinstance(error, UnreachableError)
    assert len(server.calls) == 3


@pytest.mark.parametrize("body", [[1], b'"' + b"x" * 2_000_000 + b'"'])
def test_a_whole_answer_of_the_wrong_kind_is_not_asked_for_again(body: object) -> None:
    with serve(reply(200, body)) as server:
        error = failure(read, client_of(server))

    assert isinstance(error, UnexpectedAnswerError)
    assert len(server.calls) == 1


class Log:
    """A pacing that notes what it is told."""

    def __init__(self) -> None:
        self.waited: list[str] = []
        self.held: list[float | None] = []
        self.places: list[int | None] = []
        self.passes: list[int | None] = []

    def wait(self, call: str, *, through: int | None = None) -> None:
        self.waited.append(call)
        self.places.append(through)

    def hold(self, seconds: float | None, *, through: int | None = None) -> float:
        self.held.append(seconds)
        return 33 if seconds is None else seconds

    def passed(self, *, through: int | None = None) -> None:
        self.passes.append(through)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 900\r\n", 900),
        ("", None),
        ("Retry-After: soon\r\n", None),
        ("Retry-After: -1\r\n", None),
        ("Retry-After: ٣\r\n", None),
        ("Retry-After: \r\n", None),
        ("Retry-After: 1000000000\r\n", 3600),
        ("Retry-After: " + "9" * 400 + "\r\n", 3600),
        (
            "Date: Mon, 04 Mar 2024 09:00:00 GMT\r\nRetry-After: Mon, 04 Mar 2024 09:00:42 GMT\r\n",
            42,
        ),
        ("Retry-After: Mon, 04 Mar 2999 09:00:42 GMT\r\n", 3600),
    ],
)
@pytest.mark.parametrize("call", [read, write])
def test_a_429_means_nothing_happened_and_everybody_waits(
    call: Callable[[Client], object], header: str, seconds: float | None
) -> None:
    pacing = Log()
    with serve(reply(429, {"Message": "slow"}, headers=header)) as server:
        error = failure(call, client_of(server, pacing=pacing, total=30))  # no time for the pause

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == (33 if seconds is None else seconds)
    assert pacing.held == [seconds]
    assert len(server.calls) == 1


USES: dict[str, Callable[[Client], object]] = {
    "call": lambda client: client.account("a-1").connector(9).call(5, is_read=True),
    "write": lambda client: client.account("a-1").connector(9).call(5),
    "body": lambda client: client.account("a-1").connector(9).call_with_body(5, "{}"),
    "test": lambda client: client.account("a-1").connector(9).test(5),
    "trigger": lambda client: client.account("a-1").connector(9).run_trigger(5),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_an_error_from_behind_a_connector_says_which(use: str, status: int) -> None:
    pacing = Log()
    play = reply(status, headers="Retry-After: 20\r\n")
    with serve(*[play] * 6) as server:
        error = failure(USES[use], client_of(server, pacing=pacing))

    assert (error.status, error.through) == (status, 9)
    assert set(pacing.places) == {None, 9}  # the token, and the call
    if status == 429 or status >= 500:
        assert (pacing.held, error.retry_after) == ([20], 20)
        assert len(server.calls) == 1


@pytest.mark.parametrize("use", ["call", "write"])
@pytest.mark.parametrize("play", [reset, reply(200, b"<html>")])
def test_silence_and_rubbish_from_behind_a_connector_say_which(use: str, play: Play) -> None:
    with serve(*[play] * 6) as server:
        error = failure(USES[use], client_of(server))

    assert error.through == 9


def test_what_did_not_reach_cyclr_is_not_about_the_connector() -> None:
    with serve(reply(200, ACCOUNT)) as server:
        client = client_of(server)
        read(client)
    error = failure(USES["write"], client)

    assert str(error).endswith("not sent: connection refused")
    assert error.through is None


@pytest.mark.parametrize("call", [read, write])
def test_what_cyclr_says_itself_is_not_about_a_connector(call: Callable[[Client], object]) -> None:
    pacing = Log()
    with serve(reply(429), reply(200, ACCOUNT)) as server:
        error = failure(call, client_of(server, pacing=pacing, total=1))

    assert error.through is None and set(pacing.places) == {None}
    assert None in pacing.passes  # the token was answered


def test_without_a_limit_of_the_host_guesses_double_and_begin_anew() -> None:
    paces = NoPacing()
    pauses = [paces.hold(None) for _ in range(8)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert (paces.hold(None, through=7), paces.hold(7)) == (1, 7)
    paces.passed()

    assert paces.hold(None) == 1


def test_a_short_pause_is_waited_for() -> None:
    pacing = Log()
    with serve(reply(429, headers="Retry-After: 1\r\n"), reply(200, ACCOUNT)) as server:
        started = time.monotonic()
        read(client_of(server, total=5, pacing=pacing))

    assert time.monotonic() - started >= 1
    assert pacing.waited == ["POST /oauth/token", *["GET /accounts/{id}"] * 2]


class Jitter:
    """Chance at its longest; notes its bounds."""

    def __init__(self) -> None:
        self.least: list[float] = []

    def uniform(self, least: float, most: float) -> float:
        self.least.append(least)
        return most


def test_pauses_grow_with_each_repeat_and_are_random_from_nothing_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jitter = Jitter()
    slept: list[float] = []
    monkeypatch.setattr("cyclr_api.transport._random", jitter)
    monkeypatch.setattr(time, "sleep", slept.append)
    with serve(reply(500), reply(500, headers="Retry-After: 2\r\n"), reply(500)) as server:
        client = Client(
            f"http://127.0.0.1:{server.port}",
            client_id="desk",
            client_secret=SECRET,
            retries=Retries(attempts=6, first=1, longest=5),
        )
        failure(read, client)

    assert slept == [1, 2 + 2, 4, 5, 5]
    assert jitter.least == [0] * 5


def test_a_pause_that_would_outlast_the_limit_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    with serve(reply(429, headers="Retry-After: 3\r\n")) as server:
        error = failure(read, client_of(server, total=2.9))

    assert slept == []
    assert error.retry_after == 3
    assert len(server.calls) == 1


def test_a_read_in_trouble_says_how_long_to_stay_away() -> None:
    with serve(reply(503, headers="Retry-After: 900\r\n")) as server:
        assert failure(read, client_of(server)).retry_after == 900


def test_an_unknown_outcome_can_ask_for_a_pause_too() -> None:
    pacing = Log()
    with serve(reply(503, headers="Retry-After: 9\r\n")) as server:
        error = failure(write, client_of(server, pacing=pacing))

    assert isinstance(error, OutcomeUnknownError)
    assert (error.retry_after, pacing.held) == (9, [9])


def test_pacing_may_refuse_before_anything_is_sent() -> None:
    class Closed(Log):
        def wait(self, call: str, *, through: int | None = None) -> None:
            raise TemporaryError(call, retry_after=5)

    with serve(reply(200, INSTALLED)) as server:
        error = failure(write, client_of(server, pacing=Closed()))

    assert type(error) is TemporaryError
    assert server.requests == []


def test_a_read_whose_turn_comes_too_late_is_not_sent() -> None:
    class Slow(Log):
        def wait(self, call: str, *, through: int | None = None) -> None:
            super().wait(call)
            if self.waited.count("GET /accounts/{id}") == 2:
                time.sleep(0.5)

    with serve(reply(502)) as server:
        error = failure(read, client_of(server, total=0.4, pacing=Slow()))

    assert error.status == 502
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [200, 404, 500])
def test_only_trouble_asks_for_a_default_pause(status: int) -> None:
    assert retry_after(status, {}) is None


@pytest.mark.parametrize(("status", "seconds"), [(404, None), (499, None), (500, 7), (503, 7)])
def test_only_trouble_may_ask_for_a_pause(status: int, seconds: float | None) -> None:
    assert retry_after(status, {"Retry-After": "7"}) == seconds


def test_a_date_without_a_zone_is_in_utc() -> None:
    dates = {
        "Date": "Mon, 04 Mar 2024 10:00:00 +0100",
        "Retry-After": "Mon, 04 Mar 2024 09:00:42 -0000",
    }

    assert retry_after(429, dates) == 42
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=100)
    pause = retry_after(429, {"Retry-After": format_datetime(until)})
    assert 95 < (pause or 0) <= 100


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine is in another zone."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("tokyo")
def test_the_zone_of_the_machine_changes_no_pause_and_no_moment() -> None:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=100)
    moment = as_moment("2024-03-04T09:00:00+02:00")

    assert 95 < (retry_after(429, {"Retry-After": format_datetime(until)}) or 0) <= 100
    assert moment == dt.datetime(2024, 3, 4, 7, tzinfo=dt.UTC)
    assert moment.tzinfo is dt.UTC


@pytest.mark.parametrize(
    "account_id",
    [
        "acme/eu",
        "Größe 100%",
        "日本",
        "🚲",
        "a#b?c=d&e",
        "JO-Test-1",
        "..x",
        "%2e%2e",
        "a\\b",
        "a+b",
    ],
)
def test_an_account_id_arrives_as_it_is(account_id: str) -> None:
    with serve(reply(200, ACCOUNT), reply(200, INSTALLED)) as server:
        client = client_of(server)
        client.account(account_id).get()
        client.account(account_id).connector(9).get()

    in_path, in_header = server.calls
    assert unquote(in_path.target.removeprefix("/v1.0/accounts/")) == account_id
    assert in_path.target.count("/") == 3
    assert in_header.headers["x-cyclr-account"].decode() == account_id
    assert in_header.target == "/v1.0/account/connectors/9"


@pytest.mark.parametrize(
    "account_id", ["", ".", "..", "a\r\nX-Evil: 1", "a\nb", "a\x00b", " a", "a ", "\t", "\ud800"]
)
def test_an_id_that_cannot_be_sent_is_refused_here(account_id: str) -> None:
    with serve(reply(200, ACCOUNT)) as server:
        error = failure(lambda client: client.account(account_id), client_of(server))

    assert isinstance(error, UnsendableError)
    assert isinstance(error, ValueError)
    assert server.requests == []


def test_text_that_is_none_is_refused_here() -> None:
    with serve(reply(200, INSTALLED)) as server:
        error = failure(
            lambda client: client.account("a").connectors.install(7, name="\ud800"),
            client_of(server),
        )

    assert isinstance(error, UnsendableError)
    assert str(error) == (
        "POST /connectors/{id}/install: a value is not valid text and was not sent"
    )
    assert server.requests == []


def test_text_that_is_none_is_no_query() -> None:
    with serve(reply(200, [])) as server:
        error = failure(
            lambda client: list(client.account("a").library.iterate(query="\ud800")),
            client_of(server),
        )

    assert isinstance(error, UnsendableError)
    assert str(error) == "GET /connectors: a value is not valid text and was not sent"
    assert server.calls == []


def test_a_query_is_percent_encoded() -> None:
    with serve(reply(200, [])) as server:
        list(client_of(server).account("a").library.iterate(query="a b&c=d/é"))

    assert server.calls[0].target == (
        "/v1.0/connectors?sortOrderAsc=true&query=a%20b%26c%3Dd%2F%C3%A9&page=1&pageSize=100"
    )


def test_a_request_has_the_headers_that_it_needs_and_no_others() -> None:
    with serve(reply(200, ACCOUNT), reply(200, INSTALLED)) as server:
        client = client_of(server)
        read(client)
        write(client)

    read_headers, write_headers = (request.headers for request in server.calls)
    assert read_headers == {
        "host": f"127.0.0.1:{server.port}".encode(),
        "accept": b"application/json",
        "accept-encoding": b"gzip",
        "user-agent": b"cyclr_api",
        "authorization": f"Bearer {TOKEN}".encode(),
    }
    assert write_headers == read_headers | {
        "content-type": b"application/json",
        "content-length": str(len(server.calls[1].body)).encode(),
        "x-cyclr-account": b"a-1",
    }


def test_a_client_shows_its_certificate_to_who_asks_for_one(
    tls: ssl.SSLContext, certificate: Path
) -> None:
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(certificate)
    session = requests.Session()
    session.verify = session.cert = str(certificate)
    with serve(reply(200, ACCOUNT), context=tls) as server:
        assert read(secure_client(server, session))


def test_a_session_that_leaves_trust_to_the_machine_trusts_no_stranger(
    tls: ssl.SSLContext,
) -> None:
    session = requests.Session()
    with serve(reply(200, ACCOUNT), context=tls) as server:
        client = secure_client(server, session)
        session.verify = False  # too late: it was checked, and is not asked again
        error = failure(read, client)

    assert "certificate" in str(error)
    assert server.requests == []


def test_settings_of_no_sense_are_refused() -> None:
    for values in ({"connect": 0}, {"read": 0}, {"total": 0}, {"read": -1}):
        with pytest.raises(ValueError, match="^Timeouts are seconds above zero$"):
            Timeouts(**values)
    with pytest.raises(ValueError, match="at least one"):
        Retries(attempts=0)


def test_the_session_of_a_client_serves_others_too(tls: ssl.SSLContext, certificate: Path) -> None:
    session = requests.Session()
    session.verify = str(certificate)
    with serve(reply(200, ACCOUNT)) as plain, serve(reply(200, ACCOUNT), context=tls) as secure:
        for client in (client_of(plain), secure_client(secure, session)):
            answer = client.session.get(f"{client.api_url}/", timeout=5)
            assert answer.json() == ACCOUNT


def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with serve(reply(200, ACCOUNT)) as server:
        assert read(client_of(server))


def test_cookies_are_not_kept() -> None:
    with serve(reply(200, ACCOUNT, headers="Set-Cookie: a=b\r\n")) as server:
        client = client_of(server)
        read(client)
        read(client)

    assert all("cookie" not in request.headers for request in server.requests)


@pytest.mark.parametrize(("limit", "is_read"), [(100, True), (99, False)])
def test_an_answer_as_large_as_the_limit_is_read(limit: int, is_read: bool) -> None:
    body = b'{"Id": "a-1"}'.ljust(100)
    with serve(reply(200, body)) as server:
        server.token_script = [reply(200, {"access_token": "t" * 9})]
        client = client_of(server, max_bytes=limit)
        if is_read:
            assert read(client)
        else:
            assert "larger than 99 bytes" in str(failure(read, client))


@pytest.mark.parametrize("play", [reply(204), reply(200), reply(200, b" \r\n"), reply(200, b"{}")])
def test_an_empty_answer_is_enough_where_it_says_nothing(play: Play) -> None:
    with serve(play) as server:
        client_of(server).account("a-1").connector(9).delete()

    assert [request.method for request in server.calls] == ["DELETE"]


def test_what_says_nothing_must_be_readable_all_the_same() -> None:
    with serve(reply(200, b"<html>")) as server:
        error = failure(
            lambda client: client.account("a-1").connector(9).delete(), client_of(server)
        )

    assert isinstance(error, OutcomeUnknownError)


def test_a_large_answer_within_the_limit_is_read() -> None:
    many = [{"Id": f"a-{n}", "Name": "x" * 1000} for n in range(500)]
    pages = [reply(200, many), reply(200, [])]
    with serve(*pages) as server:
        assert len(client_of(server).accounts.all()) == 500


def test_an_answer_in_gzip_is_read() -> None:
    body = gzip.compress(b'{"Id": "a-1"}')
    with serve(reply(200, body, headers="Content-Encoding: gzip\r\n")) as server:
        assert read(client_of(server))


def test_a_slow_but_whole_answer_is_read() -> None:
    with serve(after(0.3, reply(200, ACCOUNT))) as server:
        assert read(client_of(server))


def test_a_connection_is_used_again() -> None:
    connections = 0

    def keep(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        for _ in range(3):
            reply(200, ACCOUNT, keep=True)(connection)
            if not connection.recv(65536):
                return

    with serve(keep) as server, client_of(server) as client:
        for _ in range(3):
            read(client)

    assert connections == 1


READ, WRITE = "GET /accounts/{id}", "POST /connectors/{id}/install"
LARGE = b'"' + b"x" * 300_000 + b'"'
DEEP = b'{"Id": "a", "X": ' + b"[" * 1000 + b"]" * 1000 + b"}"


@pytest.mark.parametrize(
    ("call", "play", "words"),
    [
        (read, reply(200, b"<html>"), f"{READ}: the answer is not JSON (status 200)"),
        (write, reply(200, b"<html>"), f"{WRITE}: the answer is not JSON (status 200)"),
        (
            read,
            reply(200, [1]),
            f"{READ}: the answer has an unexpected shape (account: not an object) (status 200)",
        ),
        (read, reply(200, DEEP), f"{READ}: the answer is too deep (status 200)"),
        (read, reply(200, LARGE), f"{READ}: the answer is larger than 200000 bytes (status 200)"),
        (
            read,
            drip(b"HTTP/1.1 200 OK\r\n\r\n"),
            f"{READ}: the answer broke off (it took too long) (status 200)",
        ),
        (
            write,
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"),
            f"{WRITE}: the answer broke off (the connection broke) (status 200)",
        ),
        (
            read,
            reply(200, b"{}", headers="Content-Encoding: gzip\r\n"),
            f"{READ}: the answer broke off (ContentDecodingError) (status 200)",
        ),
        (read, hang, f"{READ}: no answer: it took too long"),
        (write, hang, f"{WRITE}: sent, but no answer: it took too long"),
        (read, reset, f"{READ}: no answer: the connection broke"),
        (write, reset, f"{WRITE}: sent, but no answer: the connection broke"),
        (read, reply(500, {"Message": "x"}), f"{READ}: Cyclr is in trouble (status 500): x"),
        (
            write,
            reply(425, {"Message": "x"}),
            f"{WRITE}: sent, but the outcome is unknown (status 425): x",
        ),
        (
            read,
            reply(300, {"Message": "x"}),
            f"{READ}: answered by a redirect, not followed (status 300)",
        ),
        (write, reply(399), f"{WRITE}: sent, and answered by a redirect (status 399)"),
        (write, reply(429, {"Message": "x"}), f"{WRITE}: Cyclr asks for a pause (status 429): x"),
        (write, reply(404), f"{WRITE}: refused (status 404)"),
        (write, reply(400, {"Message": "No."}), f"{WRITE}: refused (status 400): No."),
    ],
)
def test_an_error_says_what_happened_to_which_call(
    call: Callable[[Client], object], play: Play, words: str
) -> None:
    with serve(play) as server:
        error = failure(call, client_of(server, read=0.2, total=0.4, max_bytes=200_000))

    assert str(error) == words
    assert repr(error) == f"{type(error).__name__}({words!r})"
    assert error.call == words.partition(": ")[0]
    assert (error.status is None) is ("(status" not in words)
    assert error.args == (error.call, error.status, error.cyclr_message, error.retry_after)


def test_an_error_without_words_of_its_own_says_that_it_failed() -> None:
    assert str(CyclrError("GET /accounts")) == "GET /accounts: failed"


def test_an_error_without_a_connection_says_how_far_it_came(tls: ssl.SSLContext) -> None:
    with serve(reply(200), context=tls) as server:
        untrusted = failure(write, secure_client(server))
    refused = failure(write, client_of(server))

    assert str(untrusted) == "POST /oauth/token: not sent: the TLS certificate is not trusted"
    assert str(refused) == "POST /oauth/token: not sent: connection refused"


def test_a_server_that_speaks_no_tls_gets_nothing() -> None:
    heard = []

    def speak_plainly(listener: socket.socket) -> None:
        for _ in range(3):
            with listener.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                heard.append(connection.recv(65536))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        speaker = threading.Thread(target=speak_plainly, args=(listener,), daemon=True)
        speaker.start()
        client = Client(
            f"https://localhost:{listener.getsockname()[1]}",
            client_id="desk",
            client_secret=SECRET,
            retries=Retries(first=0),
        )
        error = failure(read, client)
        speaker.join(5)

    assert str(error) == "POST /oauth/token: not sent: TLS failed"
    assert len(heard) == 3 and SECRET.encode() not in b"".join(heard)


@pytest.mark.parametrize("status", [101, 199])
@pytest.mark.parametrize("call", [read, write])
def test_an_answer_that_is_no_final_one_tells_nothing(
    call: Callable[[Client], object], status: int
) -> None:
    with serve(raw(f"HTTP/1.1 {status} X\r\n\r\n".encode())) as server:
        error = failure(call, client_of(server))

    assert isinstance(error, UnreachableError if call is read else OutcomeUnknownError)


def test_an_unreadable_read_says_so() -> None:
    with serve(reply(200, b"<html>")) as server:
        error = failure(read, client_of(server))

    assert type(error) is UnreadableError
    assert str(error) == "GET /accounts/{id}: the answer is not JSON (status 200)"
