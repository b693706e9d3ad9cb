"""Every page, in both themes and both widths: nothing too wide, nothing serious found by axe."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import check_access, check_width
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PAGES = [
    "/",
    "/alarms/",
    "/accounts/",
    "/accounts/?q=nothing-matches-this",
    "/accounts/onboard/",
    "/accounts/onboard/runs/",
    "/connectors/",
    "/library/",
    "/links/",
    "/links/campaigns/",
    "/templates/",
    "/cycles/",
    "/operations/",
    "/bulk/",
    "/audit/",
    "/settings/",
    "/settings/webhook/",
    "/settings/tokens/",
    "/settings/emails/",
    "/settings/people/",
    "/settings/features/",
    "/settings/retention/",
    "/settings/audit-heads/",
    "/notices/",
    "/notices/wishes/",
    "/search/?q=harb",
    "/shortcuts/",
]
NAMES = [
    "Overview",
    "Alarms",
    "Accounts",
    "Connectors",
    "Library",
    "Links",
    "Templates",
    "Cycles",
    "Operations",
    "Audit",
    "Settings",
]


def test_the_navigation_has_its_words_and_each_leads_to_its_page(
    desk: Desk, staff_at: Callable[..., Any]
) -> None:
    page: Page = staff_at(desk).page
    main = page.get_by_role("navigation", name="Main")
    assert [link.inner_text() for link in main.locator("ul").get_by_role("link").all()] == NAMES
    for name in NAMES:
        main.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(main.get_by_role("link", name=name, exact=True)).to_have_attribute(
            "aria-current", "page"
        )


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark")])
def test_every_staff_page_is_sound(
    width: int, theme: str, desk: Desk, staff_at: Callable[..., Any]
) -> None:
    staff = staff_at(desk, width=width)
    staff.context.add_cookies([{"name": "theme", "value": theme, "url": desk.url}])
    page: Page = staff.page
    page.goto(f"{desk.url}/accounts/?q=harbour")
    account = page.get_by_role("link", name="Harbour Books").first.get_attribute("href")
    page.goto(f"{desk.url}{account}")
    connector = page.get_by_role("link", name="HubSpot", exact=True).first.get_attribute("href")
    page.goto(f"{desk.url}/library/?q=zendesk")
    entry = page.get_by_role("link", name="Zendesk").first.get_attribute("href")
    page.goto(f"{desk.url}{account}install/?q=zendesk")
    form = page.get_by_role("link", name=re.compile("^Choose Zendesk")).first.get_attribute("href")
    page.goto(f"{desk.url}{entry}install/")
    page.get_by_label("Account ids or a table").fill("shop-1042.example\nnobody-has-this-id")
    page.get_by_label("OAuth 2.0").check()
    expect(page.get_by_label("Create a connection link for each account")).to_be_checked()
    page.get_by_label("Zendesk Subdomain").fill("acme")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("button", name="Start for 1 account")).to_be_visible()
    preview = page.url.removeprefix(desk.url)
    more = [
        account,
        f"{account}links/",
        f"{account}activity/",
        f"{account}install/",
        form,
        f"{account}links/new/",
        connector,
        entry,
        f"{entry}methods/",
        f"{entry}compare/",
        f"{entry}install/",
        preview,
    ]
    for path in [*PAGES, *more]:
        page.goto(f"{desk.url}{path}")
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        check_width(page)
        check_access(page)


@pytest.mark.parametrize("width", [1440, 360])
def test_the_customers_pages_are_sound(
    width: int,
    desk: Desk,
    staff_at: Callable[..., Any],
    customer: Callable[..., BrowserContext],
) -> None:
    page: Page = staff_at(desk).open_account("Harbour Books")
    page.get_by_role("link", name="Create link", exact=True).first.click()
    page.get_by_role("button", name="Create link").click()
    address = page.get_by_label("Link address").input_value()
    link_page = page.url
    tab = customer(width=width).new_page()
    for where in (address, f"{desk.url}/c/{'a' * 64}", f"{desk.url}/c/m/{'a' * 32}"):
        tab.goto(where)
        expect(tab.get_by_role("heading", level=1)).to_have_count(1)
        check_width(tab)
        check_access(tab)
    check_access(page)
    page.goto(link_page)
    page.get_by_role("button", name="Revoke").click()
    asked = page.get_by_role("dialog", name="Revoke this link?")
    expect(asked.get_by_role("button", name="Keep link")).to_be_focused()
    asked.get_by_role("button", name="Revoke link").click()
    expect(page.locator(".badge[data-state]")).to_have_text("Revoked")
    tab.goto(address)
    expect(tab.get_by_role("heading", level=1)).to_have_text("This link was withdrawn")
    check_access(tab)
    tab.get_by_role("button", name="Ask for a new link").click()
    expect(tab.get_by_role("status").first).to_contain_text("knows that you need a new link")


def test_by_keyboard_alone(desk: Desk, staff_at: Callable[..., Any]) -> None:
    page: Page = staff_at(desk).page
    page.goto(f"{desk.url}/accounts/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search accounts")).to_be_focused()
    page.keyboard.type("harbour")
    expect(page.get_by_role("row")).to_have_count(2)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Harbour Books":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Books")
