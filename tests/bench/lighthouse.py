"""What Lighthouse says of the pages that people see most; results are kept in `docs/lighthouse.md`.

    .venv/bin/python tests/bench/lighthouse.py [PAGE…] [--rounds 3] [--mobile] [--keep FOLDER]

Needs node and npm: `lighthouse@12` is installed into a temporary folder. The whole dashboard runs
with the bundled Cyclr, and Chromium signs in before it opens staff's pages. With --mobile by
Lighthouse's own idea of a slow phone on a slow network. Prints a table in Markdown, a line each
page: the median of the rounds in performance, accessibility and best practices, and below it each
audit that is not as good as can be.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import BrowserContext, sync_playwright  # noqa: E402

from tests.bench.agents import Agent  # noqa: E402
from tests.support.desk import Desk  # noqa: E402
from tests.support.services import chromium, free_port  # noqa: E402

PACKAGE = "lighthouse@12"
CATEGORIES = ("performance", "accessibility", "best-practices")
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
OPEN = {"sign-in", "customer"}
"""Pages for which nobody is signed in."""
LINK = """
from dashboard.audit.models import Actor
from dashboard.links.services import create_link
from dashboard.mirror.models import AccountConnector
one = AccountConnector.objects.filter(authenticated=False, gone_at=None)[0]
print("at", create_link(Actor.system(), one.account, [one]).url())
"""


def installed(folder: Path, *, is_mobile: bool) -> list[str]:
    """Lighthouse's command, after it was installed into the folder."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is not here: install Debian's packages nodejs and npm, or another node.")
    quiet = ["--no-audit", "--no-fund", "--loglevel", "error"]
    subprocess.run([npm, "install", *quiet, "--prefix", str(folder), PACKAGE], check=True)
    command = str(folder / "node_modules" / ".bin" / "lighthouse")
    return [command] if is_mobile else [command, "--preset=desktop"]


def pages_of(desk: Desk) -> dict[str, str]:
    """Addresses by name; those for which nobody is signed in come first."""
    desk.wait_until_read()
    agent = Agent(desk, 1)

    def first(path: str, pattern: str) -> str:
        return f"{desk.url}{re.findall(pattern, agent.get(path, 'pages'))[0]}"

    account = first("/accounts/?q=harbour", r'href="(/accounts/\d+/)"')
    connector = first(account.removeprefix(desk.url), r'href="(/connectors/\d+/)"')
    link = re.findall(r"^at (\S+)$", desk.manage("shell", "-v", "0", "-c", LINK), re.MULTILINE)[0]
    return {
        "sign-in": f"{desk.url}/sign-in/",
        "customer": link,
        "overview": f"{desk.url}/",
        "connectors": f"{desk.url}/connectors/",
        "account": account,
        "connector": connector,
    }


def sign_in(browser: BrowserContext, desk: Desk) -> None:
    """In the browser itself: what a page asks for by script carries no cookie that is a header."""
    page = browser.new_page()
    page.goto(f"{desk.url}/sign-in/")
    page.get_by_label("Email").fill(desk.admin_email)
    page.get_by_label("Password").fill(desk.admin_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{desk.url}/")
    page.close()


def judged(command: list[str], url: str, path: Path) -> dict[str, Any]:
    """Lighthouse's report of one page."""
    arguments = [
        *(*command, url, "--quiet", "--output=json", f"--output-path={path}"),
        f"--only-categories={','.join(CATEGORIES)}",
    ]
    subprocess.run(arguments, check=True)
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if report["finalDisplayedUrl"] != url:
        sys.exit(f"{url} leads to {report['finalDisplayedUrl']}")
    return report


def faults(report: dict[str, Any]) -> list[str]:
    """The audits that count and are not as good as can be."""
    found = []
    for category in CATEGORIES:
        for one in report["categories"][category]["auditRefs"]:
            audit = report["audits"][one["id"]]
            if one["weight"] and audit["score"] is not None and audit["score"] < 1:
                value = audit.get("displayValue", "")
                found.append(f"{category}: {audit['title']} ({audit['score']}) {value}".strip())
    return found


def main() -> bool:
    """Judge them; whether all is as wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mobile", action="store_true", help="a slow phone, not a computer")
    parser.add_argument("--keep", type=Path, help="where the reports are left")
    asked = parser.parse_args()
    is_good = True
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="desk-lighthouse-")))
        port = free_port()
        command = [*installed(folder, is_mobile=asked.mobile), f"--port={port}"]
        desk = Desk()
        running.callback(desk.stop)
        desk.start()
        chrome = running.enter_context(sync_playwright()).chromium
        browser = chrome.launch_persistent_context(
            folder / "profile",
            executable_path=chromium(),
            args=[*SWITCHES, f"--remote-debugging-port={port}"],
        )
        running.callback(browser.close)
        is_signed_in = False
        sys.stdout.write(
            "| | performance | accessibility | best practices |\n|---|---:|---:|---:|\n"
        )
        notes: list[str] = []
        for name, url in pages_of(desk).items():
            if asked.pages and name not in asked.pages:
                continue
            if name not in OPEN and not is_signed_in:
                sign_in(browser, desk)
                is_signed_in = True
            reports = [
                judged(command, url, (asked.keep or folder) / f"{name}-{number}.json")
                for number in range(asked.rounds)
            ]
            scores = [
                round(100 * statistics.median(one["categories"][kind]["score"] for one in reports))
                for kind in CATEGORIES
            ]
            sys.stdout.write(f"| {name} | {' | '.join(map(str, scores))} |\n")
            sys.stdout.flush()
            notes += [f"{name}: {fault}" for fault in faults(reports[-1])]
            is_good &= scores[0] >= 95 and scores[1:] == [100, 100]
        sys.stdout.write("".join(f"{note}\n" for note in notes))
    return is_good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
