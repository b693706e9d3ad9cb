"""What breaks in the middle of the job, and what the people at both ends then see."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from playwright.sync_api import Error as PlaywrightError

from tests.support.desk import Desk

# In one process: they share a dashboard, which takes its time to read all of Cyclr.
pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("faults")]

QUICK = {
    "DESK_LEASE_FOR": "3",
    "DESK_FIRST_LOOK_AFTER": "6",
    "DESK_LOOK_GAP": "1",
    "DESK_STALE_AFTER": "3600",
}


@pytest.fixture(scope="module")
def quick_desk() -> Any:
    """A dashboard with short waits and a whole mirror, for the tests of this module."""
    desk = Desk(**QUICK)
    desk.start()
    desk.wait_for(lambda: was_read(desk), "until Cyclr was read once", within=90)
    yield desk
    desk.stop()


def was_read(desk: Desk) -> bool:
    """Whether a whole reading of Cyclr has ended; what broke off before it shows nothing."""
    runs = json.loads(desk.manage("dumpdata", "mirror.syncrun"))
    return any(run["fields"]["finished_at"] and not run["fields"]["error"] for run in runs)


def slacks(desk: Desk, account_id: str) -> list[dict[str, Any]]:
    """What Cyclr really did about installs of Slack in the account."""
    ledger = desk.cyclr_control("ledger")
    entries = ledger if isinstance(ledger, list) else ledger["ledger"]
    return [
        entry for entry in entries if entry["kind"] == "install" and entry["account"] == account_id
    ]


def clear(desk: Desk) -> None:
    """Cyclr behaves again."""
    desk.cyclr_control("faults", method="DELETE")


def test_a_killed_worker_a_double_click_a_reload_and_the_back_button(
    quick_desk: Desk, staff_at: Callable[..., Any]
) -> None:
    desk = quick_desk
    staff = staff_at(desk)
    desk.cyclr_control(
        "faults",
        {"fault": "delay", "method": "POST", "path": "/connectors/{id}/install", "seconds": 4},
    )
    page: Page = staff.open_install_form("Harbour Books", "Slack")
    button = page.get_by_role("button", name="Install", exact=True)
    button.dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Books")
    row = page.get_by_role("row").filter(has_text="Slack")
    expect(row.locator('[data-state="installing"]').first).to_have_text("Installing")

    desk.wait_for(lambda: "Sent to Cyclr" in told(desk), "until it was sent")
    os.kill(desk.pid_of("worker"), signal.SIGKILL)
    page.reload()
    page.go_back()
    page.wait_for_load_state()
    page.go_forward()
    clear(desk)

    expect(row.locator('[data-state="not-authenticated"]').first).to_be_visible(timeout=60_000)
    expect(row.locator('[data-state="installing"]')).to_have_count(0)
    assert len(slacks(desk, "shop-1042.example")) == 1
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Operations").click()
    page.get_by_role("link", name="Install Slack").first.click()
    expect(page.locator(".pill[data-state]")).to_have_text("Done")
    expect(page.get_by_text("The worker that had it was lost")).to_be_visible()


def told(desk: Desk) -> str:
    """All lines of all operations' stories."""
    return desk.manage("dumpdata", "operations.operationevent")


