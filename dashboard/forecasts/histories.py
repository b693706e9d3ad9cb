"""How long each installed connector of a console stayed authenticated, from the ledger."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from django.utils import timezone

from dashboard.connector_changes.handlers.losing import DEAUTHENTICATE
from dashboard.connector_changes.handlers.properties import REPLACE_CREDENTIALS
from dashboard.consoles.models import Console
from dashboard.forecasts.survival import Lifetime
from dashboard.links.models import LinkItem
from dashboard.mirror.catalogue import chosen_label
from dashboard.mirror.models import AccountConnector, ConnectorState
from dashboard.operations.models import Operation, State

DAY = timedelta(days=1)
KNOWN_WITHIN = timedelta(days=2)
"""A loss that happened within a longer time is not known well enough to learn from."""
SOON = timedelta(hours=1)
"""What connects a connector is known so long before, or after, the mirror sees it connected."""
AT_A_TIME = 2000

Kind = tuple[str, str]
"""Name of the connector, and how it is authenticated."""


class _State(NamedTuple):
    """A row of the ledger: the columns that matter here."""

    connector: int
    after: datetime | None
    until: datetime
    authenticated: bool | None
    authenticated_since: datetime | None
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Age:
    """An installed connector that is authenticated, and since when its age is counted."""

    connector: int
    since: datetime


@dataclass(frozen=True, slots=True)
class _Spell:
    """A connector was authenticated from `began` to `ended`, or to now.

    `began` is None if nobody saw it begin; `lost_at` is set where it ended by a loss.
    """

    began: datetime | None
    ended: datetime
    lost_at: datetime | None = None
    is_now: bool = False


class Histories:
    """Lifetimes and present ages of a console's connectors, by kind."""

    def __init__(self) -> None:
        self.lifetimes: dict[Kind, list[Lifetime]] = defaultdict(list)
        self.ages: dict[Kind, list[Age]] = defaultdict(list)


def histories_of(console: Console) -> Histories:
    """Read them all: a few queries, whatever their number; the rows are streamed."""
    found = Histories()
    now = timezone.now()
    renewed, taken = _renewals(console), _taken_away(console)
    states = _states_of(console)
    held = next(states, None)
    for row in _connectors_of(console):
        while held is not None and held[0] < row.pk:
            held = next(states, None)
        own = held[1] if held is not None and held[0] == row.pk else []
        kind = (row.connector_name, chosen_label(json.dumps(row.authentication), row.chosen_id))
        for spell in _spells(own, row, now):
            _add(found, kind, row.pk, spell, renewed.get(row.pk, []), taken.get(row.pk, []))
    return found


def _add(
    found: Histories,
    kind: Kind,
    connector: int,
    spell: _Spell,
    renewed: Iterable[datetime],
    taken: Iterable[datetime],
) -> None:
    """One spell, cut where somebody connected it again while it was authenticated."""
    begun = spell.began
    earliest = begun + SOON if begun else datetime.min.replace(tzinfo=spell.ended.tzinfo)
    cuts = [moment for moment in renewed if earliest < moment < spell.ended]
    points = [*([begun] if begun else []), *cuts]
    for earlier, later in pairwise(points):
        found.lifetimes[kind].append(Lifetime((later - earlier) / DAY))
    if not points:
        return
    start = points[-1]
    is_wanted = any(start <= moment <= spell.ended + SOON for moment in taken)
    lost = None if is_wanted else spell.lost_at
    days = ((lost or spell.ended) - start) / DAY
    found.lifetimes[kind].append(Lifetime(days, lost.toordinal() if lost else None))
    if spell.is_now:
        found.ages[kind].append(Age(connector, start))


# ---- what the mirror knows ----


class _Row(NamedTuple):
    """An installed connector as it is: the columns that matter here."""

    pk: int
    connector_name: str
    authentication: list[object]
    chosen_id: str
    authenticated: bool | None
    authenticated_since: datetime | None
    gone_at: datetime | None
    seen_at: datetime


def _connectors_of(console: Console) -> Iterator[_Row]:
    rows = AccountConnector.objects.filter(account__console=console).order_by("pk")
    columns = ("pk", "connector_name", "authentication", "authentication_id", "authenticated")
    more = ("authenticated_since", "gone_at", "seen_at")
    return (
        _Row(*values) for values in rows.values_list(*columns, *more).iterator(chunk_size=AT_A_TIME)
    )


def _states_of(console: Console) -> Iterator[tuple[int, list[_State]]]:
    rows = ConnectorState.objects.filter(account_connector__account__console=console)
    values = rows.order_by("account_connector", "pk").values_list(
        "account_connector", "after", "until", "authenticated", "authenticated_since", "is_gone"
    )
    states = (_State(*one) for one in values.iterator(chunk_size=AT_A_TIME))
    for connector, some in groupby(states, key=attrgetter("connector")):
        yield connector, list(some)


def _renewals(console: Console) -> dict[int, list[datetime]]:
    """When customers connected each by a link, or a colleague replaced its credentials."""
    items = LinkItem.objects.filter(link__console=console, connected_at__isnull=False)
    found: dict[int, list[datetime]] = defaultdict(list)
    for connector, moment in items.order_by().values_list("account_connector", "connected_at"):
        found[connector].append(moment)
    for connector, moment in _done(console, REPLACE_CREDENTIALS):
        found[connector].append(moment)
    return {connector: sorted(moments) for connector, moments in found.items()}


def _taken_away(console: Console) -> dict[int, list[datetime]]:
    """When colleagues de-authenticated each: no loss."""
    found: dict[int, list[datetime]] = defaultdict(list)
    for connector, moment in _done(console, DEAUTHENTICATE):
        found[connector].append(moment)
    return found


def _done(console: Console, kind: str) -> Iterable[tuple[int, datetime]]:
    rows = Operation.objects.filter(
        console=console, kind=kind, state=State.DONE, account_connector__isnull=False
    )
    return rows.order_by().values_list("account_connector", "finished_at")


# ---- spells ----


def _spells(states: Iterable[_State], row: _Row, now: datetime) -> Iterator[_Spell]:
    """When it was authenticated, as the ledger and the mirror say together."""
    held: _State | None = None
    for state in states:
        is_held = bool(state.authenticated) and not state.is_gone
        if held is not None and (not is_held or state.authenticated_since != _begun(held)):
            yield _ended(held, state)
            held = None
        if is_held and held is None:
            held = state
    is_there = bool(row.authenticated) and row.gone_at is None
    if held is not None and is_there and row.authenticated_since == _begun(held):
        yield _Spell(_begun(held), now, is_now=True)
    elif held is not None:
        yield _Spell(_begun(held), max(held.until, _begun(held) or held.until))
    elif is_there:
        yield _Spell(row.authenticated_since, now, is_now=True)


def _begun(state: _State) -> datetime | None:
    return state.authenticated_since


def _ended(held: _State, state: _State) -> _Spell:
    """It was `held` and then something else: lost, unless it was deleted or connected anew."""
    last_seen = state.after or held.until
    if state.is_gone or state.authenticated or state.until - last_seen > KNOWN_WITHIN:
        return _Spell(_begun(held), max(last_seen, _begun(held) or last_seen))
    lost_at = state.authenticated_since or state.until
    return _Spell(_begun(held), state.until, lost_at=lost_at)
