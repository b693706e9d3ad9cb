"""What the page of an installed connector asks about forecasts, which it does not know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.common.questions import Question
from dashboard.mirror.models import AccountConnector


@dataclass(frozen=True, slots=True)
class WearLine:
    """It will probably lose authentication: when, how sure that is, and why one thinks so."""

    due_from: datetime
    due_until: datetime
    chance: str
    age: str
    """At which age its kind does so, in words."""
    losses: int
    reached: int
    """Of so many of its kind that got to this age, so many lost it."""


@Question
def wear_of(connector: AccountConnector) -> WearLine | None:
    """The forecast for it, if its time begins within a week; forecasts answer."""
    return None
