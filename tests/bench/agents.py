"""So many agents at once, as they work: pages, pauses for thought, and what pages ask themselves.

    .venv/bin/python tests/bench/agents.py [--agents 50] [--minutes 10] [--embedded]

The whole dashboard runs in processes of its own beside the bundled Cyclr: on PostgreSQL, or with
--embedded on SQLite as `./run` starts it. Each agent is a signed-in session in a thread and goes
round the same way: overview, list of connectors, a search there, an account, a connector; three to
ten seconds on each, in which the parts of the page that may change are asked for as the page says
(each second, fifth or tenth). Prints errors, and milliseconds of pages and of parts: median, p95,
p99, most; beside the median of the same pages before, when one agent asked alone. It shares the
machine with what it measures, so what it says of a busy one is about that.
"""

from __future__ import annotations

import argparse
import html
import os
import random
import re
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.figures import Figure, record  # noqa: E402
from tests.support.desk import Desk  # noqa: E402
from tests.support.services import PostgresServer  # noqa: E402

THINK = (3.0, 10.0)
"""Seconds on a page."""
WORDS = ("hubspot", "shopify", "is:broken", "is:authenticated", "slack", "account:harbour", "xero")
PAGE, PART = "pages", "parts"
WANTED = 500.0
"""Milliseconds that one request in a hundred may take longer than."""
_TAG = re.compile(r"<[a-z]+\s[^>]*\bhx-trigger=\"[^\"]*\bpoll-(\d+)s\b[^>]*>")


@dataclass(slots=True)
class Part:
    """A part of a page that asks for itself."""

    url: str
    every: float
    headers: dict[str, str]
    due: float


@dataclass
class Taken:
    """What requests took, in milliseconds, and what went wrong."""

    pages: list[float] = field(default_factory=list)
    parts: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def parts_of(page: str) -> list[Part]:
    """What a page goes on to ask for, as its markup says."""
    found: dict[str, Part] = {}
    for tag in _TAG.finditer(page):
        url = re.search(r'\bhx-get="([^"]+)"', tag[0])
        seen = re.search(r'"X-Seen": "([^"]*)"', html.unescape(tag[0]))
        if url:
            headers = {"HX-Request": "true"} | ({"X-Seen": seen[1]} if seen else {})
            path, every = html.unescape(url[1]), float(tag[1])
            # The bell stands in the page twice, and one of them is drawn.
            found.setdefault(path.partition("?")[0], Part(path, every, headers, every))
    return list(found.values())


class Agent:
    """A signed-in session that goes round and round."""

    def __init__(self, desk: Desk, number: int) -> None:
        self.url, self.taken = desk.url, Taken()
        self._lists: dict[str, str] = {}
        self.chance = random.Random(number)  # noqa: S311 - no secret
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html"
        form = self.session.get(f"{self.url}/sign-in/", timeout=60).text
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[0]
        entries = {"email": desk.admin_email, "password": desk.admin_password}
        answer = self.session.post(
            f"{self.url}/sign-in/",
            data=entries | {"csrfmiddlewaretoken": token},
            headers={"Referer": f"{self.url}/sign-in/"},
            timeout=60,
        )
        if answer.url != f"{self.url}/":
            sys.exit(f"nobody could sign in: {answer.url}")

    def get(self, path: str, kind: str, headers: dict[str, str] | None = None) -> str:
        """A page or a part, and how long it took; what failed is noted."""
        began = time.perf_counter()
        try:
            answer = self.session.get(f"{self.url}{path}", headers=headers, timeout=60)
        except requests.RequestException as error:
            self.taken.errors.append(f"{path}: {type(error).__name__}")
            return ""
        getattr(self.taken, kind).append((time.perf_counter() - began) * 1000)
        is_signed_out = "/sign-in/" in answer.url or "HX-Redirect" in answer.headers
        if answer.status_code not in {200, 204} or is_signed_out:
            self.taken.errors.append(f"{path}: {answer.status_code} {answer.url}")
        return answer.text

    def work(self, until: float, think: tuple[float, float] = THINK) -> None:
        """Go round until then."""
        while time.monotonic() < until:
            for path in self.way():
                page = self.get(path, PAGE)
                self.dwell(page, min(until, time.monotonic() + self.chance.uniform(*think)))
                if time.monotonic() >= until:
                    return

    def way(self) -> list[str]:
        """The pages of one round."""
        search = f"/connectors/?q={self.chance.choice(WORDS)}"
        accounts = re.findall(r'href="(/accounts/\d+/)"', self.list_of("/accounts/"))
        connectors = re.findall(r'href="(/connectors/\d+/)"', self.list_of("/connectors/"))
        pages = [self.chance.choice(accounts), self.chance.choice(connectors)]
        return ["/", "/connectors/", search, *pages]

    def list_of(self, path: str) -> str:
        """A list, asked for once."""
        if path not in self._lists:
            self._lists[path] = self.get(path, PAGE)
        return self._lists[path]

    def dwell(self, page: str, until: float) -> None:
        """Look at a page, which asks for its parts meanwhile."""
        opened, parts = time.monotonic(), parts_of(page)
        while time.monotonic() < until:
            coming = min((part.due for part in parts), default=float("inf"))
            time.sleep(max(0.0, min(until, opened + coming) - time.monotonic()))
            for part in parts:
                if time.monotonic() - opened >= part.due and time.monotonic() < until:
                    self.get(part.url, PART, part.headers)
                    part.due = time.monotonic() - opened + part.every


