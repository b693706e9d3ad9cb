"""A lead reconnects what is broken in several accounts, by keyboard, and watches the board."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, check_width
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def sound(page: Page) -> None:
    """Nothing too wide, nothing serious found by axe."""
    check_width(page)
    check_access(page)


def test_a_lead_reconnects_what_is_broken_and_watches_the_board(
    desk: Desk, staff_at: Callable[..., Any]
) -> None:
    page: Page = staff_at(desk).page

    # One box ticks the page; what is unticked again is left out.
    page.goto(f"{desk.url}/connectors/?q=pingone&state=not-authenticated")
    ticks = page.locator('input[name="pick"]')
    expect(ticks).to_have_count(2)  # once the first reading has come so far
    page.get_by_label("Select all on this page").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("2 selected")).to_be_visible()
    ticks.first.uncheck()
    expect(page.get_by_label("Select all on this page")).not_to_be_checked()
    ticks.first.check()
    sound(page)
    page.get_by_role("button", name="Reconnect…").press("Enter")

    # What is wrong is said, and nothing is lost.
    expect(page.get_by_role("heading", level=1)).to_have_text("Reconnect campaign")
    page.get_by_label("Message").fill("Sign in once more.")
    page.locator('input[inputmode="email"]').first.fill("nobody")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Message")).to_have_value("Sign in once more.")
    sound(page)
    page.locator('input[inputmode="email"]').first.fill("ana@shop.example")
    page.get_by_role("button", name="Preview").click()

    # The preview can be changed; Start makes the links, and the board shows them by itself.
    expect(page.get_by_text("1 e-mail is written to a file and reaches nobody")).to_be_visible()
    sound(page)
    page.get_by_role("link", name="Change").click()
    expect(page.locator('input[value="ana@shop.example"]')).to_be_visible()
    page.get_by_label("Send e-mails now").uncheck()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("No e-mail is sent.")).to_be_visible()
    page.get_by_role("button", name="Start for 2 accounts").click()
    expect(page.get_by_text("0 of 2 connected")).to_be_visible()
    expect(page.get_by_role("link", name="Not sent 2")).to_be_visible()
    sound(page)

    # A phone reads the board; a word ends all links.
    page.set_viewport_size({"width": 360, "height": 780})
    sound(page)
    page.get_by_role("link", name="Revoke all unfinished").click()
    page.get_by_role("button", name="Revoke all unfinished").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("Type “revoke”").fill("revoke")
    page.get_by_role("button", name="Revoke all unfinished").click()
    expect(page.get_by_role("link", name="Revoked 2")).to_be_visible()
