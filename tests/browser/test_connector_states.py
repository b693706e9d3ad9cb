"""The page of a connector and its methods, in every state: sound in both themes and widths.

And by keyboard: from the list of methods to the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Staff, check_access, check_width
from tests.browser.test_connector_changes import press_tab_until
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("states")]

ANSWERED = "#method-call:not([data-early])"
"""The part of a call's page, once nothing more is waited for."""
CALL = {"method": "POST", "path": "/account/connectors/{id}/methods/{method}"}


@pytest.fixture(scope="module")
def read_desk() -> Iterator[Desk]:
    """A dashboard with a whole mirror that does not age, for the tests of this module."""
    desk = Desk(DESK_STALE_AFTER="3600")
    desk.start()
    desk.wait_until_read()
    yield desk
    desk.stop()


class Eyes:
    """Looks at a page wide and bright, then narrow and dark."""

    def __init__(self, desk: Desk, staff_at: Callable[..., Staff]) -> None:
        self.wide, self.narrow = staff_at(desk), staff_at(desk, width=360)
        dark = {"name": "theme", "value": "dark", "url": desk.url}
        self.narrow.context.add_cookies([dark])  # type: ignore[list-item]
        self.desk = desk

    def look(self) -> None:
        """Check the page that the wide one shows, in both."""
        check_width(self.wide.page)
        check_access(self.wide.page)
        self.narrow.page.goto(self.wide.page.url)
        expect(self.narrow.page.get_by_role("heading", level=1)).to_have_count(1)
        check_width(self.narrow.page)
        check_access(self.narrow.page)


def connector_page(staff: Staff, account: str, connector: str) -> str:
    """Open a connector's page; its address."""
    page = staff.open_account(account)
    page.get_by_role("link", name=connector, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(connector)
    return str(page.url)


def call(page: Page, address: str, method: str) -> None:
    """Call a method that needs no values, and wait for the answer."""
    page.goto(f"{address}methods/?q={method.replace(' ', '+')}")
    page.locator("#method-table").get_by_role("link", name=method, exact=True).click()
    page.get_by_role("button", name="Call", exact=True).click()
    expect(page.locator(ANSWERED)).to_have_count(1)


def test_a_connectors_page_is_sound_in_every_state(
    read_desk: Desk, staff_at: Callable[..., Any]
) -> None:
    desk, eyes = read_desk, Eyes(read_desk, staff_at)
    page = eyes.wide.page
    connector_page(eyes.wide, "Harbour Books", "HubSpot")
    expect(page.locator(".verdict")).to_contain_text("not authenticated")
    eyes.look()

    address = connector_page(eyes.wide, "Harbour Books", "MailChimp")
    expect(page.locator(".verdict h2")).to_have_text(
        re.compile("Not known yet|settings are missing")
    )
    eyes.look()
    page.get_by_role("link", name="Methods", exact=True).click()
    expect(page.get_by_role("link", name="List Subscribers", exact=True).first).to_be_visible()
    expect(page.get_by_label("Category").locator("option")).not_to_have_count(1)
    eyes.look()

    call(page, address, "List Subscribers")
    eyes.look()
    page.goto(address)
    expect(page.locator(".verdict h2")).to_have_text("It works")
    expect(page.locator(".verdict")).to_contain_text("List Subscribers")
    eyes.look()

    said = {"fault": "respond", "status": 401, "body": '{"Message": "invalid_grant"}', "times": 2}
    desk.cyclr_control("faults", CALL | said)
    call(page, address, "List Subscribers")
    eyes.look()
    page.goto(address)
    expect(page.locator(".verdict h2")).to_have_text("It does not work")
    eyes.look()
    page.locator(".verdict").get_by_role("link", name="Consent withdrawn or expired").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connectors")
    expect(page.get_by_role("link", name="MailChimp", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Remove filter: Consent withdrawn")).to_be_visible()
    eyes.look()


def test_the_forms_of_methods_are_sound_empty_with_errors_and_for_writing(
    read_desk: Desk, staff_at: Callable[..., Any]
) -> None:
    eyes = Eyes(read_desk, staff_at)
    page = eyes.wide.page
    address = connector_page(eyes.wide, "Lantern & Lye", "Parcel Desk")
    page.goto(f"{address}methods/?q=nothing-is-called-so")
    expect(page.get_by_role("heading", name="No method matches")).to_be_visible()
    eyes.look()
    page.goto(f"{address}methods/")
    links = page.locator("#method-table tbody a.name")
    expect(links.first).to_be_visible()
    for place in range(min(4, links.count())):
        page.goto(f"{address}methods/")
        links.nth(place).click()
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        eyes.look()
        button = page.get_by_role("button", name="Call", exact=True)
        if button.count() and page.get_by_label(re.compile("to confirm$")).count():
            button.click()
            expect(page.get_by_role("alert").first).to_be_focused()
            check_width(page)
            check_access(page)


def test_a_method_is_called_by_keyboard_alone(
    read_desk: Desk, staff_at: Callable[..., Any]
) -> None:
    staff: Staff = staff_at(read_desk)
    page = staff.page
    address = connector_page(staff, "Harbour Books", "MailChimp")
    press_tab_until(page, page.get_by_role("link", name="Methods", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Methods")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search methods")).to_be_focused()
    page.keyboard.type("list subscribers")
    expect(page.locator("#method-table tbody tr")).to_have_count(1)
    press_tab_until(page, page.get_by_role("link", name="List Subscribers", exact=True).first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("List Subscribers")
    press_tab_until(page, page.get_by_role("button", name="Call", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator(ANSWERED)).to_have_count(1)
    assert page.url.startswith(f"{address}methods/calls/")
