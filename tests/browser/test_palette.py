"""What every page has: the palette and the shortcuts by keyboard alone, and the reminder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, check_width
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_an_account_is_opened_and_single_keys_are_switched_off_by_keyboard(
    desk: Desk, staff_at: Callable[..., Any]
) -> None:
    page: Page = staff_at(desk).page
    field = page.get_by_role("combobox", name="Search everything")
    options = page.get_by_role("option")

    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    expect(options.first).to_contain_text("Create account")
    check_access(page)
    page.keyboard.type("harb")
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("Harbour Books")
    expect(field).to_have_attribute("aria-activedescendant", "hit-1-1")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option][aria-selected=true]")).not_to_have_id("hit-1-1")
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()

    page.keyboard.press("Control+k")
    page.keyboard.type("harbour books")
    page.keyboard.press("Enter")  # before the answer is there
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Books")

    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    check_access(page)
    sheet.get_by_role("button", name="Switch single-key shortcuts off").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keyboard shortcuts")
    page.locator("body").press("?")
    expect(sheet).to_be_hidden()
    page.get_by_role("button", name="Switch single-key shortcuts on").press("Enter")
    page.locator("body").press("/")  # a page without a list: everything is searched
    expect(field).to_be_focused()


def test_on_a_phone_a_button_opens_it(desk: Desk, staff_at: Callable[..., Any]) -> None:
    page: Page = staff_at(desk, width=360).page

    page.get_by_role("banner").get_by_role("link", name="Search everything").click()
    page.get_by_role("combobox", name="Search everything").fill("harb")
    check_width(page)
    page.get_by_role("option", name="Harbour Books").first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Books")


def test_putting_the_reminder_off_keeps_what_is_typed(
    desk: Desk, staff_at: Callable[..., Any]
) -> None:
    page: Page = staff_at(desk).page
    page.goto(f"{desk.url}/accounts/new/")
    name = page.get_by_label("Name", exact=True)
    name.fill("Quarry & Daughters")

    page.get_by_role("button", name="Later").press("Enter")
    expect(page.get_by_text("Your role needs a second factor")).to_have_count(0)
    expect(name).to_have_value("Quarry & Daughters")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Your role needs a second factor")).to_have_count(0)
