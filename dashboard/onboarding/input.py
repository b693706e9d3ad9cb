"""What a run works from beside the input of its operations."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from dashboard.common import timing
from dashboard.operations.input import Input

JSON = dict[str, Any]
TYPED = "typed"
"""The key beside an operation's input under which a step keeps the fields of its form."""
WEEK = 7 * 24 * 3600
HOUR = 60
"""Minutes: how often a cycle runs unless somebody says otherwise; a new one has no interval."""


@dataclass(frozen=True, slots=True)
class Entries:
    """What was entered for a step. `values`: what its operation works from; `shown`: what people
    see of it; `typed`: its form as it was filled in, without secrets. All but `shown` is encrypted.
    """

    values: JSON = field(repr=False)
    shown: JSON
    typed: JSON = field(default_factory=dict, repr=False)
    has_secrets: bool = False

    def kept(self) -> JSON:
        """As it is encrypted."""
        return self.values | ({TYPED: self.typed} if self.typed else {})


@dataclass(frozen=True, slots=True)
class Wishes(Input):
    """What is wished of the link and of the cycles.

    `lifetime`: seconds that the link works. `start_at`: by the account's clock, without a zone;
    empty for at once, as is one that is over by then. `interval`: minutes.
    """

    makes_link: bool = True
    mails: bool = False
    lifetime: int = WEEK
    message: str = ""
    language: str = ""
    ticket_url: str = ""
    has_reminders: bool = False
    activates: bool = True
    interval: int | None = HOUR
    start_at: str = ""
    run_once: bool = False

    def kept(self) -> dict[str, Any]:
        """As a run keeps it."""
        return asdict(self)

    def start_in(self, zone_name: str, now: datetime) -> datetime | None:
        """When the cycles are to start, by the account's clock; None for at once."""
        if not self.start_at:
            return None
        there = timing.zone(zone_name) or UTC
        moment = datetime.fromisoformat(self.start_at).replace(tzinfo=there).astimezone(UTC)
        return moment if moment > now else None
