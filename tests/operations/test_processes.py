"""Real workers that freeze, and a restart in the middle: what only processes can show."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from html import unescape
from typing import Any

import pytest
import requests

from tests.support.desk import ROOT, Desk
from tests.support.proc import children_of, command_of, environment_of
from tests.support.waiting import CEILING

pytestmark = pytest.mark.processes

ACCOUNT = "shop-1042.example"
QUICK = {"DESK_LEASE_FOR": "3", "DESK_SILENT_AFTER": "3600"}
"""Lost work is soon taken up again; looks that would send again are left far away, and nobody
replaces a worker that stands still meanwhile."""


class Visitor:
    """An administrator with a browser that has no JavaScript."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.session = desk, requests.Session()
        entries = self.entries("/sign-in/")
        entries |= {"email": desk.admin_email, "password": desk.admin_password}
        assert self.send("/sign-in/", entries).status_code == 302

    def page(self, path: str) -> str:
        """A page's HTML."""
        answer = self.session.get(f"{self.desk.url}{path}", timeout=CEILING)
        assert answer.status_code == 200, path
        return answer.text

    def entries(self, path: str) -> dict[str, str]:
        """What the inputs of a page hold."""
        inputs = re.findall(r"<input[^>]*>", self.page(path))
        found = [
            (re.search(r'name="([^"]*)"', i), re.search(r'value="([^"]*)"', i)) for i in inputs
        ]
        return {name[1]: unescape(value[1]) if value else "" for name, value in found if name}

    def send(self, path: str, entries: dict[str, str]) -> requests.Response:
        """Press the form's button."""
        return self.session.post(
            f"{self.desk.url}{path}",
            data=entries,
            headers={"Referer": f"{self.desk.url}{path}"},
            allow_redirects=False,
            timeout=CEILING,
        )

    def find(self, path: str, pattern: str) -> str:
        """What the pattern's group finds on a page, as soon as it does."""
        found: list[str] = self.desk.wait_for(
            lambda: re.findall(pattern, self.page(path)), f"for {pattern} on {path}"
        )
        return found[0]

    def install_form(self, connector: str) -> str:
        """The address of a form for Harbour Books; the first reading of Cyclr must have ended."""
        account = self.find("/accounts/?q=harbour+books", r'href="(/accounts/\d+/)"')
        picker = f"{account}install/?q={connector}"
        return self.find(picker, rf'href="([^"]*)" aria-label="Choose {connector}"')

    def newest_operation(self) -> str:
        """The address of the operation that was asked for last."""
        return self.find("/operations/", r'href="(/operations/op\w+/)"')


def installed(desk: Desk, connector: str) -> list[dict[str, Any]]:
    """What Cyclr has of a connector in the account."""
    world = desk.cyclr_control("world")
    releases = {one["Id"] for one in world["Connectors"] if one["Name"] == connector}
    return [
        one
        for one in world["AccountConnectors"]
        if one["Simulator"]["AccountId"] == ACCOUNT and one["Simulator"]["ConnectorId"] in releases
    ]


def pool_of(desk: Desk) -> list[int]:
    """The processes in which the interactive worker carries out tasks."""
    return children_of(desk.pid_of("interactive"))


@contextmanager
def frozen(desk: Desk) -> Iterator[None]:
    """The interactive worker and its pool stand still."""
    pids = [desk.pid_of("interactive"), *pool_of(desk)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def another_worker(desk: Desk) -> Iterator[None]:
    """A second interactive worker, started as the first one was."""
    first = desk.pid_of("interactive")
    process = subprocess.Popen(
        [part.replace("interactive@", "second@") for part in command_of(first)],
        cwd=ROOT,
        env=environment_of(first),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(CEILING)


def test_a_worker_frozen_past_its_lease_changes_nothing_when_it_wakes(
    desk_processes: Callable[..., Desk],
) -> None:
    desk = desk_processes(**QUICK)
    visitor = Visitor(desk)
    form = visitor.install_form("Slack")
    desk.hold("POST", "/connectors/{id}/install", times=1)
    assert visitor.send(form, visitor.entries(form)).status_code == 302
    operation = visitor.newest_operation()
    desk.wait_until_held()

    with ExitStack() as stack:
        stack.enter_context(another_worker(desk))
        with frozen(desk):
            desk.release()
            desk.wait_for(lambda: "Found in Cyclr" in visitor.page(operation), "to be found")
            desk.wait_for(lambda: "Installed as" in visitor.page(operation), "to be done")
            before = story(visitor.page(operation))
        desk.wait_for(lambda: "lease lost job=Operation" in desk.logs, "for the late writes")

    assert story(visitor.page(operation)) == before
    assert len(installed(desk, "Slack")) == 1


def story(page: str) -> str:
    """What happened, as the page tells it."""
    return page.split('id="story"')[1].split("</ol>")[0]


def test_a_form_that_is_sent_again_after_a_restart_installs_nothing_more(
    desk_processes: Callable[..., Desk],
) -> None:
    desk = desk_processes(**QUICK)
    visitor = Visitor(desk)
    form = visitor.install_form("Slack")
    entries = visitor.entries(form)
    assert visitor.send(form, entries).status_code == 302
    operation = visitor.newest_operation()
    desk.wait_for(lambda: "Installed as" in visitor.page(operation), "to be done")

    desk.interrupt()
    desk.start()
    again = visitor.send(form, entries)

    assert again.status_code == 302
    assert visitor.newest_operation() == operation
    assert len(installed(desk, "Slack")) == 1


def test_a_worker_has_as_many_processes_as_there_is_work_at_once_and_one_when_idle(
    desk_processes: Callable[..., Desk],
) -> None:
    desk = desk_processes(AUTOSCALE_KEEPALIVE="1", DESK_SILENT_AFTER="3600")
    desk.wait_until_read()
    visitor = Visitor(desk)
    accounts = re.findall(r'href="(/accounts/(\d+)/)"', visitor.page("/accounts/"))
    accounts = list(dict.fromkeys(accounts))[:3]
    for _ in range(2):
        desk.wait_for(lambda: not being_read(desk), "for the last refresh to end")
        desk.wait_for(lambda: len(pool_of(desk)) == 1, "for an idle worker")
        desk.hold("GET", "/account/connectors")
        desk.wait_for(
            lambda: has_processes(visitor, accounts), f"for {len(accounts)} processes at once"
        )
        desk.release()


def being_read(desk: Desk) -> set[str]:
    """The accounts for which a refresh was asked that has not ended."""
    rows = desk.rows("SELECT id FROM mirror_account WHERE refresh_asked_at IS NOT NULL")
    return {str(pk) for (pk,) in rows}


def has_processes(visitor: Visitor, accounts: list[tuple[str, str]]) -> bool:
    """Whether as many are there as accounts are read; an account whose call was given up while
    processes started slowly is asked for again."""
    under_way = being_read(visitor.desk)
    for path, pk in accounts:
        if pk not in under_way:
            assert visitor.send(f"{path}refresh/", visitor.entries(path)).status_code == 302
    return len(pool_of(visitor.desk)) >= len(accounts)
