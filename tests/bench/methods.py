"""How soon a called method's answer is on the page while everything is being read, and large ones.

    .venv/bin/python tests/bench/methods.py [--accounts 3000] [--calls 40] [--large 100]

The whole dashboard runs beside a local Cyclr that takes 100 ms a call, and reads all of its
accounts meanwhile. A browser's part is played: press Call, follow to the page of the answer, look
again when `static/js/desk.js` would. Prints the milliseconds from the press until the answer is
on the page, the same less the latency of Cyclr, then for an answer of 10 MB what the first page
of its tree takes once it is there, and the memory of the workers and the web before and after
that many of them. Linux only.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from memory import megabytes, tree  # noqa: E402

from tests.bench.figures import Figure, record  # noqa: E402
from tests.support.desk import Desk  # noqa: E402

LATENCY = 0.1
LOOKS = (0.12, 0.28, 0.48, 0.72)
"""Seconds after the page was drawn at which `static/js/desk.js` looks early; then each second."""


class Staff:
    """A browser in which the administrator is signed in."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.session = desk, requests.Session()
        page = self.get("/sign-in/")
        self.post("/sign-in/", page, email=desk.admin_email, password=desk.admin_password)

    def get(self, path: str, **headers: str) -> requests.Response:
        """A page; anything but 200 and 204 ends the bench."""
        answer = self.session.get(f"{self.desk.url}{path}", headers=headers, timeout=60)
        if answer.status_code not in {200, 204}:
            raise SystemExit(f"{path} answered {answer.status_code}")
        return answer

    def post(self, path: str, page: requests.Response, **values: str) -> requests.Response:
        """Send the form of a page with its hidden fields."""
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        url = f"{self.desk.url}{path}"
        data = {**hidden, **values}
        answer = self.session.post(url, data, headers={"Referer": url}, timeout=60)
        if answer.status_code not in {200, 422}:
            raise SystemExit(f"{path} answered {answer.status_code}")
        return answer

    def call(self, path: str) -> tuple[float, str]:
        """Press Call; milliseconds until the answer is on the page, and the page's path."""
        page = self.get(path)
        began = time.perf_counter()
        answer = self.post(path, page)
        drawn = time.perf_counter()
        where = answer.url.removeprefix(self.desk.url)
        for after in moments():
            version = re.search(r'"X-Seen": "(\w+)"', answer.text)
            if version is None:
                return (time.perf_counter() - began) * 1000, where
            time.sleep(max(0.0, drawn + after - time.perf_counter()))
            seen = {"X-Seen": version[1], "HX-Request": "true", "HX-Target": "method-call"}
            found = self.get(where, **seen)
            answer = answer if found.status_code == 204 else found
        raise SystemExit("no answer")


def moments() -> Iterator[float]:
    """When the page looks, in seconds after it was drawn."""
    yield from LOOKS
    yield from range(1, 60)


def memory(desk: Desk) -> float:
    """MB of the processes that a large answer goes through."""
    names = ("interactive", "web")
    return sum(megabytes(pid) for name in names for pid in tree(desk.pid_of(name)))


def method_page(staff: Staff, desk: Desk) -> str:
    """The form of a reading method without required values, of some authenticated connector."""
    rows = desk.rows(
        "SELECT id FROM mirror_accountconnector WHERE authenticated AND gone_at IS NULL LIMIT 200"
    )
    for (pk,) in rows:
        path = f"/connectors/{pk}/methods/"
        page = staff.get(path)
        if "Read them now" in page.text:
            staff.post(f"{path}read/", page)
            desk.wait_for(
                lambda path=path: "Reading the methods" not in staff.get(path).text, "for methods"
            )
        found = re.findall(rf'href="({path}\w+/)"[^>]*title="(?:List|Get)', staff.get(path).text)
        for url in found:
            form = staff.get(url)
            if "Call</button>" in form.text and "/calls/" in staff.post(url, form).url:
                return str(url)
    raise SystemExit("no method can be called without values")


def timed(staff: Staff, path: str, calls: int) -> list[float]:
    """Milliseconds of each of so many calls."""
    return sorted(staff.call(path)[0] for _ in range(calls))


def say(name: str, times: list[float]) -> float:
    p95 = times[max(0, round(len(times) * 0.95) - 1)]
    less = p95 - LATENCY * 1000
    sys.stdout.write(
        f"{name:34} {statistics.median(times):8.0f} {p95:8.0f} {times[-1]:8.0f} {less:8.0f}\n"
    )
    return p95


def large(staff: Staff, desk: Desk, path: str, calls: int) -> None:
    """Answers of 10 MB: the page's first paint, and what is left of the memory."""
    rows = [{"id": n, "name": f"Customer {n}", "note": "x" * 60} for n in range(100_000)]
    body = json.dumps(rows)[:-1] + "]"
    fault = {
        "fault": "respond",
        "method": "POST",
        "path": "/account/connectors/{id}/methods/{method}",
        "status": 200,
        "body": body,
    }
    desk.cyclr_control("faults", {**fault, "times": calls + 1})
    staff.call(path)
    before, paints = memory(desk), []
    for _ in range(calls):
        _, where = staff.call(path)
        began = time.perf_counter()
        staff.get(where)
        paints.append((time.perf_counter() - began) * 1000)
    paints.sort()
    what = f"{len(body) / 1e6:.0f} MB: page of the answer"
    p95 = say(what, paints)
    record(Figure(f"{what} (p95, ms)", f"{p95:.0f}", "300", p95 / 300, 1))
    time.sleep(5)
    after = memory(desk)
    sys.stdout.write(f"memory, MB: {before:.0f} before, {after:.0f} after {calls} of them\n")
    what = f"memory after {calls} of them (MB)"
    record(Figure(what, f"{after:.0f}", f"{before:.0f}", after / before, 1.05))


def main() -> None:
    """Start it, call, say how long it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=3000)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--large", type=int, default=100)
    options = parser.parse_args()
    scale = f"--scale {options.accounts},{options.accounts * 3} --latency {LATENCY}"
    desk = Desk(LOCAL_CYCLR_OPTIONS=scale, CYCLR_CALLS_PER_SECOND="20", DESK_SYNC_EVERY="5")
    desk.start()
    try:
        desk.wait_for_row("SELECT 1 FROM mirror_accountconnector WHERE authenticated", "for rows")
        staff = Staff(desk)
        path = method_page(staff, desk)
        sys.stdout.write(
            f"{'milliseconds':34} {'median':>8} {'p95':>8} {'most':>8} {'p95-up':>8}\n"
        )
        p95 = say("call while all is read", timed(staff, path, options.calls))
        wanted = LATENCY * 1000 + 400
        what = "call while all is read (p95, ms)"
        record(Figure(what, f"{p95:.0f}", f"{wanted:.0f}", p95 / wanted, 1))
        if options.large:
            large(staff, desk, path, options.large)
    finally:
        desk.stop()


if __name__ == "__main__":
    main()
