"""An account from its creation to its end in a real browser; its pages are sound on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, check_width
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.mark.parametrize("width", [1440, 360])
def test_an_account_is_created_edited_and_deleted(
    width: int, desk: Desk, staff_at: Callable[..., Any]
) -> None:
    page: Page = staff_at(desk, width=width).page
    page.goto(f"{desk.url}/accounts/")
    page.get_by_role("link", name="Create account").click()
    page.get_by_label("Name", exact=True).fill(f"Copper Kettle {width}")
    zone = page.get_by_role("textbox", name="Time zone")
    zone.press_sequentially("germ")
    expect(page.get_by_role("button", name="Europe/Busingen")).to_be_visible()
    _is_sound(page)
    page.get_by_role("button", name="Europe/Berlin").click()
    expect(zone).to_have_value("Europe/Berlin")
    # As people type: the field was drawn anew, and htmx hears of it a moment later.
    zone.fill("")
    zone.press_sequentially("kathmandu", delay=60)
    expect(page.get_by_text("UTC+05:45 today, Nepal")).to_be_visible()
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Stored by Cyclr")).to_be_visible()
    _is_sound(page)

    page.get_by_role("link", name=f"Open Copper Kettle {width}").click()
    expect(page.locator("h1")).to_have_text(f"Copper Kettle {width}")
    account = page.url
    for tab in ("settings/", "sub-accounts/", "edit/", "delete/"):
        page.goto(f"{account}{tab}")
        _is_sound(page)
    page.goto(f"{account}edit/")
    page.get_by_label("Description").fill("Kettles")
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator(".note h2")).to_have_text("Saved")

    page.goto(f"{account}delete/")
    page.get_by_label("to confirm").fill(f"copper kettle {width}")
    page.get_by_role("button", name="Delete account").click()
    expect(page.locator(".note h2")).to_contain_text("Deleted.")
    page.goto(account)
    expect(page.get_by_text("Gone", exact=True).first).to_be_visible()


def test_all_time_zones_can_be_looked_up(desk: Desk, staff_at: Callable[..., Any]) -> None:
    page: Page = staff_at(desk, width=360).page
    page.goto(f"{desk.url}/accounts/time-zones/")
    _is_sound(page)
    page.get_by_role("searchbox", name="Search time zones").fill("+5:45")
    expect(page.get_by_text("Asia/Kathmandu").first).to_be_visible()


def _is_sound(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    check_width(page)
    check_access(page)
