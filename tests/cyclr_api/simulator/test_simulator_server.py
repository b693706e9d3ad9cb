"""The simulator as a process of its own, over real sockets."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from cyclr_api.simulator import World
from cyclr_api.simulator.__main__ import main
from tests.cyclr_api.simulator.conftest import SHOP, Caller

CONTROL = {"X-Simulator": "1"}


class Process:
    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cyclr_api.simulator", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.line = self.process.stdout.readline()
        self.url, self.provider = re.findall(r"http://[\w.]+:\d+", self.line)[::2]
        self.port = int(self.url.rpartition(":")[2])

    def control(self, method: str, what: str, body: Any = None) -> Any:
        answer = requests.request(
            method, f"{self.url}/_simulator/{what}", json=body, headers=CONTROL, timeout=10
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        status = self.process.wait(5)
        assert self.process.stdout
        self.process.stdout.close()
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
        timeout=10,
    )
    state = re.search(r'name="state" value="([^"]*)"', start.text)
    assert state
    end = caller.session.post(
        f"{server.provider}/authorize",
        data={"state": state[1], "decision": "approve"},
        timeout=10,
    )

    assert start.url.startswith(f"{server.provider}/authorize?")
    assert end.url == f"{server.url}/"
    assert caller.get(f"/account/connectors/{number}").json()["Authenticated"] is True


def test_a_raw_path_stays_raw(caller: Caller) -> None:
    assert caller.get("/accounts/acme%2Feu").json()["Id"] == "acme/eu"


def test_connections_are_kept(server: Process) -> None:
    request = f"GET /v1.0/accounts HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode()

    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        for _ in range(3):
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 401 Unauthorized\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70000 + b"\r\n\r\n", b"431"),
    ],
)
def test_what_is_not_http_is_refused(server: Process, request_bytes: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
        connection.sendall(request_bytes)
        assert connection.recv(65536).split()[1] == status


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


def test_no_connection(server: Process, caller: Caller) -> None:
    server.control("POST", "faults", {"fault": "unreachable", "times": 1})

    with pytest.raises(requests.ConnectionError):
        caller.get("/accounts")


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
    "body", [{}, {"fault": "clear"}, {"fault": "delay"}, {"fault": "drip", "wrong": 1}, []]
)
def test_a_wrong_fault_is_refused(server: Process, body: Any) -> None:
    answer = requests.post(
        f"{server.url}/_simulator/faults", json=body, headers=CONTROL, timeout=10
    )

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "headers", [{}, {"X-Simulator": "0"}, {**CONTROL, "Host": "rebound.example"}]
)
def test_the_control_surface_is_shut_to_browser_pages(
    server: Process, headers: dict[str, str]
) -> None:
    url = f"{server.url}/_simulator/world"

    assert requests.get(url, headers=headers, timeout=10).status_code == 403
    assert requests.options(url, headers=headers, timeout=10).status_code in (403, 404)


def test_a_port_in_use_is_one_sentence(server: Process, capsys: Any) -> None:
    status = main(["--port", str(server.port)])

    assert status == 2
    assert capsys.readouterr().err == (
        f"Port {server.port} on 127.0.0.1 is in use: choose another.\n"
    )


def test_a_broken_world_file_is_one_sentence(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "world.json").write_text("{")

    assert main(["--port", "0", "--world", str(tmp_path / "world.json")]) == 2
    assert capsys.readouterr().err.startswith("The world file cannot be read")


def test_a_dump_is_the_default_world(tmp_path: Path) -> None:
    assert main(["--dump", str(tmp_path / "world.json")]) == 0

    assert World.load(tmp_path / "world.json").document() == World.support().document()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_saved_world_comes_back(tmp_path: Path, number: int) -> None:
    save = tmp_path / "state.json"
    first = Process("--save", str(save), "--latency", "0.01")
    with requests.Session() as session:
        Caller(first.url, session).install(19001, Name="kept")
        started = time.monotonic()
        status = first.stop(number)

    assert status == 0
    assert time.monotonic() - started < 1
    kept = json.loads(save.read_text())["AccountConnectors"]
    assert "kept" in [one["Name"] for one in kept]

    second = Process("--save", str(save))
    second.stop()
    assert json.loads(save.read_text())["AccountConnectors"] == kept
