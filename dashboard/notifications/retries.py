"""How long an outbox tries: after one minute, then ever later, for a day."""

from __future__ import annotations

from datetime import timedelta

from dashboard.jobs.policy import Schedule

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PAUSES = Schedule((MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR))
"""Told to receivers in `docs/webhooks.md`."""
MOST_TRIES = len(PAUSES.pauses) + 1
TRIES_FOR = timedelta(hours=24)
"""What did not get through for so long is given up, however often it was tried."""
LEASE = timedelta(seconds=70)


def final_message(message: str) -> str:
    """Why something was not sent, when it is given up."""
    return f"{message} It was tried for a day." if message else "It could not be sent for a day."
