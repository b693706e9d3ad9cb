"""Browsers for the tests that use the dashboard as people do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browsers import opened
from tests.support.desk import Desk


class Staff:
    """A support agent at a desk: a signed-in browser, and its complaints."""

    def __init__(self, context: BrowserContext, desk: Desk) -> None:
        self.context, self.desk = context, desk
        self.complaints: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        """Another tab of the same browser."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: self.complain(said.text) if said.type == "error" else None,
        )
        return page

    def complain(self, text: str) -> None:
        """Keep what the console says; a form that comes back with errors is none."""
        if "status of 422" not in text and "status of 409" not in text:
            self.complaints.append(text)

    def sign_in(self) -> Staff:
        """Through the sign-in page, as everybody."""
        self.page.goto(f"{self.desk.url}/")
        self.page.get_by_label("Email").fill(self.desk.admin_email)
        self.page.get_by_label("Password").fill(self.desk.admin_password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Overview")
        return self

    def open_account(self, name: str) -> Page:
        """Find an account by typing, and open it."""
        main = self.page.get_by_role("navigation", name="Main")
        main.get_by_role("link", name="Accounts").click()
        self.page.get_by_role("searchbox", name="Search accounts").fill(name)
        self.page.get_by_role("link", name=name).first.click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(name)
        return self.page

    def open_install_form(self, account: str, connector: str) -> Page:
        """From the account's page through the picker to the generated form."""
        page = self.open_account(account)
        page.get_by_role("link", name="Install connector").first.click()
        page.get_by_role("searchbox", name="Search library").fill(connector)
        page.get_by_role("link", name=f"Choose {connector}", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Install {connector}")
        return page


@pytest.fixture
def staff_at(browser: Browser) -> Iterator[Callable[..., Staff]]:
    """Signed-in agents; at the end of the test nothing may have been wrong in their browsers."""
    all_of_them: list[Staff] = []

    with ExitStack() as open_ones:

        def sit_down(desk: Desk, width: int = 1440) -> Staff:
            size = {"width": width, "height": 900}
            context = open_ones.enter_context(opened(browser, viewport=size))
            staff = Staff(context, desk).sign_in()
            all_of_them.append(staff)
            return staff

        yield sit_down
    for staff in all_of_them:
        assert staff.complaints == []


@pytest.fixture
def customer(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Browsers of customers: not signed in to anything, with or without JavaScript."""
    with ExitStack() as open_ones:

        def arrive(*, javascript: bool = True, width: int = 390) -> BrowserContext:
            size = {"width": width, "height": 800}
            context = opened(browser, viewport=size, java_script_enabled=javascript)
            return open_ones.enter_context(context)

        yield arrive


SERIOUS = {"serious", "critical"}


STILL = """() => Promise.allSettled(
  document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
    .map((one) => one.finished)
)"""
"""Waits for what fades or rises: half-way there it has the contrast of neither end."""


def check_access(page: Page) -> None:
    """axe-core finds nothing serious on the page, once it is still."""
    page.evaluate(STILL)
    results = Axe().run(page)
    found = [
        f"{violation['id']}: {[node['html'][:160] for node in violation['nodes'][:3]]}"
        for violation in results.response["violations"]
        if violation["impact"] in SERIOUS
    ]
    assert not found, f"{page.url}: " + "\n".join(found)


def check_width(page: Page) -> None:
    """The page does not scroll sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"{page.url} is {wide} px too wide"
