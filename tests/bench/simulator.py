"""How many requests the simulator answers in a second, from another process, with keep-alive.

    .venv/bin/python tests/bench/simulator.py [--accounts N] [--connectors N] [--seconds S]

Serves a large world in a process of its own and asks for list pages and installs over one
connection and over four. `trivial` is a handler that does nothing, under the same server: the
ratio to it says what the simulator itself costs, on whatever machine. Both processes share the
machine's cores.
"""

import argparse
import itertools
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from cyclr_api.simulator.demo.load_data import LARGEST  # noqa: E402

CONNECTIONS = (1, 4)

TRIVIAL = """
import sys, threading
from cyclr_api.simulator.server.sockets import Server

def trivial(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"{}"]

server = Server(trivial)
port = server.listen("127.0.0.1", 0)
server.start()
print(f"http://127.0.0.1:{port}", flush=True)
threading.Event().wait()
"""


class Connection:
    """As little of a client as will do, so that it is not what is measured."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._incoming = self._socket.makefile("rb")

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body."""
        self._socket.sendall(request)
        status = int(self._incoming.readline().split()[1])
        length = 0
        while (line := self._incoming.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line[15:])
        return status, self._incoming.read(length)

    def close(self) -> None:
        self._incoming.close()
        self._socket.close()


@contextmanager
def served(*command: str) -> Iterator[int]:
    """The port on which a process of its own answers."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        found = re.search(r"http://[\w.]+:(\d+)", process.stdout.readline())
        if found is None:
            raise SystemExit("The server did not start.")
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()


def get(path: str, token: str = "", account: str = "") -> bytes:
    """A request as it goes over the wire."""
    headers = f"Host: x\r\nAuthorization: Bearer {token}\r\nX-Cyclr-Account: {account}\r\n"
    return f"GET {path} HTTP/1.1\r\n{headers}\r\n".encode()


def post(path: str, body: str, token: str = "", account: str = "") -> bytes:
    headers = f"Host: x\r\nAuthorization: Bearer {token}\r\nX-Cyclr-Account: {account}\r\n"
    length = f"Content-Length: {len(body)}\r\n"
    return f"POST {path} HTTP/1.1\r\n{headers}{length}\r\n{body}".encode()


def install(number: int, accounts: list[str], token: str) -> bytes:
    """An install under a name that is free."""
    body = f'{{"Name": "Till no. {number}", "AuthValue": "a2V5OndvcmQ="}}'
    account = accounts[number % len(accounts)]
    return post("/v1.0/connectors/19001/install", body, token, account)


def rate(port: int, make: Callable[[], bytes], connections: int, seconds: float) -> float:
    """Requests in a second over so many connections at once."""
    counts = [0] * connections
    refused: list[str] = []
    until = time.perf_counter() + seconds

    def run(which: int) -> None:
        connection = Connection(port)
        while time.perf_counter() < until and not refused:
            status, body = connection.ask(make())
            if status != 200:
                refused.append(f"answered {status}: {body[:200]!r}")
            counts[which] += 1
        connection.close()

    threads = [threading.Thread(target=run, args=(which,)) for which in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise SystemExit(refused[0])
    return sum(counts) / (time.perf_counter() - started)


def measure(
    port: int,
    name: str,
    make: Callable[[], bytes],
    options: argparse.Namespace,
    trivial: list[float],
) -> None:
    """Print requests in a second, their ratio to the trivial handler's, and the size."""
    connection = Connection(port)
    size = len(connection.ask(make())[1])
    connection.close()
    rates = [rate(port, make, connections, options.seconds) for connections in CONNECTIONS]
    if not trivial:
        trivial += rates
    figures = "".join(
        f"{found:10,.0f} {found / most:6.2f}" for found, most in zip(rates, trivial, strict=True)
    )
    sys.stdout.write(f"{name:36}{size / 1024:8.1f}{figures}\n")
    sys.stdout.flush()


def some_accounts(port: int, token: str) -> tuple[str, str, list[str]]:
    """An account with 500 connectors (the first), one with about five, and many."""
    connection = Connection(port)
    _, body = connection.ask(get("/v1.0/accounts?pageSize=50", token))
    ids = [found.decode() for found in re.findall(rb'"Id":"([^"]+)"', body)]
    for account in ids[1:]:
        _, body = connection.ask(get("/v1.0/account/connectors", token, account))
        if 4 <= body.count(b'"Authenticated"') <= 6:
            connection.close()
            return ids[0], account, ids
    raise SystemExit("No account has about five connectors: ask for more of them.")


def main() -> None:
    """Serve, then measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--connectors", type=int, default=60_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    options = parser.parse_args()
    trivial: list[float] = []
    heads = "".join(f"{f'{n} conn.':>10} {'ratio':>6}" for n in CONNECTIONS)
    sys.stdout.write(f"{'':36}{'KiB':>8}{heads}\n")
    with served("-c", TRIVIAL) as port:
        measure(port, "trivial", lambda: get("/"), options, trivial)
    size = f"{options.accounts},{options.connectors}"
    started = time.perf_counter()
    with served("-m", "cyclr_api.simulator", "--port", "0", "--scale", size) as port:
        ready = time.perf_counter() - started
        form = "grant_type=client_credentials&client_id=desk-demo"
        form += "&client_secret=demo-secret-not-for-production"
        connection = Connection(port)
        _, body = connection.ask(post("/oauth/token", form))
        connection.close()
        token = body.split(b'"')[3].decode()
        large, usual, many = some_accounts(port, token)
        for name, path in {
            "accounts, page of 100": "/v1.0/accounts?page=3&pageSize=100",
            "accounts, page of 1,000": "/v1.0/accounts?pageSize=1000",
            "one account": f"/v1.0/accounts/{quote(usual)}",
            "account connectors, about 5": "/v1.0/account/connectors",
            "connectors with icons, page of 100": "/v1.0/connectors?pageSize=100",
            "a connector by name": "/v1.0/connectors/HubSpot",
        }.items():
            request = get(path, token, usual)
            measure(port, name, lambda request=request: request, options, trivial)
        request = get("/v1.0/account/connectors?pageSize=100", token, large)
        measure(port, f"account connectors, 100 of {LARGEST}", lambda: request, options, trivial)
        numbers = itertools.count()
        measure(port, "install", lambda: install(next(numbers), many, token), options, trivial)
    sys.stdout.write(f"\n{size} were ready after {ready:.1f} s\n")


if __name__ == "__main__":
    main()
