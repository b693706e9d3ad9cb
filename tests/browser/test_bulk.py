"""A lead installs into many accounts; an agent's half-filled form survives a closed tab."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, check_width
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]

CONNECTOR = "No Question At All"
SECRET = "canary-typed-and-left"
TABLE = """Account id,Name
shop-1042.example,Till
acme/eu,Till
nobody-has-this-id,Till
moulin-des-pres,Till
"""


@pytest.fixture
def refusing(desk: Desk) -> Iterator[Desk]:
    """A Cyclr that refuses one install, and takes long enough for its answers to be watched."""
    install = {"method": "POST", "path": "/connectors/{id}/install"}
    refusal = {"status": 400, "body": {"Message": "Not today."}, "times": 1}
    desk.cyclr_control("faults", {"fault": "delay", "seconds": 1, **install})
    desk.cyclr_control("faults", {"fault": "respond", **install, **refusal})
    yield desk
    desk.cyclr_control("faults", method="DELETE")


def sound(page: Page) -> None:
    """Nothing too wide, nothing serious found by axe."""
    check_width(page)
    check_access(page)


def test_a_lead_installs_into_many_accounts_and_retries_the_one_that_failed(
    refusing: Desk, staff_at: Callable[..., Any]
) -> None:
    page: Page = staff_at(refusing).page

    # From the connector to the preview: what will happen, and which line is left out.
    page.goto(f"{refusing.url}/library/?q={CONNECTOR}")
    page.get_by_role("link", name=CONNECTOR).first.click()
    page.get_by_role("link", name="Install into many accounts").click()
    page.get_by_label("Account ids or a table").fill(TABLE)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Install {CONNECTOR} for 3 accounts")
    first = page.get_by_role("row").nth(1)
    expect(first).to_contain_text("nobody-has-this-id")
    expect(first).to_contain_text("No account with this id is in this console.")
    sound(page)

    # It runs by itself; what was opened stays open and what has the focus keeps it.
    page.get_by_role("button", name="Start for 3 accounts").click()
    state = page.locator(".head .badge")
    expect(state).to_have_text("Running")
    shared = page.locator("summary", has_text="Same for all")
    shared.focus()
    page.keyboard.press("Enter")
    some_ended = re.compile("[1-3]")  # how many, when the page looks, is a matter of luck
    bar = page.get_by_role("progressbar", name="Accounts ended")
    expect(bar).to_have_attribute("aria-valuenow", some_ended)
    expect(page.get_by_text("Name in each account")).to_be_visible()
    expect(shared).to_be_focused()
    expect(state).to_have_text("Some failed")

    # What failed stands first, in Cyclr's words; it is retried, and nothing else is done again.
    failed = page.get_by_role("row").nth(1)
    expect(failed.locator('[data-state="failed"]')).to_have_text("Failed")
    expect(failed).to_contain_text("Not today.")
    sound(page)
    page.get_by_role("button", name="Retry failed only").click()
    expect(state).to_have_text("Done")
    expect(page.get_by_role("button", name="Retry failed only")).to_have_count(0)
    done = [
        entry["account"]
        for entry in refusing.cyclr_control("ledger")
        if entry["kind"] == "install"
        and entry["account"] in {"shop-1042.example", "acme/eu", "moulin-des-pres"}
    ]
    assert len(done) >= 3
    till = page.get_by_role("row").filter(has_text="Installed as “Till”")
    expect(till).to_have_count(3)
    page.get_by_role("link", name="Bulk runs").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text(f"Install {CONNECTOR} for 3 accounts")
    sound(page)


def test_a_field_says_what_is_wrong_as_it_is_left_and_a_closed_tab_loses_no_more_than_secrets(
    desk: Desk, staff_at: Callable[..., Any]
) -> None:
    staff = staff_at(desk)
    page: Page = staff.open_install_form("Harbour Books", "Every Type")
    form = page.url
    number = page.get_by_label("Integer setting")
    wrong = page.locator(".field-errors")

    # Passing through is no mistake; a wrong entry is one as soon as it is left.
    page.get_by_label("Text setting").focus()
    page.keyboard.press("Tab")
    page.get_by_label("Description").fill("For the shop")
    number.fill("ten")
    page.keyboard.press("Tab")
    expect(wrong).to_have_count(1)
    expect(wrong).to_have_text("Enter a whole number, such as 25.")
    expect(number).to_have_attribute("aria-invalid", "true")
    sound(page)
    number.fill("10")
    page.keyboard.press("Tab")
    expect(wrong).to_have_count(0)
    expect(number).not_to_have_attribute("aria-invalid", "true")

    # The secret is not sent to be checked, so that nothing could keep it.
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.get_by_label("API key").fill(SECRET)
    page.get_by_label("Text setting").fill("kept")
    with page.expect_response("**/check/"):
        page.keyboard.press("Tab")
    assert sent
    assert SECRET not in "".join(sent)

    # Another tab: all of it is back but the secret, until it is thrown away.
    page.close()
    page = staff.new_page()
    page.goto(form)
    expect(page.get_by_role("heading", name="Your entries were restored")).to_be_visible()
    expect(page.get_by_label("Description")).to_have_value("For the shop")
    expect(page.get_by_label("Integer setting")).to_have_value("10")
    expect(page.get_by_label("Text setting")).to_have_value("kept")
    expect(page.get_by_label("API key")).to_have_value("")
    sound(page)
    page.get_by_role("button", name="Start with an empty form").click()
    expect(page.get_by_label("Description")).to_have_value("")
    expect(page.get_by_text("Your entries were restored")).to_have_count(0)
