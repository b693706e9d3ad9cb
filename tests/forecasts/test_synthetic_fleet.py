"""A synthetic fleet, day by day, as the dashboard meets it: from the ledger to what is named.

Connectors are lost after 90 days, give or take 3, but three of ten before, by chance. On the day
of a forecast the dashboard knows no more than its readings have told until then.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from dashboard.forecasts import forecasting
from dashboard.forecasts.models import Forecast
from dashboard.mirror.models import AccountConnector, ConnectorState
from tests.factories import make_account, make_account_connector

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BEGAN = datetime(2027, 1, 1, 8, tzinfo=UTC)
SIZE, LEARNED, JUDGED = 120, 250, 110
"""Connectors; days before the first forecast; days on each of which there is one."""
LOST_BY_CHANCE = 252.3
"""Days, on the average, without a schedule: three of ten are lost within 90."""


@dataclass(slots=True)
class Spell:
    """A connector was authenticated from a day on until another."""

    connector: AccountConnector
    began: float
    lost: float
    is_scheduled: bool
    named: float | None = None
    """On which day it was first named, and until which it was to be lost."""
    due: float = 0.0


def spells_of(connector: AccountConnector, chance: random.Random) -> Iterator[Spell]:
    """It is connected again some days after each loss."""
    day = chance.uniform(0, 120)
    while day < LEARNED + JUDGED:
        scheduled, by_chance = chance.gauss(90, 3), chance.expovariate(1 / LOST_BY_CHANCE)
        lasts = min(scheduled, by_chance)
        yield Spell(connector, day, day + lasts, scheduled <= by_chance)
        day += lasts + chance.uniform(0.1, 10)


class Fleet:
    """The spells of all, and what the dashboard has read of them so far."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        account = make_account()
        self.console = account.console
        made = [make_account_connector(account=account) for _ in range(SIZE)]
        self.spells = [spell for one in made for spell in spells_of(one, self.chance)]
        moments = [(one.began, True, one) for one in self.spells]
        moments += [(one.lost, False, one) for one in self.spells]
        self._coming = sorted(moments, key=lambda one: one[0], reverse=True)

    def read_until(self, day: float) -> None:
        """Write down what became otherwise, as readings each quarter of an hour find it."""
        states = []
        while self._coming and self._coming[-1][0] <= day:
            at, is_authenticated, spell = self._coming.pop()
            read = BEGAN + at * DAY + timedelta(minutes=15 * self.chance.random())
            values = {"authenticated": is_authenticated, "authenticated_since": read}
            rows = AccountConnector.objects.filter(pk=spell.connector.pk)
            rows.update(seen_at=read, **values)
            after = read - timedelta(minutes=15)
            states.append(
                ConnectorState(account_connector=spell.connector, after=after, until=read, **values)
            )
        ConnectorState.objects.bulk_create(states)

    def name(self, day: float) -> None:
        """Make the forecasts of the day, and note which spells they name for the first time."""
        forecasting.forecast(self.console)
        found = dict(Forecast.objects.standing().values_list("account_connector", "due_until"))
        for spell in self.spells:
            if spell.began <= day < spell.lost and spell.connector.pk in found:
                spell.due = (found[spell.connector.pk] - BEGAN) / DAY
                spell.named = day if spell.named is None else spell.named


@pytest.mark.parametrize("seed", range(3))
def test_scheduled_losses_are_named_three_days_ahead_and_hardly_any_is_false(seed: int) -> None:
    fleet = Fleet(seed)
    for day in range(LEARNED, LEARNED + JUDGED):
        with time_machine.travel(BEGAN + day * DAY, tick=False):
            fleet.read_until(day)
            fleet.name(day)

    first, last = LEARNED + 3, LEARNED + JUDGED
    scheduled = [one for one in fleet.spells if one.is_scheduled and first < one.lost <= last]
    in_time = [one for one in scheduled if one.named is not None and one.named <= one.lost - 3]
    named = [one for one in fleet.spells if one.named is not None and min(one.due, one.lost) < last]
    false = [one for one in named if one.lost > one.due]
    by_chance = [one for one in fleet.spells if not one.is_scheduled]
    assert len(scheduled) > 80
    assert 0.2 < len(by_chance) / len(fleet.spells) < 0.4
    assert len(in_time) >= 0.95 * len(scheduled)
    assert len(false) <= 0.05 * len(named)
