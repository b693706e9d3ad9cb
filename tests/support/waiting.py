"""How long a test waits for a state: the one place that knows of seconds.

A ceiling is reached only by a test that fails, so it is generous: a machine that has other work
to do takes many times as long as a quiet one, and that is no fault of what is tried.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

CEILING = float(os.environ.get("TEST_CEILING", "300"))
"""Seconds until what was waited for is taken not to come. Who writes a test sets less."""

CEILING_MS = CEILING * 1000
"""The same for Playwright."""

PAUSE = 0.02
"""Seconds between two looks."""

T = TypeVar("T")


def wait_until(
    look: Callable[[], T], what: str = "", *, still: Callable[[], object] | None = None
) -> T:
    """Look until the answer is true, and give it back; AssertionError when it never is.

    `still` is called between the looks and raises when waiting has become pointless.
    """
    end = time.monotonic() + CEILING
    while not (found := look()):
        if still is not None:
            still()
        if time.monotonic() > end:
            raise AssertionError(f"waited {CEILING:.0f} s in vain{what and f' {what}'}")
        time.sleep(PAUSE)
    return found
