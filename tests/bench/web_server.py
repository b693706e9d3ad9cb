"""How web servers serve the list of accounts, and what slow clients and lost workers do to others.

    .venv/bin/python tests/bench/web_server.py [NAME…] [--rounds 3] [--seconds 6] [--slow 200]

The whole dashboard runs; each server of SERVERS that is installed serves its database in turn,
round by round, so that figures of one run may be compared with each other. Prints a table for
`docs/decisions/0002-web-server.md`.
"""

import argparse
import contextlib
import http.client
import importlib.util
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.desk import ROOT, Desk  # noqa: E402
from tests.support.proc import children_of, environment_of  # noqa: E402
from tests.support.services import free_port  # noqa: E402

PAGE = "/accounts/"
GUNICORN = ["gunicorn", "--workers", "2", "--preload", "--no-control-socket", "--timeout", "30"]
PLAIN = [*GUNICORN, "--config", os.devnull]
WSGI, ASGI = "dashboard.wsgi", "django.core.asgi:get_asgi_application()"
SERVERS = {
    "ours": ["gunicorn", WSGI],
    "gthread, reuse_port": [*PLAIN, "-k", "gthread", "--threads", "4", "--reuse-port", WSGI],
    "gthread": [*PLAIN, "-k", "gthread", "--threads", "4", WSGI],
    "gthread, 32 threads": [*PLAIN, "-k", "gthread", "--threads", "32", WSGI],
    "sync": [*PLAIN, "-k", "sync", WSGI],
    "asgi": [*PLAIN, "-k", "asgi", ASGI],
    "waitress": ["waitress", "--threads=8", "--channel-timeout=30", f"{WSGI}:application"],
}


