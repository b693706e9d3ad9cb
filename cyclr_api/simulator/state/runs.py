"""What cycles did: transactions and incidents, and choosing among them.

Both are documents, oldest first, and never change. A transaction's `Items` are shown one by one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cyclr_api.simulator.state.values import JSON

if TYPE_CHECKING:
    from cyclr_api.simulator.state.cycle import Cycle

DATE = "CreatedOnUtc"
"""Sim: the attribute that says when; Cyclr's own is not known."""

COMPLETED, STOPPED, IN_PROGRESS = "Completed", "Stopped", "InProgress"
"""Sim: the last two; only the first is known."""

UNSPLIT = "Unsplit"

ERROR, WARNING = "Error", "Warning"


@dataclass(frozen=True)
class Period:
    """From `after` on, until just before `before`. None: no end on that side."""

    after: datetime | None = None
    before: datetime | None = None

    def holds(self, run: JSON) -> bool:
        """Compares as text, which orders dates written alike; what has none is never held."""
        if self.after is None and self.before is None:
            return True
        date = str(run.get(DATE) or "")
        is_late_enough = self.after is None or date >= _written(self.after)
        is_early_enough = self.before is None or date < _written(self.before)
        return bool(date) and is_late_enough and is_early_enough


def _written(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


# -- transactions --------------------------------------------------------------------------------


def shown_transaction(cycle: "Cycle", transaction: JSON) -> JSON:
    own = {"CycleId": cycle.id, "CycleName": cycle.name}
    rest = {key: value for key, value in transaction.items() if key not in ("Id", "Items")}
    return {"Id": transaction.get("Id"), **own, **rest}


def is_alike(run: JSON, name: str, wanted: str | None) -> bool:
    """Whether an attribute says what is wanted, whatever the case [T]; None wants nothing."""
    return wanted is None or str(run.get(name)).casefold() == wanted.casefold()


def items_with(transaction: JSON, query: str) -> list[JSON]:
    """The items in whose texts the query stands. Sim: whatever the case."""
    wanted = query.casefold()
    return [
        item
        for item in transaction.get("Items") or []
        if any(wanted in text.casefold() for text in item.values() if isinstance(text, str))
    ]


def ended(transaction: JSON, *, is_finished: bool, moment: str) -> JSON:
    """A transaction that is under way, after its cycle was deactivated."""
    if transaction.get("Status") != IN_PROGRESS:
        return transaction
    return {**transaction, "Status": COMPLETED if is_finished else STOPPED, "EndedOnUtc": moment}


# -- incidents -----------------------------------------------------------------------------------


def shown_incident(cycle: "Cycle", incident: JSON) -> JSON:
    return {"CycleId": cycle.id, "CycleName": cycle.name, **incident}


def full_message(status: str, body: str, request: str) -> str:
    """What went wrong as Cyclr writes it; `request` has its Authorization taken out already."""
    return f"{status}\r\n{body}\r\n\r\nHTTP Request:\r\n{request}"
