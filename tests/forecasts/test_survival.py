"""The statistics of wear-out, on made-up histories."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from dashboard.forecasts.survival import Lifetime, SurvivalCurve, Wear, wear_of

TODAY = 500
Draw = Callable[[random.Random], tuple[float, bool]]
"""After how many days one is lost, and whether that was by schedule."""


@dataclass(frozen=True)
class Spell:
    """One connector was authenticated from a day on, and is lost on another."""

    began: float
    lost: float
    is_scheduled: bool

    def as_of(self, day: float) -> Lifetime:
        """What is known of it on a day."""
        if self.lost <= day:
            return Lifetime(self.lost - self.began, int(self.lost))
        return Lifetime(day - self.began)


def fleet(rng: random.Random, draw: Draw, *, size: int = 200, days: float = 800) -> list[Spell]:
    """Connectors that are connected again a while after each loss."""
    spells = []
    for _ in range(size):
        day = rng.uniform(0, 120)
        while day < days:
            lasts, is_scheduled = draw(rng)
            spells.append(Spell(day, day + lasts, is_scheduled))
            day += lasts + rng.uniform(0, 10)
    return spells


def scheduled_with_chance(spread: Callable[[random.Random], float]) -> Draw:
    """90 days, but three of ten losses come before, by chance."""

    def draw(rng: random.Random) -> tuple[float, bool]:
        if rng.random() < 0.3:
            return rng.uniform(0.5, 86), False
        return spread(rng), True

    return draw


def by_chance(mean: float) -> Draw:
    """Lost at any time, after so many days on the average."""
    return lambda rng: (rng.expovariate(1 / mean), False)


@dataclass
class Judged:
    """How a forecast did: of scheduled losses, and of those that it named."""

    scheduled: int = 0
    in_time: int = 0
    named: int = 0
    false: int = 0


def judge(spells: list[Spell], wear: Wear | None) -> Judged:
    """Name day by day what is due within a week, and see what came of it."""
    found = Judged()
    for one in spells:
        if one.lost < TODAY or one.lost > TODAY + 200 or one.began > TODAY + 80:
            continue
        named_at = one.began + wear.first - 7 if wear else float("inf")
        named_at = max(named_at, TODAY)
        is_named = named_at < one.lost and wear is not None and named_at - one.began <= wear.last
        if one.is_scheduled and one.lost > TODAY + 3:
            found.scheduled += 1
            found.in_time += is_named and named_at <= one.lost - 3
        if is_named and wear is not None:
            found.named += 1
            found.false += one.lost - one.began > wear.last
    return found


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "spread",
    [lambda rng: rng.uniform(87, 93), lambda rng: rng.gauss(90, 3)],
    ids=["even", "bell"],
)
def test_scheduled_losses_are_named_three_days_ahead_and_hardly_any_other(
    seed: int, spread: Callable[[random.Random], float]
) -> None:
    spells = fleet(random.Random(seed), scheduled_with_chance(spread))  # noqa: S311 - no secret
    known = [one.as_of(TODAY) for one in spells if one.began < TODAY]

    wear = wear_of(known)

    found = judge(spells, wear)
    assert found.scheduled > 100
    assert found.in_time >= 0.95 * found.scheduled
    assert found.false <= 0.05 * found.named


def test_losses_by_chance_make_no_forecast() -> None:
    found = []
    for seed in range(200):
        rng = random.Random(seed)  # noqa: S311 - no secret
        spells = fleet(rng, by_chance(rng.choice([20, 60, 200, 1000])), size=60)
        found.append(wear_of([one.as_of(TODAY) for one in spells if one.began < TODAY]))

    assert sum(one is not None for one in found) == 0


def test_a_kind_that_is_never_lost_gets_no_forecast() -> None:
    assert wear_of([Lifetime(float(days)) for days in range(500)]) is None


def test_seven_losses_are_too_few_and_eight_enough() -> None:
    losses = [Lifetime(89 + n / 4, 100 + n) for n in range(8)]

    assert wear_of(losses[:7]) is None
    wear = wear_of(losses)
    assert wear is not None and wear.first < 90 < wear.last


def test_what_was_all_lost_on_one_day_is_an_outage() -> None:
    assert wear_of([Lifetime(90 + n / 100, 730_000) for n in range(50)]) is None


def test_where_most_outlive_the_window_there_is_no_forecast() -> None:
    losses = [Lifetime(90 + n / 10, 100 + n) for n in range(20)]

    assert wear_of([*losses, *[Lifetime(200.0)] * 30]) is None


def test_who_was_connected_again_before_counts_as_having_lived_so_long() -> None:
    curve = SurvivalCurve([Lifetime(10.0), Lifetime(20.0, 1), Lifetime(30.0)])

    assert curve.share(19) == 1
    assert curve.share(20) == pytest.approx(0.5)
    assert curve.lived(0, 20) == pytest.approx(50)


def test_a_few_cases_are_no_certainty() -> None:
    wear = wear_of([Lifetime(89 + n / 4, 100 + n) for n in range(8)])

    assert wear is not None
    assert wear.chance(80) == pytest.approx(0.9)
    assert wear.chance(wear.last + 1) == 0


def test_the_chance_falls_for_one_that_outlives_most_of_the_window() -> None:
    losses = [Lifetime(88 + n / 8, 100 + n) for n in range(33)]
    wear = wear_of([*losses, *[Lifetime(200.0)] * 8])

    assert wear is not None
    assert 0.7 < wear.chance(60) < 0.85
    assert wear.chance(91.5) < wear.chance(60)


def test_twenty_thousand_lifetimes_take_no_time_worth_mentioning() -> None:
    rng = random.Random(2)  # noqa: S311 - no secret
    spells = fleet(rng, scheduled_with_chance(lambda rng: rng.gauss(90, 3)), size=4000)

    wear = wear_of([one.as_of(TODAY) for one in spells if one.began < TODAY])

    assert wear is not None and 88 < wear.likely < 92
