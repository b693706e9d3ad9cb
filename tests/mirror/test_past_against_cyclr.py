"""A thousand random moments of some days: the dashboard's answer against the stand-in's ledger."""

from __future__ import annotations

import html
import random
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from cyclr_api.simulator import CyclrState
from dashboard.mirror import sync
from dashboard.mirror.history import Past, past_of
from dashboard.mirror.models import Account

BEGAN = datetime.now(UTC) + timedelta(days=1)
LONGEST = timedelta(minutes=60)
"""Between two readings."""
READING = timedelta(seconds=30)
"""More than one takes."""
WORDS = {
    "authenticate": "Authenticated",
    "deauthenticate": "Not authenticated",
    "delete": "Gone",
}


@dataclass
class World:
    """What strangers do to an account, while it is read now and then; the clock is ours."""

    cyclr: CyclrState
    account: Account
    clock: time_machine.Traveller
    chance: random.Random
    now: datetime = BEGAN
    readings: list[datetime] = field(default_factory=list)

    def around(self, moment: datetime) -> tuple[datetime, datetime]:
        """When the readings before and after a moment began."""
        place = max(bisect_right(self.readings, moment), 1)
        return self.readings[place - 1], self.readings[place]

    @property
    def there(self) -> list[Any]:
        return list(self.cyclr.installed[self.account.cyclr_id])

    def wait(self, span: timedelta) -> None:
        """Time passes, and now and then somebody does something."""
        end = self.now + span
        while (next_at := self.now + timedelta(minutes=self.chance.expovariate(1 / 40))) < end:
            self._set(next_at)
            self._act()
        self._set(end)

    def read(self) -> None:
        """The account is read; Cyclr takes ten seconds for it, in which things happen too."""
        self.readings.append(self.now)
        sync.refresh_account(Account.objects.get(pk=self.account.pk))

    def _set(self, moment: datetime) -> None:
        self.now = moment
        self.clock.move_to(moment)

    def _act(self) -> None:
        one, what = self.chance.choice(self.there), self.chance.random()
        if what < 0.06 and len(self.there) > 3:
            self.cyclr.delete(one.id)
        elif what < 0.15:
            new = self.cyclr.install(self.account.cyclr_id, one.connector_id)
            self.cyclr.authenticate(new.id)
        elif one.authenticated:
            self.cyclr.deauthenticate(one.id)
        else:
            self.cyclr.authenticate(one.id)

    def truth(self) -> dict[int, list[tuple[datetime, str]]]:
        """What became of each connector when, by its id, as the ledger has it."""
        found: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        for effect in self.cyclr.ledger:
            if effect.kind in WORDS:
                number = effect.ids["account_connector"]
                found[number].append((effect.time, WORDS[effect.kind]))
        return found


def at(story: list[tuple[datetime, str]], moment: datetime) -> str:
    """The word that held at a moment; empty before the first."""
    place = bisect_right(story, moment, key=lambda one: one[0])
    return story[place - 1][1] if place else ""


def during(story: list[tuple[datetime, str]], since: datetime, until: datetime) -> set[str]:
    """All that held in a span of time."""
    return {at(story, since), *(word for moment, word in story if since < moment <= until)}


@pytest.fixture(params=[1, 2])
def world(request: pytest.FixtureRequest, cyclr: CyclrState, harbour: Account) -> Iterator[World]:
    """Two days of Harbour Books, with its connectors as they were at the beginning."""
    with time_machine.travel(BEGAN, tick=False) as clock:
        made = World(cyclr, harbour, clock, random.Random(request.param))
        cyclr.sleep = lambda seconds: made.wait(timedelta(seconds=seconds))
        cyclr.faults.delay("GET", "/account/connectors", 10)
        for one in made.there:  # so that the ledger tells of each from the beginning
            turn = (cyclr.deauthenticate, cyclr.authenticate)
            for do in turn if one.authenticated else reversed(turn):
                do(one.id)
        made.read()
        while made.now < BEGAN + timedelta(days=2):
            made.wait(LONGEST * made.chance.uniform(0.1, 1))
            made.read()
        yield made


def words(past: Past) -> set[str]:
    """The answers that are shown: one, or two where it is not sure, none where it is not known."""
    return {state.word for state in (past.state, past.other) if state is not None}


def shown_on(page: str) -> dict[int, set[str]]:
    """The words that an account's page has for each of its connectors."""
    rows = re.findall(r'<tr id="past-(\d+)">(.*?)</tr>', page, re.DOTALL)
    state = re.compile(r"data-state=[^>]*>([^<]+)<")
    return {int(row): {html.unescape(word) for word in state.findall(cells)} for row, cells in rows}


def test_a_thousand_moments_equal_the_ledger_within_the_interval_shown(
    world: World, agent: Client
) -> None:
    truth, chance = world.truth(), random.Random(99)
    rows = list(world.account.connectors.order_by("pk"))
    counted: Counter[str] = Counter()

    for number in range(1000):
        asked = BEGAN + (world.readings[-1] - BEGAN) * chance.random()
        answers = past_of(rows, asked)
        past = chance.choice(answers)
        story = truth[past.connector.cyclr_id]
        there, told = at(story, asked), words(past)
        if past.other is not None:
            assert past.since is not None
            assert past.until is not None
            assert past.since <= asked < past.until
            assert past.until - past.since <= LONGEST + 2 * READING
            assert told <= during(story, past.since, past.until)
            counted["two" if there in told or not past.state else "not seen"] += 1
        elif not told:
            assert not at(story, world.around(asked - READING)[0])
            counted["not known"] += 1
        else:
            before, after = world.around(asked)
            assert told <= during(story, before, after + READING)
            counted["one" if told == {there} else "not seen"] += 1
        if number % 50 == 0:
            page = agent.get(world.account.get_absolute_url(), {"at": asked.isoformat()})
            content = page.content.decode()
            expected = {one.connector.pk: words(one) for one in answers}
            assert shown_on(content) == {pk: told for pk, told in expected.items() if told}
            assert "changed back between two readings" in content

    known = 1000 - counted["not known"]
    assert known > 500
    assert counted["one"] > 0.8 * known
    assert counted["two"] > 20
    assert counted["not seen"] < 0.05 * known, "changed, and changed again before the next reading"
