"""Browsers of people: each as patient as everything here, and closed whatever happens in it.

One that stays open keeps asking the server of a test that has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from tests.support.waiting import CEILING_MS


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[BrowserContext]:
    """A browser of its own; `options` are Playwright's."""
    context = browser.new_context(**options)
    context.set_default_timeout(CEILING_MS)
    try:
        yield context
    finally:
        context.close()
