"""Sessions end here as they do for people."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.environment import waits


@pytest.fixture(autouse=True)
def usual_limits(settings: Any) -> None:
    """Half an hour without doing anything, eight hours at all."""
    settings.SESSION_IDLE_AFTER = waits.DESK_SESSION_IDLE_AFTER.default
    settings.SESSION_ENDS_AFTER = waits.DESK_SESSION_ENDS_AFTER.default
