"""The simulator as a process of its own, over real sockets."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from cyclr_api.simulator import demo_state, load_state
from cyclr_api.simulator.server.command import main
from cyclr_api.simulator.server.sockets import Server
from tests.cyclr_api.simulator.conftest import SHOP, Caller
from tests.support.waiting import CEILING, wait_until

CONTROL = {"X-Simulator": "1"}


class Process:
    def __init__(self, *arguments: str) -> None:
        self.complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by `stop`)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cyclr_api.simulator", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=self.complaints,
            text=True,
        )
        assert self.process.stdout
        self.line = self.process.stdout.readline()
        self.url, self.provider = re.findall(r"http://[\w.]+:\d+", self.line)[::2]
        self.port = int(self.url.rpartition(":")[2])

    def control(self, method: str, what: str, body: Any = None) -> Any:
        answer = requests.request(
            method, f"{self.url}/_simulator/{what}", json=body, headers=CONTROL, timeout=CEILING
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def asks(self, method: str, what: str, body: bytes = b"") -> requests.Response:
        """A call of the control surface, whatever comes of it."""
        url = f"{self.url}/_simulator/{what}"
        return requests.request(method, url, data=body, headers=CONTROL, timeout=CEILING)

    def speak(self, *pieces: bytes) -> bytes:
        """Send pieces over one connection, and all that comes back until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), CEILING) as connection:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Its exit status. It must not have complained."""
        self.process.send_signal(number)
        status = self.process.wait(CEILING)
        assert self.process.stdout
        self.process.stdout.close()
        with self.complaints:
            self.complaints.seek(0)
            assert self.complaints.read() == ""
        return status


@pytest.fixture(scope="module")
def shared() -> Iterator[Process]:
    process = Process()
    yield process
    process.stop()


@pytest.fixture
def server(shared: Process) -> Process:
    shared.control("DELETE", "faults")
    return shared


@pytest.fixture
def caller(server: Process) -> Iterator[Caller]:
    with requests.Session() as session:
        yield Caller(server.url, session)


def test_the_whole_way_over_http(server: Process, caller: Caller) -> None:
    number = caller.install("Slack", Name=f"Slack {time.monotonic_ns()}").json()["Id"]
    start = caller.session.get(
        f"{server.url}/connectorauth/updateaccountconnectoroauth",
        params={
            "id": number,
            "token": caller.sign_in_token(),
            "targetOrigin": f"{server.url}/",
        },
        timeout=CEILING,
    )
    oauth_state = re.search(r'name="state" value="([^"]*)"', start.text)
    assert oauth_state
    end = caller.session.post(
        f"{server.provider}/authorize",
        data={"state": oauth_state[1], "decision": "approve"},
        timeout=CEILING,
    )

    assert start.url.startswith(f"{server.provider}/authorize?")
    assert end.url == f"{server.url}/"
    assert caller.get(f"/account/connectors/{number}").json()["Authenticated"] is True


def test_a_raw_path_stays_raw(caller: Caller) -> None:
    assert caller.get("/accounts/acme%2Feu").json()["Id"] == "acme/eu"


def test_connections_are_kept(server: Process) -> None:
    request = f"GET /v1.0/accounts HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()

    with socket.create_connection(("127.0.0.1", server.port), CEILING) as connection:
        for _ in range(3):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 401 Unauthorized\r\n")


# -- what is hardly HTTP -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent_Length: 2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nA : b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n: b\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: 30000001\r\n\r\n" + b"x" * 100_000, b"413"),
        (b"GET /" + b"x" * 70000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n", b"431"),
    ],
)
def test_what_is_not_http_is_refused(server: Process, request_bytes: bytes, status: bytes) -> None:
    assert server.speak(request_bytes).split()[1] == status


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/v1.0/accounts", b"401"),
        (b"/v1.0/" + b"a" * 60000, b"401"),
        (b"/v1.0/accounts/" + b"%2F" * 15000, b"401"),
        (b"/v1.0/%", b"401"),
        (b"/v1.0/%zz%E0%80%00", b"401"),
        (b"/v1.0/\xff\xfe?\xc3\x28=\x85", b"401"),
        (b"/v1.0/\xc3\xa0", b"401"),
        (b"/" * 5000, b"404"),
        (b"*", b"404"),
        (b"?", b"200"),
        (b"example.com:443", b"404"),
        (b"http://[/v1.0/accounts", b"401"),
        (b"http://", b"200"),
        (b"HTTP://user:word@elsewhere.example:99999/v1.0/accounts?a=b", b"401"),
        (b"/_simulator/%2e%2e/faults", b"403"),
        (b"/?q=%ff&live=%31&q=" + b"&" * 5000, b"200"),
        (b"/authorize?state=%00", b"404"),
        (b"/connectorauth/updateaccountconnectoroauth?id=%D9%A3&token=%zz", b"403"),
    ],
)
def test_odd_targets_are_answered(server: Process, target: bytes, status: bytes) -> None:
    for method in (
        b"GET",
        b"HEAD",
        b"POST",
        b"PUT",
        b"DELETE",
        b"OPTIONS",
        b"TRACE",
        b"br\xc3\xa9w",
    ):
        request = method + b" " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = server.speak(request).split()[1]

        assert answer == status or (method != b"GET" and answer in (b"404", b"405"))


@pytest.mark.parametrize(
    "header",
    [
        b"X-Cyclr-Account: \xff\xfe\xc3",
        b"Authorization: Bearer \x00\x01\xff",
        b"Authorization:",
        b"Host: [",
        b"Host: [::1",
        b"Host: \xc3\xa0:x",
        b"Cookie: " + b"a=b; " * 5000,
        b"Expect: 100-continue",
        b"Expect: nothing",
        b"Upgrade: h2c",
        b"Content-Type: application/json; charset=utf-16",
        b"X-Simulator: 1",
    ],
)
def test_odd_headers_are_answered(server: Process, header: bytes) -> None:
    for path in (b"/v1.0/accounts", b"/_simulator/faults", b"/"):
        request = b"GET " + path + b" HTTP/1.1\r\n" + header + b"\r\nConnection: close\r\n\r\n"

        answer = server.speak(request)

        assert answer.startswith(b"HTTP/1.1 ")
        assert b" 500 " not in answer[:40]


def test_a_header_may_end_in_any_letter(server: Process, caller: Caller) -> None:
    """The last byte of an à is what Latin-1 calls a space."""
    account = "citt\u00e0"
    caller("POST", "/accounts", json={"Id": account, "Name": "Citt\u00e0"})
    caller.account = account

    assert caller.get("/account/connectors").json() == []
    request = f"GET /v1.0/accounts/{account} HTTP/1.1\r\nAuthorization: Bearer {caller.token}\r\n"
    assert b" 200 OK" in server.speak(f"{request}Connection: close\r\n\r\n".encode())


def test_a_head_has_the_headers_only(server: Process) -> None:
    answer = server.speak(b"HEAD / HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\n\r\n")
    first, _, rest = answer.partition(b"\r\n\r\n")

    assert int(re.findall(rb"Content-Length: (\d+)", first)[0]) > 1000
    assert rest.startswith(b"HTTP/1.1 404 Not Found\r\n")


def test_several_requests_may_be_sent_at_once(server: Process) -> None:
    one = b"GET /v1.0/accounts HTTP/1.1\r\n\r\n"
    post = b"POST /oauth/token HTTP/1.1\r\nContent-Length: 3\r\n\r\na=b"
    last = b"\r\n\r\nGET /nowhere HTTP/1.0\r\n\r\n"

    answer = server.speak((one + post) * 20 + last)

    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", answer)
    assert statuses == [b"401", b"400"] * 20 + [b"404"]
    assert answer.count(b"Connection: close") == 1


def test_a_request_may_come_byte_by_byte(server: Process) -> None:
    request = b"POST /oauth/token HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=b"

    answer = server.speak(*(request[at : at + 1] for at in range(len(request))))

    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_a_caller_may_ask_before_it_sends_the_body(server: Process) -> None:
    head = b"POST /oauth/token HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), CEILING) as connection:
        connection.sendall(head)
        go_on = connection.recv(65536)
        connection.sendall(b"a=b")
        answer = connection.recv(65536)

    assert go_on == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize("cut", [1, 10, 27, 40, 60, -5, -2])
def test_a_caller_may_hang_up_in_the_middle(server: Process, cut: int) -> None:
    request = b"DELETE /v1.0/accounts HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b"
    before = len(server.control("GET", "requests"))

    answer = server.speak(request[:cut])

    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert len(server.control("GET", "requests")) == before


def test_a_bug_in_the_application_is_a_500(capsys: Any) -> None:
    def broken(environ: Any, start_response: Any) -> list[bytes]:
        raise RuntimeError("a bug")

    server = Server(broken)
    port = server.listen("127.0.0.1", 0)
    server.start()

    answer = requests.get(f"http://127.0.0.1:{port}/", timeout=CEILING)
    server.stop()

    assert answer.status_code == 500
    assert "RuntimeError: a bug" in capsys.readouterr().err


# -- faults --------------------------------------------------------------------------------------


def test_a_drop_after_the_effect(server: Process, caller: Caller) -> None:
    name = f"dropped {time.monotonic_ns()}"
    server.control("POST", "faults", {"fault": "drop_after_effect", "method": "POST"})

    with pytest.raises(requests.ConnectionError):
        caller.install(19001, Name=name)

    assert server.control("GET", "ledger")[-1]["ids"]["name"] == name


def test_a_truncated_body(server: Process, caller: Caller) -> None:
    server.control("POST", "faults", {"fault": "truncate"})

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        caller.get("/accounts")


def test_an_answer_that_never_comes(server: Process, caller: Caller) -> None:
    server.control("POST", "faults", {"fault": "commit_late", "seconds": 3600})

    with pytest.raises(requests.ReadTimeout):
        caller.get("/accounts", timeout=0.2)


def test_a_held_call_is_seen_and_released_from_outside(server: Process, caller: Caller) -> None:
    server.control("POST", "faults", {"fault": "hold", "path": "/accounts", "times": 1})

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(caller.get, "/accounts", timeout=CEILING)
        wait_until(lambda: server.control("GET", "faults")[0]["waiting"] == 1)
        assert not call.done()
        assert server.control("POST", "release") == {"released": 1}

        assert call.result(CEILING).status_code == 200

    assert server.control("GET", "faults") == []


def test_a_held_call_does_not_keep_the_server_from_ending() -> None:
    process = Process()
    process.control("POST", "faults", {"fault": "hold"})
    with socket.create_connection(("127.0.0.1", process.port), CEILING) as connection:
        connection.sendall(b"GET /v1.0/accounts HTTP/1.1\r\n\r\n")
        wait_until(lambda: process.control("GET", "faults")[0]["waiting"] == 1)

        assert process.stop() == 0


@pytest.mark.parametrize("how", ["refused", "reset", "timeout", "dns"])
def test_no_connection_is_a_reset_one(server: Process, how: str) -> None:
    server.control("POST", "faults", {"fault": "unreachable", "times": 1, "how": how})

    with socket.create_connection(("127.0.0.1", server.port), CEILING) as connection:
        connection.sendall(b"GET /v1.0/accounts HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


@pytest.mark.parametrize("kind", ["drop_before_effect", "drop_after_effect"])
def test_a_dropped_connection_is_closed_and_not_reset(server: Process, kind: str) -> None:
    server.control("POST", "faults", {"fault": kind})

    assert server.speak(b"GET /v1.0/accounts HTTP/1.1\r\n\r\n") == b""


def test_an_answer_with_a_length_of_its_own(server: Process) -> None:
    headers = {"Content-Length": "lots", "X-Odd": "a\r\nX-Smuggled: b"}
    fault = {"fault": "respond", "status": 200, "body": "x", "headers": headers}
    server.control("POST", "faults", fault)

    answer = server.speak(b"GET /v1.0/accounts HTTP/1.1\r\n\r\n" * 2)

    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert b"\r\nX-Smuggled" not in answer


def test_a_limit_over_all_connections(server: Process, caller: Caller) -> None:
    server.control("POST", "faults", {"fault": "limit_rate", "requests": 10, "seconds": 600})

    def call(_: int) -> requests.Response:
        return requests.get(f"{server.url}/v1.0/accounts", timeout=CEILING)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, range(40)))

    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == 30
    assert all(590 <= int(answer.headers["Retry-After"]) <= 600 for answer in refused)
    assert server.control("GET", "faults")[0]["met"] == 30


def test_a_moment_to_come_back_fits_the_servers_own_clock(server: Process) -> None:
    server.control("POST", "advance", {"seconds": 86400})
    fault = {"fault": "rate_limit", "retry_after": 30, "as_date": True, "skip": 1}
    server.control("POST", "faults", fault)
    assert requests.get(f"{server.url}/v1.0/accounts", timeout=CEILING).status_code == 401

    headers = requests.get(f"{server.url}/v1.0/accounts", timeout=CEILING).headers
    until, now = map(parsedate_to_datetime, (headers["Retry-After"], headers["Date"]))

    assert 30 <= (until - now).total_seconds() <= 31


def test_a_slow_body(server: Process, caller: Caller) -> None:
    server.control("POST", "faults", {"fault": "drip", "seconds": 5, "path": "/accounts"})

    with pytest.raises(requests.ConnectionError):
        caller.get("/accounts", timeout=0.2)


def test_the_control_surface(server: Process, caller: Caller) -> None:
    name = f"controlled {time.monotonic_ns()}"
    one = server.control("POST", "install", {"account": SHOP, "connector": 19001, "name": name})
    server.control("POST", "authenticate", {"id": one["Id"]})
    fault = {"fault": "respond", "method": "*", "path": "*", "status": 503}
    assert server.control("POST", "faults", fault)[0]["status"] == 503
    assert caller.get("/accounts").status_code == 503
    server.control("DELETE", "faults")

    assert caller.get(f"/account/connectors/{one['Id']}").json()["Authenticated"] is True
    assert server.control("GET", "requests")[-1]["status"] == 200
    assert server.control("GET", "world")["Format"] == 1
    server.control("POST", "deauthenticate", {"id": one["Id"]})
    server.control("POST", "delete", {"id": one["Id"]})
    assert server.control("GET", "ledger")[-1]["kind"] == "delete"
    server.control("POST", "advance", {"seconds": 0})
    server.control("POST", "revoke")
    assert caller.get("/accounts").status_code == 401


def test_a_body_of_bytes(server: Process, caller: Caller) -> None:
    fault = {"fault": "respond", "status": 200, "body_base64": "//4="}
    server.control("POST", "faults", fault)

    assert caller.get("/accounts").content == b"\xff\xfe"


@pytest.mark.parametrize(
    ("what", "body", "message"),
    [
        ("faults", b"", "The body is not JSON"),
        ("faults", b"\xff", "The body is not JSON"),
        ("faults", b"[]", "The body is to be a JSON object."),
        ("faults", b"{}", "fault is missing."),
        ("faults", b'{"fault": 5}', "fault is a text."),
        ("faults", b'{"fault": "clear"}', "There is no fault 'clear'; there are drop_after_eff"),
        ("faults", b'{"fault": "__init__"}', "There is no fault '__init__'"),
        ("faults", b'{"fault": "rewrite"}', "There is no fault 'rewrite'"),
        ("faults", b'{"fault": "delay"}', "delay: missing a required argument: 'seconds'."),
        ("faults", b'{"fault": "drip", "wrong": 1}', "drip has no wrong; it has method, path, "),
        ("faults", b'{"fault": "limit_rate", "method": "*"}', "limit_rate has no method; it has"),
        ("faults", b'{"fault": "limit_rate"}', "limit_rate: missing a required argument"),
        ("faults", b'{"fault": "drip", "times": 0}', "drip: times is a whole number, at least 1"),
        ("faults", b'{"fault": "drip", "skip": "x"}', "drip: skip is a whole number, at least 0."),
        ("faults", b'{"fault": "delay", "seconds": 1e300}', "delay: seconds is a number from 0"),
        ("faults", b'{"fault": "delay", "seconds": null}', "delay: seconds is a number from 0"),
        ("faults", b'{"fault": "html", "path": 5}', "html: path is a text."),
        ("faults", b'{"fault": "respond", "body_base64": "%"}', "body_base64 is not base64."),
        ("faults", b'{"fault": "respond", "body_base64": 5}', "body_base64 is not base64."),
        ("faults", b'{"fault": "lag_listing", "seconds": -1}', "lag_listing: seconds is a number"),
        ("advance", b'{"seconds": "soon"}', "seconds is a number."),
        ("advance", b'{"seconds": -1}', "seconds is a number from 0"),
        ("advance", b'{"seconds": 1e300}', "seconds is a number from 0"),
        ("advance", b'{"seconds": true}', "seconds is a number."),
        ("advance", b"{}", "seconds is missing."),
        ("delete", b'{"id": 7}', "There is no account connector 7."),
        ("delete", b'{"id": "7"}', "id is a number."),
        ("authenticate", b'{"id": null}', "id is a number."),
        ("deauthenticate", b"[7]", "The body is to be a JSON object."),
        ("install", b'{"account": "nobody", "connector": 19001}', "There is no account 'nobody'."),
        ("install", b'{"account": "yamabuki", "connector": 7}', "There is no connector 7."),
        ("install", b'{"account": 5, "connector": 7}', "account is a text."),
        ("install", b'{"account": "yamabuki"}', "connector is missing."),
        ("install", b'{"account": "a", "connector": 7, "nmae": "x"}', "install has no nmae; it h"),
        ("install", b'{"account": "a", "connector": 7, "name": 5}', "name is a text."),
        ("install", b'{"account": "a", "connector": 7, "properties": []}', "properties is an obj"),
        ("install", b'{"account": "a", "connector": 7, "properties": {"b": 1}}', "b is a text."),
        (
            "install",
            b'{"account": "yamabuki", "connector": 19000, "properties": {"b": "c"}}',
            "There is not a connector property that matches name 'b'.",
        ),
    ],
)
def test_a_wrong_body_is_refused_in_a_sentence(
    server: Process, what: str, body: bytes, message: str
) -> None:
    answer = server.asks("POST", what, body)

    assert answer.status_code == 400
    assert answer.json()["Message"].startswith(message)
    assert server.control("GET", "faults") == []


@pytest.mark.parametrize("what", ["", "faults/x", "nothing", "install"])
def test_what_the_control_surface_does_not_have(server: Process, what: str) -> None:
    assert server.asks("PUT", what).status_code == 404


@pytest.mark.parametrize(
    "headers", [{}, {"X-Simulator": "0"}, {**CONTROL, "Host": "rebound.example"}]
)
def test_the_control_surface_is_shut_to_browser_pages(
    server: Process, headers: dict[str, str]
) -> None:
    url = f"{server.url}/_simulator/world"

    assert requests.get(url, headers=headers, timeout=CEILING).status_code == 403
    assert requests.options(url, headers=headers, timeout=CEILING).status_code in (403, 404)


def test_a_port_in_use_is_one_sentence(server: Process, capsys: Any) -> None:
    status = main(["--port", str(server.port)])

    assert status == 2
    assert capsys.readouterr().err == (
        f"Port {server.port} on 127.0.0.1 is in use: choose another.\n"
    )


def test_a_broken_world_file_is_one_sentence(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "world.json").write_text('{"Format": 1, "Accounts": [{"Id": 5}]}')

    assert main(["--port", "0", "--world", str(tmp_path / "world.json")]) == 2
    assert capsys.readouterr().err == (
        "The world file cannot be read: Accounts[0].Id: a text is wanted.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scale", "many"], "--scale is two numbers, accounts and connectors: --scale 10000,60"),
        (["--scale", "10"], "--scale is two numbers"),
        (["--scale", "1.5,3"], "--scale is two numbers"),
        (["--scale=-1,3"], "--scale is two numbers"),
        (["--scale", "\u0663,3"], "--scale is two numbers"),
        (["--scale", "0,5"], "--scale: Connectors need an account that they are installed in."),
        (["--scale", "5000000,5"], "--scale: A world has at most 1,000,000 accounts"),
        (["--scale", "1,1", "--world", "w"], "--world and --scale both say what world it is"),
        (["--world", "/nowhere/w.json"], "There is no world file /nowhere/w.json."),
        (["--save", "/nowhere/w.json"], "/nowhere is no directory that a world could be written"),
        (["--dump", "/nowhere/w.json"], "/nowhere is no directory that a world could be written"),
        (["--latency", "nan"], "--latency is a number of seconds."),
        (["--latency", "-1"], "--latency is a number of seconds."),
        (["--port", "70000"], "--port is a number from 0 to 65535."),
        (["--host", "host.invalid"], "Cannot listen on host.invalid, port 8800: "),
    ],
)
def test_a_nonsensical_option_is_one_sentence(
    capsys: Any, arguments: list[str], sentence: str
) -> None:
    status = main(arguments)
    told = capsys.readouterr().err

    assert status == 2
    assert told.startswith(sentence)
    assert told.count("\n") == 1


def test_a_dump_is_the_default_world(tmp_path: Path) -> None:
    assert main(["--dump", str(tmp_path / "world.json")]) == 0

    assert load_state(tmp_path / "world.json").document() == demo_state().document()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_saved_world_comes_back(tmp_path: Path, number: int) -> None:
    save = tmp_path / "state.json"
    first = Process("--save", str(save), "--latency", "0.01")
    with requests.Session() as session:
        Caller(first.url, session).install(19001, Name="kept")
        started = time.monotonic()
        status = first.stop(number)

    assert status == 0
    assert time.monotonic() - started < 60  # it does not wait for idle connections to end
    kept = json.loads(save.read_text())["AccountConnectors"]
    assert "kept" in [one["Name"] for one in kept]

    second = Process("--save", str(save))
    second.stop()
    assert json.loads(save.read_text())["AccountConnectors"] == kept


def test_a_restart_gives_out_other_tokens(tmp_path: Path) -> None:
    """Else a token of the run before would open the next one by chance."""
    arguments: list[str] = ["--save", str(tmp_path / "state.json")]
    tokens = []
    for _ in range(3):
        process = Process(*arguments)
        with requests.Session() as session:
            tokens.append(Caller(process.url, session).token)
        process.stop()
        arguments += ["--port", str(process.port)]

    assert len(set(tokens)) == 3


def test_a_large_world_is_served(tmp_path: Path) -> None:
    process = Process("--scale", "300,1000", "--seed", "5", "--save", str(tmp_path / "w.json"))
    with requests.Session() as session:
        accounts = Caller(process.url, session).get("/accounts?pageSize=1000").json()
    process.stop()

    assert len(accounts) == 300
    assert len(load_state(tmp_path / "w.json").installed) == 300