def share(times: list[float], part: float) -> float:
    """What so large a part of the requests took at most."""
    return sorted(times)[min(len(times) - 1, int(len(times) * part))] if times else float("nan")


def alone(desk: Desk) -> float:
    """The median of one agent's pages when nobody else asks."""
    agent = Agent(desk, 0)
    agent.work(time.monotonic() + 15, think=(0.1, 0.2))
    return share(agent.taken.pages[5:], 0.5)


def told(name: str, times: list[float]) -> str:
    """A line of the table."""
    figures = " ".join(f"{share(times, part):8.0f}" for part in (0.5, 0.95, 0.99, 1))
    return f"{name:8} {len(times):8d} {figures}\n"


def measure(desk: Desk, agents: int, minutes: float) -> tuple[float, Taken]:
    """What one takes alone, and what all take together."""
    desk.wait_until_read()
    idle = alone(desk)
    people = [Agent(desk, number + 1) for number in range(agents)]
    until = time.monotonic() + 60 * minutes
    threads = []
    for agent in people:
        thread = threading.Thread(target=agent.work, args=(until,))
        thread.start()
        threads.append(thread)
        time.sleep(min(0.2, THINK[1] / agents))  # nobody begins in step
    for thread in threads:
        thread.join()
    together = Taken()
    for agent in people:
        together.pages += agent.taken.pages
        together.parts += agent.taken.parts
        together.errors += agent.taken.errors
    return idle, together


def main() -> bool:
    """Start it, measure, say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--embedded", action="store_true", help="SQLite, as ./run starts it")
    asked = parser.parse_args()
    before = os.getloadavg()[0]
    with ExitStack() as running:
        settings = {}
        if not asked.embedded:
            server = PostgresServer()
            running.callback(server.stop)
            settings["DATABASE_URL"] = f"{server.make_database('agents')}?pool=true"
        desk = Desk(**settings)
        running.callback(desk.stop)
        desk.start()
        idle, taken = measure(desk, asked.agents, asked.minutes)
    every = taken.pages + taken.parts
    sys.stdout.write(f"{'ms':8} {'requests':>8} {'median':>8} {'p95':>8} {'p99':>8} {'most':>8}\n")
    sys.stdout.write(told(PAGE, taken.pages) + told(PART, taken.parts))
    sys.stdout.write(
        f"errors {len(taken.errors)}; a page alone {idle:.0f} ms; load {before:.1f} before,"
        f" {os.getloadavg()[0]:.1f} at the end\n"
    )
    for error in taken.errors[:10]:
        sys.stdout.write(f"{error}\n")
    where = "SQLite" if asked.embedded else "PostgreSQL"
    who = f"{asked.agents} agents for {asked.minutes:g} min on {where}"
    worst, usual = share(every, 0.99), share(taken.pages, 0.5)
    figures = [
        Figure(f"{who}: p99", f"{worst:.0f} ms", f"{WANTED:.0f} ms", worst / WANTED, 1),
        Figure(f"{who}: errors", str(len(taken.errors)), str(len(every)), len(taken.errors), 0),
        Figure(
            f"{who}: median page, one alone", f"{usual:.0f} ms", f"{idle:.0f} ms", usual / idle, 3
        ),
    ]
    for figure in figures:
        record(figure)
    return all(figure.is_met for figure in figures)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
