"""What goes with an account in a real browser: default connectors, tags, users, usage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import check_access, check_width
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.mark.parametrize("width", [1440, 360])
def test_a_new_account_gets_its_connectors_tags_and_users(
    width: int, desk: Desk, staff_at: Callable[..., Any]
) -> None:
    page: Page = staff_at(desk, width=width).page
    _choose_default(page, desk, "Klaviyo" if width == 360 else "Pipedrive")
    name = f"Brass Lantern {width}"
    page.goto(f"{desk.url}/accounts/new/")
    expect(page.get_by_label("Install the default connectors")).to_be_checked()
    _is_sound(page)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("textbox", name="Time zone").fill("Europe/Oslo")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("link", name="Install default connectors")).to_be_visible()
    page.get_by_role("link", name=f"Open {name}").click()
    expect(page.get_by_text("Not authenticated").first).to_be_visible()
    account = page.url

    page.get_by_role("link", name="Add tags").click()
    _is_sound(page)
    page.get_by_label("Tags").fill(f"Köln {width}, trial {width}")
    page.get_by_role("button", name="Save tags").click()
    page.get_by_role("link", name=f"Köln {width}").click()
    expect(page.get_by_role("link", name=name).first).to_be_visible()
    expect(page.get_by_label("Tag", exact=True)).to_have_value(f"Köln {width}")
    _is_sound(page)

    page.goto(f"{account}users/")
    expect(page.get_by_text("No users")).to_be_visible()
    _is_sound(page)
    page.get_by_role("link", name="Add user").click()
    _is_sound(page)
    user = f"ada{width}@lantern.example"
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Add user").click()
    expect(page.locator(".note h2")).to_contain_text(f"{user} can sign in to this account")
    page.goto(f"{account}users/")
    page.get_by_role("link", name=f"Remove {user}").click()
    _is_sound(page)
    page.get_by_label("to confirm").fill(user)
    page.get_by_role("button", name="Remove user").click()
    expect(page.locator(".note h2")).to_contain_text("cannot sign in to this account any more")

    page.goto(f"{account}usage/")
    expect(page.get_by_text("Now", exact=True)).to_be_visible()
    _is_sound(page)


def _choose_default(page: Page, desk: Desk, connector: str) -> None:
    """Put one connector of the library into the set, found by typing."""
    page.goto(f"{desk.url}/settings/defaults/")
    _is_sound(page)
    page.get_by_role("link", name="Add connector").first.click()
    page.get_by_role("searchbox", name="Search library").fill(connector.lower())
    page.get_by_role("link", name=f"Choose {connector}", exact=True).click()
    expect(page.get_by_label("Name in each account")).to_have_value(connector)
    _is_sound(page)
    page.get_by_role("button", name="Add to the set").click()
    expect(page.get_by_role("row").filter(has_text=connector)).to_be_visible()
    _is_sound(page)


def _is_sound(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    check_width(page)
    check_access(page)
