"""The documentation's story in a browser: from nothing to a running cycle, while workers die."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import check_access, check_width
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("onboarding")]

STEPS = [
    ("POST", "/accounts"),
    ("POST", "/connectors/{id}/install"),
    ("POST", "/templates/{id}/install"),
]
"""Calls in the middle of which the worker is killed; activating is one more."""
QUICK = {"DESK_LEASE_FOR": "3", "DESK_STALE_AFTER": "3600"}


def plan_it(page: Page, desk: Desk) -> None:
    """A new account, two connectors asked for in different ways, a template, a link."""
    page.goto(f"{desk.url}/accounts/")
    page.get_by_role("link", name="Onboarding", exact=True).click()
    page.get_by_role("link", name="Onboard a customer").first.click()
    page.get_by_role("link", name="New account").click()
    page.get_by_label("Name", exact=True).fill("Brand New Bakery")
    page.get_by_label("Time zone").fill("Europe/London")
    page.get_by_role("button", name="Next").click()
    for name in ("Slack", "HubSpot"):
        page.get_by_role("button", name="Add connector").click()
        page.get_by_role("searchbox", name="Search library").fill(name)
        page.get_by_role("button", name=f"Add {name}").first.click()
    page.get_by_role("button", name="Enter values for HubSpot").click()
    page.get_by_text("Choose the release").click()
    page.get_by_label("The latest of version", exact=False).check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Add template").click()
    page.get_by_role("searchbox", name="Search templates").fill("contacts to chat")
    page.get_by_role("button", name="Add Contacts to chat").click()
    page.get_by_label("Recipient email").fill("jane@bakery.example")
    page.get_by_label("Recipient name").fill("Jane Baker")
    check_access(page)
    check_width(page)
    page.get_by_role("button", name="Preview", exact=True).last.click()


def connect(tab: Page, address: str) -> None:
    """The customer signs in at both."""
    for _ in range(2):
        tab.goto(address)
        tab.get_by_role("button", name="Continue").first.click()
        tab.get_by_role("button", name="Approve").click()
        expect(tab.get_by_text("Connected", exact=True).first).to_be_visible()


def kill_worker(desk: Desk) -> None:
    """The worker dies while Cyclr has its call."""
    os.kill(desk.pid_of("worker"), signal.SIGKILL)


def test_from_nothing_to_a_running_cycle_whatever_dies(
    desk_processes: Callable[..., Desk],
    staff_at: Callable[..., Any],
    customer: Callable[..., BrowserContext],
) -> None:
    desk = desk_processes(**QUICK)
    desk.wait_until_read()
    page: Page = staff_at(desk).page
    plan_it(page, desk)
    expect(page.get_by_text("nothing was sent yet")).to_be_visible()
    check_access(page)

    desk.hold(*STEPS[0])
    page.get_by_role("button", name="Start onboarding").click()
    for following in [*STEPS[1:], None]:
        desk.wait_until_held()
        kill_worker(desk)
        desk.release()
        if following is not None:
            desk.hold(*following)
    expect(page.get_by_role("status").get_by_text("Waits until Jane Baker")).to_be_visible()
    check_access(page)
    check_width(page)

    desk.cyclr_control("faults", method="DELETE")
    page.get_by_role("link", name="Open link", exact=True).click()
    address = page.get_by_label("Link address").input_value()
    page.go_back()
    desk.hold("PUT", "/cycles/{id}/activate")
    connect(customer().new_page(), address)
    desk.wait_until_held()
    kill_worker(desk)
    desk.release()

    expect(page.locator(".badge[data-state]")).to_have_text("Done")
    world = desk.cyclr_control("ledger")
    installs = [one for one in world if one["kind"] == "install"]
    account = installs[-1]["account"]
    assert sum(one["account"] == account for one in installs) == 2
    page.get_by_role("link", name="Brand New Bakery").first.click()
    page.get_by_role("navigation", name="Account").get_by_role("link", name="Cycles").click()
    expect(page.get_by_role("row").filter(has_text="Contacts to chat")).to_have_count(1)
    expect(page.get_by_role("row").filter(has_text="Contacts to chat")).to_contain_text("Active")
