"""What breaks in the middle of the job, and what the people at both ends then see."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from playwright.sync_api import Error as PlaywrightError

from tests.support.desk import Desk

# In one process: they share a dashboard, which takes its time to read all of Cyclr.
pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("faults")]

QUICK = {"DESK_LEASE_FOR": "3", "DESK_STALE_AFTER": "3600"}
"""Lost work is soon taken up again; looks that would send again are left far away."""


@pytest.fixture(scope="module")
def quick_desk() -> Iterator[Desk]:
    """A dashboard with short leases and a whole mirror, for the tests of this module."""
    desk = Desk(**QUICK)
    desk.start()
    desk.wait_until_read()
    yield desk
    desk.stop()


def slacks(desk: Desk, account_id: str) -> list[dict[str, Any]]:
    """What Cyclr really did about installs of Slack in the account."""
    return [
        entry
        for entry in desk.cyclr_control("ledger")
        if entry["kind"] == "install" and entry["account"] == account_id
    ]


def consents(desk: Desk) -> list[dict[str, Any]]:
    """What Cyclr heard from providers: who said yes."""
    return [one for one in desk.cyclr_control("ledger") if one["kind"] == "authenticate"]


def clear(desk: Desk) -> None:
    """Cyclr behaves again."""
    desk.cyclr_control("faults", method="DELETE")


def test_a_killed_worker_a_double_click_a_reload_and_the_back_button(
    quick_desk: Desk, staff_at: Callable[..., Any]
) -> None:
    desk = quick_desk
    staff = staff_at(desk)
    desk.hold("POST", "/connectors/{id}/install")
    page: Page = staff.open_install_form("Harbour Books", "Slack")
    button = page.get_by_role("button", name="Install", exact=True)
    button.dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbour Books")
    row = page.get_by_role("row").filter(has_text="Slack")
    expect(row.locator('[data-state="installing"]').first).to_have_text("Installing")

    desk.wait_until_held()
    os.kill(desk.pid_of("worker"), signal.SIGKILL)
    page.reload()
    page.go_back()
    page.wait_for_load_state()
    page.go_forward()
    desk.release()

    expect(row.locator('[data-state="not-authenticated"]').first).to_be_visible()
    expect(row.locator('[data-state="installing"]')).to_have_count(0)
    assert len(slacks(desk, "shop-1042.example")) == 1
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Operations").click()
    page.get_by_role("link", name="Install Slack").first.click()
    expect(page.locator(".badge[data-state]")).to_have_text("Done")
    expect(page.get_by_text("The worker handling it was lost")).to_be_visible()


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
        {"fault": "hold"},
        {"fault": "respond", "method": "*", "path": "*", "status": 503},
        {"fault": "unreachable"},
    ],
    ids=["silent", "503", "gone"],
)
def test_pages_open_whatever_cyclr_does(
    fault: dict[str, Any], quick_desk: Desk, staff_at: Callable[..., Any]
) -> None:
    desk = quick_desk
    staff = staff_at(desk)
    desk.cyclr_control("faults", fault)
    page: Page = staff.page
    try:
        account = staff.open_account("Harbour Books")
        account.get_by_role("button", name="Refresh").click()
        for address in ("/", "/accounts/", "/connectors/", "/library/", "/links/", "/operations/"):
            answer = page.goto(f"{desk.url}{address}")
            assert answer is not None and answer.status == 200
            expect(page.get_by_role("heading", level=1)).to_be_visible()
        if fault["fault"] == "hold":
            desk.wait_until_held()
            return
        banner = page.get_by_text(re.compile("Cyclr has not answered since|You see data from"))

        def is_told() -> bool:
            """Ask for a reading, and look whether its failure is known."""
            page.goto(f"{desk.url}/accounts/")
            page.get_by_role("button", name="Refresh").click()
            page.wait_for_load_state()
            return banner.count() > 0

        desk.wait_for(is_told, "for the banner")
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
        desk.wait_for_row(
            "SELECT 1 FROM operations_operation WHERE state = 'queued' AND attempt > 0"
            " AND id = (SELECT MAX(id) FROM operations_operation)",
            "until it was tried in vain",
        )
    finally:
        clear(desk)

    expect(row.locator('[data-state="not-authenticated"]').first).to_be_visible()


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

    before = len(consents(desk))
    tab.route("**/authorize", consent_and_vanish)
    with contextlib.suppress(PlaywrightError):
        tab.get_by_role("button", name="Approve").click()
    desk.wait_for(lambda: len(consents(desk)) > before, "for the consent to arrive")
    tab.close()

    expect(page.locator(".badge[data-state]")).to_have_text("Connected")
    expect(page.get_by_text("Came back from")).to_have_count(0)
