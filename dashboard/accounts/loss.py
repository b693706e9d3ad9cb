"""What goes with an account when it is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboard.common.questions import Question
from dashboard.mirror.models import Account, AccountConnector, Cycle


@Question
def open_link_count(account: Account) -> int:
    """How many of its connection links customers can use; links answer."""
    return 0


@dataclass(frozen=True, slots=True)
class Loss:
    """As the mirror has it. Where `cycles_read_at` is None nobody knows which cycles there are."""

    connectors: tuple[AccountConnector, ...]
    running: tuple[Cycle, ...]
    resting_count: int
    open_links: int
    sub_accounts: tuple[Account, ...]
    cycles_read_at: datetime | None
    cycles_error: str = ""

    @property
    def is_nothing(self) -> bool:
        """Whether it is known that nothing goes with it."""
        there = (self.connectors, self.running, self.resting_count, self.open_links)
        return self.cycles_read_at is not None and not any((*there, self.sub_accounts))


def loss_of(account: Account) -> Loss:
    """Five queries, whatever there is."""
    cycles = list(Cycle.objects.there().filter(account=account).order_by("sort_name", "pk"))
    running = tuple(cycle for cycle in cycles if cycle.is_active)
    return Loss(
        connectors=tuple(account.connectors.there().order_by("sort_name", "pk")),
        running=running,
        resting_count=len(cycles) - len(running),
        open_links=open_link_count(account),
        sub_accounts=tuple(Account.objects.there().below(account)),
        cycles_read_at=account.cycles_read_at,
        cycles_error=account.cycles_error,
    )
