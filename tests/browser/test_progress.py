"""An operation's page follows what happens, and asks nothing when there is nothing to follow."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard.operations.models import Operation, Reason, State
from dashboard.people.models import Role
from tests.factories import make_operation, make_user
from tests.support.beats import Beats

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def operation() -> Operation:
    """One that has just been asked for."""
    return make_operation()


@pytest.fixture
def beats(live_server: Any, page: Page, operation: Operation) -> Beats:
    """The operation's page has been open for a second, and its clock stands still."""
    client = Client()
    client.force_login(make_user(Role.AGENT))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    page.context.add_cookies([{**cookie, "url": live_server.url}])  # type: ignore[typeddict-item]
    beats = Beats(page)
    page.goto(f"{live_server.url}{operation.get_absolute_url()}")
    expect(page.locator(".badge[data-state]")).to_have_text("Queued")
    beats.beat()
    return beats


def asked(beats: Beats, operation: Operation, seconds: int) -> int:
    """How often the page asks for the operation within so many seconds of its own."""
    return len([url for url in beats.beat(seconds) if operation.reference in url])


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
    beats: Beats, page: Page, operation: Operation
) -> None:
    for state, word in (
        (State.RUNNING, "Running"),
        (State.UNSURE, "Checking"),
        (State.QUEUED, "Queued"),
        (State.SENT, "Running"),
        (State.FAILED, "Failed"),
    ):
        become(operation, state)

        assert asked(beats, operation, 1) == 1
        expect(page.locator(".badge[data-state]")).to_have_text(word)


def test_what_was_just_asked_for_is_looked_at_within_a_fraction_of_a_second(
    beats: Beats, page: Page, operation: Operation
) -> None:
    page.reload()
    expect(page.locator(".badge[data-state]")).to_have_text("Queued")
    become(operation, State.FAILED)

    page.clock.run_for(200)

    expect(page.locator(".badge[data-state]")).to_have_text("Failed")


def test_a_moving_operation_is_asked_for_once_a_second(beats: Beats, operation: Operation) -> None:
    assert [asked(beats, operation, 1) for _ in range(4)] == [1, 1, 1, 1]


def test_a_finished_operation_is_not_asked_for(
    beats: Beats, page: Page, operation: Operation
) -> None:
    become(operation, State.FAILED)
    beats.beat()
    expect(page.locator(".badge[data-state]")).to_have_text("Failed")

    assert asked(beats, operation, 5) == 0


def test_a_hidden_tab_asks_nothing_and_looks_at_once_when_it_is_back(
    beats: Beats, page: Page, operation: Operation
) -> None:
    turn(page, is_hidden=True)
    assert asked(beats, operation, 5) == 0
    become(operation, State.UNSURE)
    turn(page, is_hidden=False)

    assert asked(beats, operation, 1) == 1
    expect(page.locator(".badge[data-state]")).to_have_text("Checking")
