"""One line of what needs attention, whatever it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.common.timing import format_ago


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that needs attention, and the one button that helps."""

    state: str
    word: str
    name: str
    url: str
    account: str
    why: str
    at: datetime | None
    action: str
    action_url: str

    @property
    def age(self) -> str:
        """`9 min`, for a narrow column."""
        return format_ago(self.at).removesuffix(" ago") if self.at else ""
