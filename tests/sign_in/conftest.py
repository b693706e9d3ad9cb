"""What tests of signing in share."""

from __future__ import annotations

import pytest

from dashboard.common import limits


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """People of other tests had the same numbers."""
    limits._counts.clear()
