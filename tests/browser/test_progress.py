"""An operation's page follows what happens, and asks nothing when there is nothing to follow."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, Request, expect

from dashboard.operations.models import Operation, Reason, State
from dashboard.people.models import Role
from tests.factories import make_operation, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SLOW = 5.0
"""Seconds after which a change is late even on a machine that runs other tests beside."""


@pytest.fixture
def operation() -> Operation:
    """One that has just been asked for."""
    return make_operation()


@pytest.fixture
def asked(live_server: Any, page: Page, operation: Operation) -> Callable[[float], int]:
    """The operation's page is open; answers how often it asks within some seconds."""
    client = Client()
    client.force_login(make_user(Role.AGENT))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    page.context.add_cookies([{**cookie, "url": live_server.url}])  # type: ignore[typeddict-item]
    page.goto(f"{live_server.url}{operation.get_absolute_url()}")
    expect(page.locator(".pill[data-state]")).to_have_text("Queued")
    requests: list[str] = []

    def count(request: Request) -> None:
        if operation.reference in request.url:
            requests.append(request.url)

    page.on("request", count)

    def within(seconds: float) -> int:
        before = len(requests)
        page.wait_for_timeout(seconds * 1000)
        return len(requests) - before

    return within


def become(operation: Operation, state: State) -> None:
    """A worker moves it on."""
    values: dict[str, Any] = {"state": state}
    if state == State.FAILED:
        values |= {"reason": Reason.REFUSED, "error": "No.", "finished_at": timezone.now()}
    Operation.objects.filter(pk=operation.pk).update(**values)


def turn(page: Page, is_hidden: bool) -> None:
    """The tab goes behind another one, or comes back: what a browser tells its page then."""
    page.evaluate(
        """(state) => {
          Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        "hidden" if is_hidden else "visible",
    )


def test_each_change_is_shown_within_a_second(
    asked: Callable[[float], int], page: Page, operation: Operation
) -> None:
    pill, took = page.locator(".pill[data-state]"), []
    for state, word in (
        (State.RUNNING, "Running"),
        (State.UNSURE, "Checking"),
        (State.QUEUED, "Queued"),
        (State.SENT, "Running"),
        (State.FAILED, "Failed"),
    ):
        page.wait_for_timeout(370)  # the changes fall on different moments between two looks
        become(operation, state)
        started = time.monotonic()
        expect(pill).to_have_text(word)
        took.append(time.monotonic() - started)

    assert max(took) < SLOW


def test_a_moving_operation_is_asked_for_once_a_second(asked: Callable[[float], int]) -> None:
    assert 3 <= asked(4) <= 5


def test_a_finished_operation_is_not_asked_for(
    asked: Callable[[float], int], page: Page, operation: Operation
) -> None:
    become(operation, State.FAILED)
    expect(page.locator(".pill[data-state]")).to_have_text("Failed")

    assert asked(3) == 0


def test_a_hidden_tab_asks_nothing_and_looks_at_once_when_it_is_back(
    asked: Callable[[float], int], page: Page, operation: Operation
) -> None:
    turn(page, is_hidden=True)
    asked(0.2)  # one may be on its way
    assert asked(3) == 0
    become(operation, State.UNSURE)
    turn(page, is_hidden=False)
    started = time.monotonic()

    expect(page.locator(".pill[data-state]")).to_have_text("Checking")
    assert time.monotonic() - started < SLOW
