"""What an installed connector was at a moment, and how exactly that is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard.mirror.ledger import facts_of, state_of
from dashboard.mirror.models import AccountConnector, ConnectorState


@dataclass(frozen=True, slots=True)
class Past:
    """The answer for one connector.

    `state` held at the moment, from `since` to `until` at least. With `other` it is not sure: at
    some time between `since` and `until` it became `other`. Without `state` nothing was known yet.
    """

    connector: AccountConnector
    state: ConnectorState | None
    other: ConnectorState | None
    since: datetime | None
    until: datetime | None

    @property
    def is_sure(self) -> bool:
        """Whether there is one answer."""
        return self.state is not None and self.other is None

    @property
    def is_after_last_reading(self) -> bool:
        """Whether nothing newer is known: the moment may be later than the last reading."""
        return self.is_sure and self.until == self.connector.seen_at


def past_of(connectors: Iterable[AccountConnector], moment: datetime) -> list[Past]:
    """What these were at the moment; one query, in the order of the connectors."""
    every = list(connectors)
    states: dict[int, list[ConnectorState]] = defaultdict(list)
    for state in ConnectorState.objects.filter(account_connector__in=every):
        states[state.account_connector_id].append(state)
    return [
        _past(one, [*states[one.pk], *_unwritten(one, states[one.pk])], moment) for one in every
    ]


def _past(connector: AccountConnector, states: Sequence[ConnectorState], moment: datetime) -> Past:
    earlier = [state for state in states if state.until <= moment]
    later = states[len(earlier)] if len(earlier) < len(states) else None
    state = earlier[-1] if earlier else None
    if later is not None and later.after is not None and later.after <= moment:
        return Past(connector, state, later, later.after, later.until)
    if state is None:
        return Past(connector, None, None, None, states[0].until)
    # `seen_at` is when the reading began, and the change may have been written in the middle of it.
    held_until = later.after if later is not None else max(state.until, connector.seen_at)
    return Past(connector, state, None, state.until, held_until)


def _unwritten(
    connector: AccountConnector, states: Sequence[ConnectorState]
) -> list[ConnectorState]:
    """What it is now, where the ledger does not say so.

    It was begun later, or a process of the release before, which knows no ledger, changed it.
    """
    now = state_of(connector, connector.seen_at)
    if not states:
        return [now]
    last = states[-1]
    if last.until >= now.until or facts_of(last) == facts_of(now):
        return []
    now.after = last.until
    return [now]
