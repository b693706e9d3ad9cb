"""What reaches beyond an installed connector when it is de-authenticated or deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.common.questions import Question
from dashboard.mirror.models import AccountConnector, Cycle


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A connection link that customers can use and on which the connector is not done yet."""

    recipient: str
    """Whom it was sent to: a name, an address or neither. Text from outside."""
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A connection link on the page of a connector, and how far that one is on it."""

    recipient: str
    url: str
    state: str
    """Names its mark."""
    label: str
    at: datetime
    """When something last happened on it."""


@Question
def newest_links_of(connector: AccountConnector, most: int) -> Sequence[LinkLine]:
    """The links with the connector on them, newest first, whatever became of them; links answer."""
    return ()


@Question
def open_links_of(connector: AccountConnector) -> Sequence[OpenLink]:
    """The open links with the connector among what is left on them; links answer."""
    return ()


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """Which cycles and links depend on an installed connector, as the mirror has it.

    `running` cycles stop; `resting` ones cannot be activated any more. Where `cycles_read_at` is
    None the account's cycles were never read: then nobody knows which there are.
    """

    running: tuple[Cycle, ...]
    resting: tuple[Cycle, ...]
    open_links: tuple[OpenLink, ...]
    cycles_read_at: datetime | None
    cycles_error: str = ""
    """Why the newest reading of the account's cycles failed; empty if it did not."""

    @property
    def is_known(self) -> bool:
        """Whether the cycles were ever read."""
        return self.cycles_read_at is not None

    @property
    def is_empty(self) -> bool:
        """Whether it is known that nothing depends on it."""
        return self.is_known and not (self.running or self.resting or self.open_links)


def blast_radius(connector: AccountConnector) -> BlastRadius:
    """What stops, or leads nowhere, without the connector. Two queries, whatever there is."""
    account = connector.account
    cycles = list(Cycle.objects.there().needing(connector))
    return BlastRadius(
        running=tuple(cycle for cycle in cycles if cycle.is_active),
        resting=tuple(cycle for cycle in cycles if not cycle.is_active),
        open_links=tuple(open_links_of(connector)),
        cycles_read_at=account.cycles_read_at,
        cycles_error=account.cycles_error,
    )
