"""A customer's whole story on a link, in a real browser: every way to connect, and every end."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Staff, check_access, check_width
from tests.browser.test_story import everything_stored, history_of
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]

KEY = "canary-customer-key-7be1c0"
PASSWORD = "canary-customer-password-4f20aa"


def left_to_the_customer(staff: Staff, account: str, connector: str) -> None:
    """Install a connector without what only the customer knows."""
    page = staff.open_install_form(account, connector)
    page.get_by_label("Let the customer fill this in").check()
    page.get_by_role("button", name="Install", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(account)
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=connector, exact=True))
    expect(row.locator('[data-state="not-authenticated"]').first).to_be_visible()


def make_link(page: Page, *apps: str) -> str:
    """From the account's page: a link over just these apps; its address."""
    page.get_by_role("link", name="Create link", exact=True).first.click()
    for box in page.locator('input[name="connectors"]').all():
        box.uncheck()
    for app in apps:
        page.get_by_role("checkbox", name=re.compile(f"^{re.escape(app)}")).check()
    page.get_by_role("button", name="Create link").click()
    address: str = page.get_by_label("Link address").input_value()
    return address


def sound(tab: Page, *, javascript: bool) -> None:
    """One heading, nothing too wide; with JavaScript also axe, which is some itself."""
    expect(tab.get_by_role("heading", level=1)).to_have_count(1)
    if javascript:
        check_width(tab)
        check_access(tab)


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_a_checklist_of_three_ways(
    javascript: bool,
    desk: Desk,
    staff_at: Callable[..., Any],
    customer: Callable[..., BrowserContext],
) -> None:
    staff = staff_at(desk)
    account = "Tidewater Tea Rooms" if javascript else "Moulin des Prés"
    left_to_the_customer(staff, account, "Freshdesk")
    left_to_the_customer(staff, account, "Twilio SMS")
    page: Page = staff.open_install_form(account, "Slack")
    page.get_by_label("Create a connection link now").uncheck()
    page.get_by_role("button", name="Install", exact=True).click()
    slack = page.get_by_role("row").filter(has=page.get_by_role("link", name="Slack", exact=True))
    expect(slack.locator('[data-state="not-authenticated"]').first).to_be_visible()
    address = make_link(page, "Freshdesk", "Twilio SMS", "Slack")
    tab = customer(javascript=javascript, width=320).new_page()
    tab.goto(address)
    expect(tab.get_by_text("0 of 3 connected")).to_be_visible()
    sound(tab, javascript=javascript)

    # A key and a setting that must stand before it; an empty form says so and keeps the rest.
    card = tab.get_by_role("listitem").filter(has_text="Freshdesk")
    card.get_by_role("link", name="Enter details").click()
    sound(tab, javascript=javascript)
    tab.get_by_label("API key").fill(KEY)
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_role("alert")).to_contain_text("another look")
    expect(tab.get_by_label("API key")).to_have_value("")
    sound(tab, javascript=javascript)
    tab.get_by_label(re.compile("Domain")).fill("tidewater")
    tab.get_by_label("API key").fill(KEY)
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Connected", exact=True).first).to_be_visible()
    sound(tab, javascript=javascript)
    tab.get_by_role("link", name="Go on with the next app").click()
    expect(tab.get_by_text("1 of 3 connected")).to_be_visible()

    # A user name and a password.
    card = tab.get_by_role("listitem").filter(has_text="Twilio SMS")
    card.get_by_role("link", name="Enter details").click()
    tab.get_by_label("User name").fill("ana")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Save").click()
    expect(tab.get_by_text("Connected", exact=True).first).to_be_visible()
    tab.get_by_role("link", name="Go on with the next app").click()

    # A visit at the provider: first no, then yes.
    for button in ("Deny", "Approve"):
        tab.goto(address)
        tab.get_by_role("button", name="Continue").click()
        tab.get_by_role("button", name=button).click()
    expect(tab.get_by_text("Connected", exact=True).first).to_be_visible()
    tab.goto(address)
    expect(tab.get_by_role("heading", level=1)).to_have_text("Everything is connected")
    sound(tab, javascript=javascript)

    # Staff saw it happen, and never what was typed.
    expect(page.locator('.badge[data-state="connected"]')).to_have_text("Connected")
    check_access(page)
    for what, secret in {
        "the key": KEY,
        "the password": PASSWORD,
        "the link": urlsplit(address).path.removeprefix("/c/"),
    }.items():
        for where, content in everything_stored(desk).items():
            assert secret not in content, f"{what} stands in {where}"
    assert KEY not in history_of(tab, desk)
    values = str(desk.cyclr_control("world"))
    assert KEY in values or "***" in values


def test_links_that_have_ended(
    desk: Desk, staff_at: Callable[..., Any], customer: Callable[..., BrowserContext]
) -> None:
    staff = staff_at(desk)
    page: Page = staff.open_account("Harbour Books")
    address = make_link(page, "HubSpot")
    link_page = page.url
    tab = customer().new_page()
    tab.goto(address)
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke link").click()
    tab.get_by_role("button", name="Continue").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("This link was withdrawn")
    sound(tab, javascript=True)

    page = staff.open_account("Harbour Books")
    address = make_link(page, "HubSpot")
    number = page.url.split("/links/")[1].split("/")[0]
    tab.goto(address)
    desk.manage(
        "shell",
        "-c",
        "from dashboard.links.models import Link; from django.utils import timezone; "
        f"Link.objects.filter(pk={number}).update(expires_at=timezone.now())",
    )
    tab.get_by_role("button", name="Continue").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("This link has expired")
    sound(tab, javascript=True)
    tab.get_by_role("button", name="Ask for a new link").click()
    expect(tab.get_by_role("status").first).to_contain_text("knows that you need a new link")
    expect(page.get_by_text("The customer asks for a new link").first).to_be_visible()
    assert page.url != link_page


@pytest.mark.parametrize(
    ("language", "heading", "button"),
    [
        ("de", "bittet Sie", "Weiter"),
        ("fr", "vous", "Continuer"),
        ("es", "pide", "Continuar"),
    ],
)
def test_the_language_of_the_customer(
    language: str,
    heading: str,
    button: str,
    desk: Desk,
    staff_at: Callable[..., Any],
    customer: Callable[..., BrowserContext],
) -> None:
    page: Page = staff_at(desk).open_account("Harbour Books")
    address = make_link(page, "HubSpot")
    tab = customer(width=320).new_page()
    tab.set_extra_http_headers({"Accept-Language": f"{language};q=0.9, en;q=0.1"})
    tab.goto(address)

    expect(tab.get_by_role("heading", level=1)).to_contain_text(heading)
    expect(tab.get_by_role("button", name=button)).to_be_visible()
    assert tab.locator("html").get_attribute("lang") == language
    sound(tab, javascript=True)
    tab.get_by_role("button", name=button).click()
    tab.get_by_role("button", name="Deny").wait_for()
