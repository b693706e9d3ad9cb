"""The end of a session in a real Chromium: a warning, and nothing typed is lost."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from dashboard.people.models import User
from dashboard.sessions.models import Session
from tests.factories import PASSWORD, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def person() -> User:
    """Who is signed in."""
    return make_user()


@pytest.fixture
def tab(live_server: Any, page: Page, person: User) -> Page:
    """One's own page."""
    client = Client()
    client.force_login(person)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    page.context.add_cookies([{**cookie, "url": live_server.url}])  # type: ignore[typeddict-item]
    page.goto(f"{live_server.url}{reverse('profile')}")
    return page


def time_goes_by(tab: Page, minutes: int) -> None:
    """As if nobody had done anything for so long: on the server, and for the script."""
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=minutes))
    idle, whole = int(time.time()) + (30 - minutes) * 60, int(time.time()) + 8 * 3600 - 5
    tab.evaluate(f"document.cookie = 'session-ends={idle}.{whole}.1800;path=/'")


def test_who_is_warned_stays_by_a_press(tab: Page) -> None:
    notice = tab.locator("#session-notice")
    expect(notice).to_be_hidden()
    time_goes_by(tab, 29)
    expect(notice).to_contain_text("You will be signed out at")
    tab.get_by_role("button", name="Stay signed in").click()

    expect(notice).to_be_hidden()
    assert timezone.now() - Session.objects.get().last_seen_at < timedelta(minutes=5)


def test_what_was_typed_when_the_session_ended_is_sent_after_signing_in_again(
    tab: Page, person: User
) -> None:
    tab.get_by_label("Name").fill("Ada Lovelace")
    time_goes_by(tab, 31)
    notice = tab.locator("#session-notice")
    expect(notice).to_contain_text("Your session has ended")
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_label("Name")).to_have_value("Ada Lovelace")
    with tab.expect_popup() as opening:
        notice.get_by_role("link", name="Sign in again").click()
    other = opening.value
    other.locator("#email").fill(person.email)
    other.locator("#password").fill(PASSWORD)
    other.locator("form button[type=submit]").first.click()
    expect(other.locator(".shell")).to_be_visible()

    expect(notice).to_be_hidden()
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Saved.")).to_be_visible()
    person.refresh_from_db()
    assert person.name == "Ada Lovelace"


def test_a_page_on_which_nothing_was_typed_goes_to_sign_in(tab: Page) -> None:
    time_goes_by(tab, 31)

    tab.wait_for_url("**/sign-in/?next=%2Fme%2F")
