"""A connection breaks in Cyclr: from the post that names its account to the alarm that is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, check_width
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def used_connector(desk: Desk) -> tuple[int, str, str]:
    """An authenticated connector that a cycle calls: its id, its name, and its account's name."""
    world = desk.cyclr_control("world")
    silent = {
        one["Id"]: one["Name"]
        for one in world["Accounts"]
        if not one.get("TransactionErrorWebhookEnabled") and len(one["Name"]) < 40
    }
    called = {
        step.get("AccountConnectorId")
        for cycle in world["Cycles"]
        for step in cycle["Simulator"].get("Steps") or []
    }
    for one in world["AccountConnectors"]:
        account = one["Simulator"]["AccountId"]
        if one["Authenticated"] and one["Id"] in called and account in silent:
            return one["Id"], one["Name"], silent[account]
    raise AssertionError("no cycle calls an authenticated connector")


def test_a_post_of_cyclrs_becomes_an_alarm_that_somebody_takes(
    desk: Desk, staff_at: Callable[..., Any]
) -> None:
    desk.wait_until_read()
    number, name, account = used_connector(desk)
    page: Page = staff_at(desk).page
    page.goto(f"{desk.url}/settings/error-webhook/")
    page.get_by_role("button", name="Make address").click()
    check_access(page)
    page.get_by_role("searchbox", name="Search accounts").fill(account)
    page.get_by_role("button", name=f"Set on {account}", exact=True).click()
    expect(page.locator('[data-state="done"]').first).to_be_visible()

    desk.cyclr_control("deauthenticate", {"id": number})
    assert desk.cyclr_control("fail_step", {"id": number}) == {"posted": 204}

    page.goto(f"{desk.url}/alarms/")
    page.get_by_role("row").filter(has_text=account).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    page.get_by_role("button", name="Take").click()
    expect(page.locator('.badge[data-state="taken"]')).to_have_text("Taken")
    check_access(page)
    page.set_viewport_size({"width": 360, "height": 800})
    check_width(page)
