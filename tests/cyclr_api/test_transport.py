"""The one way out: what the network does, and what the client makes of it."""

from __future__ import annotations

import datetime as dt
import gzip
import logging
import socket
import ssl
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from requests.adapters import HTTPAdapter

from cyclr_api import (
    Client,
    ConflictError,
    CredentialsRefusedError,
    CyclrError,
    ForbiddenError,
    NameInUseError,
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
from cyclr_api.transport import retry_after
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
    assert time.monotonic() - started < 1.5
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

    assert 0.5 < time.monotonic() - started < 1.2
    assert len(server.calls) == 1


def test_a_silence_is_cut_at_the_total_limit_too() -> None:
    def speak_once(connection: socket.socket) -> None:
        time.sleep(0.4)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        hang(connection)

    with serve(speak_once) as server:
        started = time.monotonic()
        failure(read, client_of(server, read=0.6, total=0.6))

    assert time.monotonic() - started < 0.85


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

    assert isinstance(failure(write, client), UnreachableError)


def test_a_connection_that_hangs_is_given_up() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # a full backlog: further connections hang
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        client = Client(
            f"http://127.0.0.1:{port}",
            client_id="desk",
            client_secret=SECRET,
            timeouts=Timeouts(connect=0.2, read=0.2, total=0.5),
        )
        error = failure(write, client)
        for filler in fillers:
            filler.close()

    assert isinstance(error, UnreachableError)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(pem)
    )
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


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

    assert isinstance(failure(read, client), UnreadableError)
    assert time.monotonic() - started < 1


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
        self.held: list[float] = []

    def wait(self, call: str) -> None:
        self.waited.append(call)

    def hold(self, seconds: float) -> None:
        self.held.append(seconds)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 7\r\n", 7),
        ("", 60),
        ("Retry-After: soon\r\n", 60),
        ("Retry-After: -1\r\n", 60),
        ("Retry-After: ٣\r\n", 60),
        ("Retry-After: \r\n", 60),
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
    call: Callable[[Client], object], header: str, seconds: float
) -> None:
    pacing = Log()
    with serve(reply(429, {"Message": "slow"}, headers=header)) as server:
        error = failure(call, client_of(server, pacing=pacing))

    assert isinstance(error, RateLimitedError)
    assert error.retry_after == seconds
    assert pacing.held == [seconds]
    assert len(server.calls) == 1


def test_a_short_pause_is_waited_for() -> None:
    pacing = Log()
    with serve(reply(429, headers="Retry-After: 1\r\n"), reply(200, ACCOUNT)) as server:
        started = time.monotonic()
        read(client_of(server, total=5, pacing=pacing))

    assert time.monotonic() - started >= 1
    assert pacing.waited == ["POST /oauth/token", *["GET /accounts/{id}"] * 2]


def test_an_unknown_outcome_can_ask_for_a_pause_too() -> None:
    pacing = Log()
    with serve(reply(503, headers="Retry-After: 9\r\n")) as server:
        error = failure(write, client_of(server, pacing=pacing))

    assert isinstance(error, OutcomeUnknownError)
    assert (error.retry_after, pacing.held) == (9, [9])


def test_pacing_may_refuse_before_anything_is_sent() -> None:
    class Closed(Log):
        def wait(self, call: str) -> None:
            raise TemporaryError(call, retry_after=5)

    with serve(reply(200, INSTALLED)) as server:
        error = failure(write, client_of(server, pacing=Closed()))

    assert type(error) is TemporaryError
    assert server.requests == []


def test_a_read_whose_turn_comes_too_late_is_not_sent() -> None:
    class Slow(Log):
        def wait(self, call: str) -> None:
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
    assert server.requests == []


def test_settings_of_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Timeouts(total=0)
    with pytest.raises(ValueError, match="at least one"):
        Retries(attempts=0)


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


def test_an_unreadable_read_says_so() -> None:
    with serve(reply(200, b"<html>")) as server:
        error = failure(read, client_of(server))

    assert type(error) is UnreadableError
    assert str(error) == "GET /accounts/{id}: the answer is not JSON (status 200)"