class Server:
    """One of SERVERS, on a port of its own beside the running dashboard."""

    def __init__(self, name: str, desk: Desk, cookie: str) -> None:
        self.port, self.cookie = free_port(), cookie
        module, *arguments = SERVERS[name]
        bind = f"127.0.0.1:{self.port}"
        option = [f"--listen={bind}"] if module == "waitress" else ["--bind", bind]
        environment = environment_of(desk.pid_of("web"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *option, *arguments],
            cwd=ROOT,
            env={**environment, "WEB_CONCURRENCY": "2"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while self.get(timeout=5) is None and time.monotonic() < until:
            time.sleep(0.2)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()

    @property
    def workers(self) -> list[int]:
        return children_of(self.process.pid)

    def get(
        self, timeout: float = 20, wire: http.client.HTTPConnection | None = None
    ) -> float | None:
        """Seconds that the page took, None if it failed; on a kept connection if one is given."""
        one = wire or http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        began = time.monotonic()
        try:
            one.request("GET", PAGE, headers={"Cookie": self.cookie})
            answer = one.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            one.close()
            return None
        finally:
            if wire is None:
                one.close()
        return time.monotonic() - began if answer.status == 200 else None

    def settle(self) -> None:
        """Wait until what was asked before is answered, half a minute at most."""
        until = time.monotonic() + 30
        while time.monotonic() < until and not all(
            (one := self.get(timeout=2)) is not None and one < 0.5 for _ in range(3)
        ):
            time.sleep(0.2)

    def load(self, clients: int, seconds: float, *, keeps: bool = True) -> list[float | None]:
        """What each request of so many clients took."""
        taken: list[float | None] = []
        end = time.monotonic() + seconds

        def ask() -> None:
            wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            while time.monotonic() < end:
                taken.append(self.get(wire=wire if keeps else None))
            wire.close()

        threads = [threading.Thread(target=ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return taken


def p95(taken: list[float | None]) -> float:
    """In milliseconds; a request that failed took for ever."""
    found = sorted(float("inf") if one is None else one for one in taken)
    return found[int(len(found) * 0.95)] * 1000


# ---- slow clients ----

HEAD = "{method} {page} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n"


def slow_wires(server: Server, kind: str, many: int) -> list[socket.socket]:
    """Clients that have begun: heads, bodies or readers, which take nothing of what they ask."""
    wires = []
    for _ in range(many):
        wire = socket.socket()
        if kind == "readers":
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        with contextlib.suppress(OSError):
            wire.settimeout(2)
            wire.connect(("127.0.0.1", server.port))
            method = "POST" if kind == "bodies" else "GET"
            head = HEAD.format(method=method, page=PAGE, cookie=server.cookie)
            more = {"bodies": FORM, "readers": "\r\n" * 1, "heads": ""}[kind]
            wire.sendall((head + more).encode())
            wires.append(wire)
    return wires


@contextlib.contextmanager
def slow_clients(server: Server, kind: str, many: int) -> Iterator[list[float]]:
    """While it is open they send a byte each five seconds; when the first were cut."""
    wires, cut, is_over = slow_wires(server, kind, many), [], threading.Event()
    began = time.monotonic()

    def trickle() -> None:
        left = list(wires)
        while left and not is_over.wait(1 if kind == "readers" else 5):
            for wire in list(left):
                try:
                    wire.recv(16, socket.MSG_DONTWAIT) if kind == "readers" else wire.send(b"x")
                except BlockingIOError:
                    pass
                except OSError:
                    cut.append(time.monotonic() - began)
                    left.remove(wire)

    thread = threading.Thread(target=trickle)
    thread.start()
    yield cut
    is_over.set()
    thread.join()
    for wire in wires:
        wire.close()


# ---- lost workers ----


def failed_on(server: Server, act: Callable[[int], None]) -> tuple[int, int]:
    """Failed requests, and all, while that happens to one worker."""
    workers = server.workers
    if len(workers) < 2:
        return -1, 0
    timer = threading.Timer(2, act, [workers[0]])
    timer.start()
    taken = server.load(8, 5) + server.load(8, 3, keeps=False)
    timer.join()
    return taken.count(None), len(taken)


def stalled_by_a_frozen_worker(server: Server) -> float:
    """The part of new connections that get no answer within two seconds, in per cent."""
    workers = server.workers
    if len(workers) < 2:
        return 100.0
    os.kill(workers[0], signal.SIGSTOP)
    taken = [server.get(timeout=2) for _ in range(40)]
    with contextlib.suppress(ProcessLookupError):
        os.kill(workers[0], signal.SIGCONT)
    return 100 * taken.count(None) / len(taken)


def sign_in(desk: Desk) -> str:
    """The cookies of the administrator."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = opener.open(f"{desk.url}/sign-in/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    names = re.findall(r'<input[^>]*name="(\w+)"[^>]*type="(?:text|email|password)"', page)
    names += re.findall(r'<input[^>]*type="(?:text|email|password)"[^>]*name="(\w+)"', page)
    values = {"csrfmiddlewaretoken": token[1]}
    for name in names:
        values[name] = desk.admin_password if "password" in name else desk.admin_email
    opener.open(f"{desk.url}/sign-in/", urllib.parse.urlencode(values).encode()).read()
    return "; ".join(f"{one.name}={one.value}" for one in jar)


def measure(server: Server, seconds: float, slow: int) -> dict[str, float]:
    """One round."""
    server.load(4, 1)
    found: dict[str, float] = {}
    taken = server.load(16, seconds)
    found["req/s"], found["p95"] = len([one for one in taken if one]) / seconds, p95(taken)
    # Without them before and after: the machine may have got other work meanwhile.
    before = p95(server.load(4, seconds))
    for kind in ("heads", "bodies", "readers"):
        with slow_clients(server, kind, slow):
            server.settle()
            beside = p95(server.load(4, seconds))
        server.settle()
        after = p95(server.load(4, seconds))
        found[kind], before = 2 * beside / (before + after), after
    found["stalled %"] = stalled_by_a_frozen_worker(server)
    time.sleep(1)
    found["failed"], found["of"] = failed_on(server, lambda pid: os.kill(pid, signal.SIGTERM))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(SERVERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--slow", type=int, default=200)
    asked = parser.parse_args()
    desk = Desk(DESK_SYNC_EVERY="86400")
    desk.start()
    try:
        cookie = sign_in(desk)
        rounds: dict[str, list[dict[str, float]]] = {}
        for number in range(asked.rounds):
            for name in asked.names:
                if importlib.util.find_spec(SERVERS[name][0]) is None:
                    continue
                server = Server(name, desk, cookie)
                try:
                    rounds.setdefault(name, []).append(measure(server, asked.seconds, asked.slow))
                finally:
                    server.stop()
                print(number, name, rounds[name][-1], file=sys.stderr)  # noqa: T201
        for name, found in rounds.items():
            medians = {key: statistics.median(one[key] for one in found) for key in found[0]}
            cells = " | ".join(f"{value:.2f}" for value in medians.values())
            print(f"| {name} | {cells} |")  # noqa: T201
    finally:
        desk.stop()


if __name__ == "__main__":
    main()
