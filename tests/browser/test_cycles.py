"""A template into many accounts, a launch link from the form to Cyclr's page, and transactions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import check_access, check_width
from tests.support.browsers import opened
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]

TEMPLATE = "Contacts to chat"


def sound(page: Page) -> None:
    """Nothing too wide, nothing serious found by axe, on a phone either."""
    check_width(page)
    check_access(page)
    size = page.viewport_size
    page.set_viewport_size({"width": 360, "height": 800})
    check_width(page)
    assert size is not None
    page.set_viewport_size(size)


def test_a_list_of_accounts_gets_a_template(desk: Desk, staff_at: Callable[..., Any]) -> None:
    page: Page = staff_at(desk).page
    page.goto(f"{desk.url}/accounts/?q=ry")
    page.get_by_role("link", name=re.compile("Install template into all")).click()
    sound(page)
    page.get_by_role("link", name=TEMPLATE).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"Install {TEMPLATE} into many accounts"
    )
    expect(page.get_by_label("Account ids or a table")).to_have_value(re.compile("Orrery Toys"))
    page.get_by_label("Name of the cycle").fill("From a list")
    sound(page)

    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Install {TEMPLATE} for")
    expect(page.get_by_text("This is a preview: nothing has been changed yet")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text(re.compile("Adds|Uses"))
    sound(page)

    page.get_by_role("button", name=re.compile("Start for")).click()
    expect(page.locator(".head .badge")).to_have_text("Done")
    expect(page.get_by_role("table")).to_contain_text("Installed as “From a list”")
    sound(page)


def test_a_launch_link_leads_to_cyclrs_page(
    desk: Desk, staff_at: Callable[..., Any], browser: Browser
) -> None:
    staff = staff_at(desk)
    page: Page = staff.open_account("Harbour Books")
    page.get_by_role("navigation", name="Account").get_by_role("link", name="Links").click()
    page.get_by_role("link", name="LAUNCH, ORBIT and Marketplace links").click()
    sound(page)
    page.get_by_role("link", name="Create link").click()
    page.get_by_label("Message").fill("Here you choose what goes to your shop.")
    sound(page)
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("LAUNCH link for Harbour Books")
    address = page.get_by_label("Link address").input_value()
    sound(page)

    with opened(browser, locale="en-GB", java_script_enabled=False) as context:
        customer = context.new_page()
        customer.goto(address)
        expect(customer.get_by_role("heading", level=1)).to_contain_text("set up your integrations")
        expect(customer.get_by_text("Here you choose what goes")).to_be_visible()
        check_width(customer)
        customer.get_by_role("button", name="Continue").click()
        expect(customer.get_by_role("heading", level=1)).to_contain_text("LAUNCH")
        expect(customer.get_by_text("is signed in to")).to_be_visible()

    expect(page.locator(".head .badge")).to_have_text("Started")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke link").click()
    expect(page.locator(".head .badge")).to_have_text("Revoked")
    sound(page)


def test_transactions_are_read_and_unfolded(desk: Desk, staff_at: Callable[..., Any]) -> None:
    desk.wait_for_row(
        "SELECT 1 FROM mirror_cycle WHERE last_successful_run_at IS NOT NULL", "for cycles"
    )
    page: Page = staff_at(desk).page
    page.goto(f"{desk.url}/cycles/?state=running&sort=run")
    page.locator("tbody").get_by_role("link").first.click()
    page.get_by_role("link", name="Transactions").click()
    expect(page.locator("#transaction-1")).to_be_visible()
    sound(page)
    page.get_by_role("link", name=re.compile("[0-9a-f]{8}-")).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Transaction")
    expect(page.locator("#step-1")).to_be_visible()
    page.locator("summary", has_text="Response").first.click()
    expect(page.get_by_label("Response").first).to_be_visible()
    sound(page)
