"""What the page of an installed connector asks about alarms, which it does not know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.common.questions import Question
from dashboard.mirror.models import AccountConnector


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """The open alarm about an installed connector: since when, and who sees to it."""

    url: str
    state: str
    began_at: datetime
    who: str
    """Who has taken it, in a sentence; text from people. Empty for nobody."""
    others: int
    """How many others of its kind are broken in the same alarm."""


@Question
def alarm_of(connector: AccountConnector) -> AlarmLine | None:
    """The open alarm that it belongs to, if any; alarms answer."""
    return None
