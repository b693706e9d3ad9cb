"""How long an outbox tries: after one minute, then ever later, for a day."""

from __future__ import annotations

from datetime import timedelta

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PAUSES = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR)
TRIES_FOR = timedelta(hours=24)
"""What did not get through for so long is given up, however often it was tried."""


def pause_after(tries: int) -> timedelta | None:
    """How long to wait after so many failed tries; None when it is time to give up."""
    return PAUSES[tries - 1] if 1 <= tries <= len(PAUSES) else None