def test_the_browser_that_sends_the_same_form_again_installs_nothing_more(
    quick_desk: Desk, staff_at: Callable[..., Any]
) -> None:
    desk = quick_desk
    staff = staff_at(desk)
    page: Page = staff.open_install_form("Tidewater Tea Rooms", "Salesforce")
    page.get_by_role("button", name="Install", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tidewater Tea Rooms")
    row = page.get_by_role("row").filter(has_text="Salesforce")
    expect(row.locator('[data-state="not-authenticated"]').first).to_be_visible()
    before = len(desk.cyclr_control("ledger"))
    page.go_back()
    page.get_by_role("button", name="Install", exact=True).click()
    page.wait_for_load_state()

    expect(page.get_by_role("alert")).to_contain_text("Install another Salesforce")
    assert len(desk.cyclr_control("ledger")) == before
    page.get_by_label("Install another Salesforce").check()
    page.get_by_role("button", name="Install", exact=True).click()
    expect(page.get_by_role("link", name="Salesforce 2", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "delay", "method": "*", "path": "*", "seconds": 12},
        {"fault": "respond", "method": "*", "path": "*", "status": 503},
        {"fault": "unreachable"},
    ],
    ids=["slow", "503", "gone"],
)
def test_pages_open_whatever_cyclr_does(
    fault: dict[str, Any], quick_desk: Desk, staff_at: Callable[..., Any]
) -> None:
    desk = quick_desk
    staff = staff_at(desk)
    desk.cyclr_control("faults", fault)
    page: Page = staff.page
    page.set_default_timeout(8_000)
    try:
        account = staff.open_account("Harbour Books")
        account.get_by_role("button", name="Refresh").click()
        for address in ("/", "/accounts/", "/connectors/", "/library/", "/links/", "/operations/"):
            answer = page.goto(f"{desk.url}{address}")
            assert answer is not None and answer.status == 200
            expect(page.get_by_role("heading", level=1)).to_be_visible()
        if fault["fault"] == "delay":
            return
        page.goto(f"{desk.url}/accounts/")
        for _ in range(3):
            page.get_by_role("button", name="Refresh").click()
            page.wait_for_timeout(400)
        banner = page.get_by_text(re.compile("Cyclr has not answered since|You see data from"))
        for _ in range(20):
            page.goto(f"{desk.url}/accounts/")
            if banner.count():
                break
            page.wait_for_timeout(500)
        expect(banner.first).to_be_visible()
    finally:
        clear(desk)


def test_an_install_while_cyclr_is_gone_waits_and_is_then_done(
    quick_desk: Desk, staff_at: Callable[..., Any]
) -> None:
    desk = quick_desk
    staff = staff_at(desk)
    page: Page = staff.open_install_form("Pebble & Pine Furniture", "Salesforce")
    desk.cyclr_control("faults", {"fault": "unreachable"})
    try:
        page.get_by_role("button", name="Install", exact=True).click()
        row = page.get_by_role("row").filter(has_text="Salesforce")
        expect(row.locator('[data-state="installing"]').first).to_be_visible()
        page.wait_for_timeout(2000)
    finally:
        clear(desk)

    expect(row.locator('[data-state="not-authenticated"]').first).to_be_visible(timeout=90_000)


def test_a_refusal_at_the_provider_lets_the_customer_try_again(
    quick_desk: Desk, staff_at: Callable[..., Any], customer: Callable[..., BrowserContext]
) -> None:
    desk = quick_desk
    staff = staff_at(desk)
    page: Page = staff.open_account("Harbour Books")
    page.get_by_role("link", name="Create link", exact=True).first.click()
    page.get_by_label("Recipient email").fill("ana@harbour.example")
    page.get_by_role("button", name="Create link").click()
    address = page.get_by_label("Link address").input_value()
    tab = customer(javascript=False).new_page()
    for button in ("Deny", "Approve"):
        tab.goto(address)
        tab.get_by_role("button", name="Continue").first.click()
        tab.get_by_role("button", name=button).click()
    expect(tab.get_by_text("Connected", exact=True).first).to_be_visible()


def test_a_customer_who_never_comes_back_is_found_connected(
    quick_desk: Desk, staff_at: Callable[..., Any], customer: Callable[..., BrowserContext]
) -> None:
    desk = quick_desk
    staff = staff_at(desk)
    page: Page = staff.open_account("Moulin des Prés")
    page.get_by_role("link", name="Create link", exact=True).first.click()
    page.get_by_role("button", name="Create link").click()
    tab = customer().new_page()
    tab.goto(page.get_by_label("Link address").input_value())
    tab.get_by_role("button", name="Continue").first.click()
    tab.get_by_role("button", name="Approve").wait_for()

    def consent_and_vanish(route: Route) -> None:
        """The provider and Cyclr hear of the consent; the last hop, back to us, is not made."""
        with contextlib.suppress(PlaywrightError):
            route.fetch(max_redirects=1)
        route.abort()

    tab.route("**/authorize", consent_and_vanish)
    with contextlib.suppress(PlaywrightError):
        tab.get_by_role("button", name="Approve").click()
    tab.wait_for_timeout(500)
    tab.close()

    expect(page.locator(".pill[data-state]")).to_have_text("Connected", timeout=60_000)
    expect(page.get_by_text("Came back from")).to_have_count(0)
