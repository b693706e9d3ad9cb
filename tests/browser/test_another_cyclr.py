"""The documentation's story in a browser, against a Cyclr made of the documentation alone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.desk import Desk
from tests.support.documented_server import DocumentedServer

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("onboarding")]

QUICK = {"DESK_LEASE_FOR": "3", "DESK_STALE_AFTER": "3600"}
CUSTOMER = "Harbour Books"


@pytest.fixture
def other() -> Iterator[DocumentedServer]:
    """That Cyclr, with an account: the library is seen from within one."""
    with DocumentedServer() as server:
        server.cyclr.add_account("first", {"Name": "Our own"})
        yield server


def plan_it(page: Page, desk: Desk) -> None:
    """A new account, a connector by name and version and one by name, a template, a link."""
    page.goto(f"{desk.url}/accounts/")
    page.get_by_role("link", name="Onboarding", exact=True).click()
    page.get_by_role("link", name="Onboard a customer").first.click()
    page.get_by_role("link", name="New account").click()
    page.get_by_label("Name", exact=True).fill(CUSTOMER)
    page.get_by_label("Time zone").fill("Europe/London")
    page.get_by_role("button", name="Next").click()
    for name in ("Parcel Desk", "Till Cloud"):
        page.get_by_role("button", name="Add connector").click()
        page.get_by_role("searchbox", name="Search library").fill(name)
        page.get_by_role("button", name=f"Add {name}").first.click()
    page.get_by_role("button", name="Enter values for Parcel Desk").click()
    page.get_by_text("Choose the release").click()
    page.get_by_label("The latest of version", exact=False).check()
    page.get_by_label("Region").select_option("eu")
    page.get_by_label("Signing Key").fill("not-a-real-key")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Enter values for Till Cloud").click()
    page.get_by_label("Let the customer fill this in").uncheck()
    page.get_by_label("User name").fill("till")
    page.get_by_label("Password").fill("not-a-real-password")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Add template").click()
    page.get_by_role("searchbox", name="Search templates").fill("orders")
    page.get_by_role("button", name="Add Orders to parcels").click()
    page.get_by_label("Recipient email").fill("jane@harbour.example")
    page.get_by_label("Recipient name").fill("Jane Harbour")
    page.get_by_role("button", name="Preview", exact=True).last.click()


def test_the_documented_story_with_the_worker_killed_four_times(
    other: DocumentedServer,
    desk_processes: Callable[..., Desk],
    staff_at: Callable[..., Any],
    customer: Callable[..., BrowserContext],
) -> None:
    desk = desk_processes(**QUICK, **other.settings)
    desk.wait_until_read()
    page: Page = staff_at(desk).page
    plan_it(page, desk)

    def step(*, loses_answer: bool = True) -> str:
        done = other.wait_for_step()
        if loses_answer:
            os.kill(desk.pid_of("worker"), signal.SIGKILL)
        other.answer()
        return done

    other.held = True
    page.get_by_role("button", name="Start onboarding").click()
    # A fifth death within a minute would end the dashboard, as it should.
    done = [step(), step(), step(loses_answer=False), step()]
    assert [path.rpartition("/")[2] for path in done] == ["accounts", *["install"] * 3]
    expect(page.get_by_role("status").get_by_text("Waits until Jane Harbour")).to_be_visible()

    page.get_by_role("link", name="Open link", exact=True).click()
    address = page.get_by_label("Link address").input_value()
    page.go_back()
    tab = customer().new_page()
    tab.goto(address)
    tab.get_by_role("button", name="Continue").first.click()
    expect(tab.get_by_text("Connected", exact=True).first).to_be_visible()
    assert step().endswith("/activate")

    expect(page.locator(".badge[data-state]")).to_have_text("Done")
    cyclr = other.cyclr
    _, key = cyclr.accounts
    assert cyclr.complaints == []
    assert cyclr.accounts[key]["Name"] == CUSTOMER
    kinds = [one["Connector"]["Name"] for one in cyclr.connectors[key]]
    assert sorted(kinds) == ["Parcel Desk", "Till Cloud"]
    assert [one["Status"] for one in cyclr.cycles[key]] == ["Active"]
