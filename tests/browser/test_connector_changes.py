"""Changing an installed connector in a browser: every form is sound, by keyboard, and once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Staff, check_access, check_width
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("changes")]

FORMS = {
    "Parcel Desk": ("edit", "settings", "credentials", "native", "deauthenticate", "delete"),
    "WooCommerce": ("credentials",),
    "PingOne": ("credentials",),
    "Xero (OAuth2.0)": ("credentials",),
    "Three Doors": ("credentials",),
    "Generic Webhook": ("credentials",),
}
BUTTONS = {
    "edit": "Save",
    "settings": "Save settings",
    "credentials": "Replace credentials",
    "deauthenticate": "De-authenticate",
    "delete": "Delete connector",
}


@pytest.fixture(scope="module")
def quick_desk() -> Iterator[Desk]:
    """A dashboard with short leases and a whole mirror, for the tests of this module."""
    desk = Desk(DESK_LEASE_FOR="3", DESK_STALE_AFTER="3600")
    desk.start()
    desk.wait_until_read()
    yield desk
    desk.stop()


def page_of(staff: Staff, connector: str) -> str:
    """The address of a connector of the account that has one of each kind."""
    page = staff.open_account("Lantern & Lye")
    page.get_by_role("link", name=connector, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(connector)
    return str(page.url)


def press_tab_until(page: Page, accessible: Any) -> None:
    """Move on with the keyboard alone until this has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if accessible.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError("the keyboard does not get there")


def deeds(desk: Desk, kind: str) -> int:
    """How often Cyclr really did something."""
    return len([one for one in desk.cyclr_control("ledger") if one["kind"] == kind])


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark")])
def test_every_form_is_sound_empty_and_with_errors(
    width: int, theme: str, quick_desk: Desk, staff_at: Callable[..., Staff]
) -> None:
    staff = staff_at(quick_desk, width=width)
    addresses = {}
    wide = staff_at(quick_desk)
    for connector in FORMS:
        addresses[connector] = page_of(wide, connector)
    staff.context.add_cookies([{"name": "theme", "value": theme, "url": quick_desk.url}])
    page = staff.page
    for connector, forms in FORMS.items():
        for form in forms:
            page.goto(f"{addresses[connector]}{form}/")
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            check_width(page)
            check_access(page)
            button = page.get_by_role("button", name=BUTTONS.get(form, "-"), exact=True)
            if not button.count():
                continue
            button.click()
            expect(page.get_by_role("alert").first).to_be_focused()
            check_width(page)
            check_access(page)
        page.goto(addresses[connector])
        check_width(page)
        check_access(page)


def test_a_connector_is_renamed_and_deleted_by_keyboard_alone(
    quick_desk: Desk, staff_at: Callable[..., Staff]
) -> None:
    staff = staff_at(quick_desk)
    address = page_of(staff, "Insightly")
    page = staff.page
    press_tab_until(page, page.get_by_role("link", name="Rename or describe"))
    page.keyboard.press("Enter")
    press_tab_until(page, page.get_by_label("Name", exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type("Sales book")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The change is on its way to Cyclr.")).to_be_visible()
    expect(page.get_by_text("Done, by").first).to_be_visible()

    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales book")
    press_tab_until(page, page.get_by_role("link", name="Delete connector"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete connector")
    press_tab_until(page, page.get_by_label("Type Sales book to confirm"))
    page.keyboard.type("sales book")
    page.keyboard.press("Enter")
    expect(page.locator('#connector-facts .state[data-state="gone"]')).to_have_text("Gone")
    assert deeds(quick_desk, "delete") == 1


def test_a_worker_that_is_killed_while_cyclr_works_leaves_it_done_once(
    quick_desk: Desk, staff_at: Callable[..., Staff]
) -> None:
    desk, staff = quick_desk, staff_at(quick_desk)
    address = page_of(staff, "Parcel Desk")
    page = staff.page
    desk.hold("PUT", "/account/connectors/{id}/deauthenticate", after_effect=True)
    page.goto(f"{address}deauthenticate/")
    expect(page.locator("#blast-radius").get_by_text("Deals to parcels")).to_be_visible()
    page.get_by_label("Type Parcel Desk to confirm").fill("Parcel Desk")
    page.get_by_role("button", name="De-authenticate").click()
    desk.wait_until_held()
    os.kill(desk.pid_of("worker"), signal.SIGKILL)
    desk.release()

    facts = page.locator("#connector-facts")
    expect(facts.locator('[data-state="not-authenticated"]').first).to_be_visible()
    page.get_by_role("link", name="De-authenticate Parcel Desk").first.click()
    expect(page.locator(".badge[data-state]")).to_have_text("Done")
    expect(page.get_by_text("The worker handling it was lost")).to_be_visible()
    assert deeds(desk, "deauthenticate") == 1


def test_the_list_of_what_stops_is_read_anew_while_somebody_types(
    quick_desk: Desk, staff_at: Callable[..., Staff]
) -> None:
    staff = staff_at(quick_desk)
    address = page_of(staff, "JIRA")
    page = staff.page
    page.goto(f"{address}delete/")
    field = page.get_by_label("Type JIRA to confirm")
    field.fill("JI")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#account-age")).to_contain_text("Updated")
    expect(page.locator("#blast-radius")).to_contain_text("As of")
    expect(field).to_have_value("JI")
    expect(page.get_by_role("button", name="Delete connector")).to_be_enabled()
