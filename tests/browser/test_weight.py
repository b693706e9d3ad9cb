"""What a browser takes over the wire: little at the first visit, hardly anything later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Staff
from tests.support.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.processes]

FIRST, LATER = 150_000, 25_000
"""Bytes with their heads, as they were sent."""


class Scales:
    """Weighs what a page and all that belongs to it took of the network."""

    def __init__(self, page: Page) -> None:
        self.page, self.weight = page, 0.0
        self.wire = page.context.new_cdp_session(page)
        self.wire.on("Network.loadingFinished", self._add)
        self.wire.send("Network.enable")

    def _add(self, told: dict[str, Any]) -> None:
        self.weight += told["encodedDataLength"]

    def empty_cache(self) -> None:
        """As one who comes for the first time."""
        self.wire.send("Network.clearBrowserCache")

    def weigh(self, url: str) -> float:
        """Bytes of one visit."""
        self.page.goto("about:blank")
        self.weight = 0.0
        self.page.goto(url, wait_until="networkidle")
        return self.weight


def test_pages_weigh_little_at_the_first_visit_and_hardly_anything_later(
    desk: Desk, staff_at: Callable[..., Staff]
) -> None:
    desk.wait_until_read()
    page = staff_at(desk).page
    page.goto(f"{desk.url}/connectors/")
    assert page.get_by_role("row").count() == 51
    connector = page.locator('main a[href^="/connectors/"][href$="/"]').first.get_attribute("href")
    page.goto(f"{desk.url}/accounts/?q=harbour")
    account = page.get_by_role("link", name="Harbour Books").first.get_attribute("href")
    scales = Scales(page)

    weights = {}
    for path in ("/", "/connectors/", account, connector):
        scales.empty_cache()
        weights[path] = (scales.weigh(f"{desk.url}{path}"), scales.weigh(f"{desk.url}{path}"))

    assert {path: first for path, (first, _) in weights.items() if not 0 < first <= FIRST} == {}
    assert {path: later for path, (_, later) in weights.items() if not 0 < later <= LATER} == {}
