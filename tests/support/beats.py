"""A page's own clock, which goes on only when the test says so: polling without waiting for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, Request

from tests.support.waiting import wait_until

COUNT = """
window.underWay = 0;
document.addEventListener("htmx:beforeSend", () => (window.underWay += 1));
document.addEventListener("htmx:afterRequest", () => (window.underWay -= 1));
"""


class Beats:
    """Stops the clock of a page that is opened after this; tells what the page asks for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        page.on("request", self._note)
        page.add_init_script(COUNT)
        now = datetime.now(UTC)
        page.clock.install(time=now)
        page.clock.pause_at(now + timedelta(seconds=1))

    def _note(self, request: Request) -> None:
        self.asked.append(request.url)

    def beat(self, times: int = 1) -> list[str]:
        """Let so many seconds pass on the page; the addresses that it asked for by that."""
        before = len(self.asked)
        for _ in range(times):
            self.page.clock.run_for(1000)
            # An element asks again only when its last answer has come.
            wait_until(lambda: self.page.evaluate("() => window.underWay") == 0, "for answers")
        catch_up(self.page)
        return self.asked[before:-1]


def catch_up(page: Page) -> None:
    """Until all is known that the page asked so far: what is asked last is heard of last."""
    with page.expect_request("**/healthz?caught-up"):
        page.evaluate("() => void fetch('/healthz?caught-up').catch(() => {})")
