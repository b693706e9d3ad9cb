"""After how many days authentication is lost: the statistics, on numbers alone.

A *lifetime* is how long a connector stayed authenticated, and whether that ended by a loss. Most
have not ended yet, or ended otherwise (somebody connected it again, or deleted it): they are
censored, and count only as having lived so long. `SurvivalCurve` is the Kaplan-Meier estimate,
which makes use of both.

A kind *wears out* if many of those that reach some age are lost within a short window there, far
more than are lost at any other age: a password of 90 days, say. `wear_of` finds that window, or
says that there is none; losses by chance make none, however many they are.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

FEWEST_LOSSES = 8
"""Losses within the window; fewer say nothing of a kind."""
FEWEST_DATES = 3
"""Days of the calendar that they fall on: all on one day were an outage."""
LEAST_SHARE = 0.6
"""Of those that reach the window, so many are lost in it."""
TIMES_AS_OFTEN = 4
"""As at other ages, a day."""
DEVIATIONS = 4
"""By so many standard deviations it is more than chance would have it."""
YOUNGEST = 3.0
"""Days; what is lost sooner never worked well, and nobody could be told in time."""
SPREAD, SPREAD_AT_LEAST = 0.17, 2.0
"""How wide a window may be, as a share of its age, and in days."""
REACH = 2.5
"""Standard deviations from the middle to either edge."""
CANDIDATES = 400


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How many days a connector stayed authenticated; `lost_on`, if it was lost, is the date."""

    days: float
    lost_on: int | None = None
    """The date's ordinal number."""

    @property
    def is_lost(self) -> bool:
        """Whether a loss ended it."""
        return self.lost_on is not None


class SurvivalCurve:
    """The share of connectors that stay authenticated for so many days (Kaplan-Meier)."""

    def __init__(self, lifetimes: Sequence[Lifetime]) -> None:
        rows = sorted(lifetimes, key=lambda one: (one.days, not one.is_lost))
        self._days = [one.days for one in rows]
        self._sums = [0.0, *accumulate(self._days)]
        self.losses = [one for one in rows if one.is_lost]
        self._ages = [one.days for one in self.losses]
        self._shares, self.weights = [1.0], []
        for number, one in enumerate(rows):
            if one.is_lost:
                left = self._shares[-1] * (1 - 1 / (len(rows) - number))
                self.weights.append(self._shares[-1] - left)
                self._shares.append(left)

    def share(self, days: float) -> float:
        """Of all, so many are still authenticated after these days."""
        return self._shares[bisect_right(self._ages, days)]

    def share_before(self, days: float) -> float:
        """Of all, so many get there."""
        return self._shares[bisect_left(self._ages, days)]

    def reached(self, days: float) -> int:
        """How many lifetimes are known to have got there."""
        return len(self._days) - bisect_left(self._days, days)

    def lost(self, first: float, last: float) -> slice:
        """The losses between two ages, as a slice of `losses`."""
        return slice(bisect_left(self._ages, first), bisect_right(self._ages, last))

    def lived(self, first: float, last: float) -> float:
        """Days that all together lived between two ages."""
        return self._lived(last) - self._lived(first)

    def _lived(self, age: float) -> float:
        shorter = bisect_right(self._days, age)
        return self._sums[shorter] + age * (len(self._days) - shorter)


@dataclass(frozen=True, slots=True)
class Wear:
    """A kind is regularly lost at an age: between `first` and `last` days, likely at `likely`."""

    first: float
    likely: float
    last: float
    losses: int
    """Losses within the window."""
    reached: int
    """Lifetimes that reached it."""
    curve: SurvivalCurve

    def chance(self, age: float) -> float:
        """How likely one of this age is lost by the end of the window.

        A few cases are no certainty: as if two more had been seen, of which one was lost.
        """
        if age > self.last:
            return 0.0
        alive = self.curve.share_before(age)
        lost = 1 - self.curve.share(self.last) / alive if alive else 1.0
        count = self.curve.reached(max(age, self.first))
        return (lost * count + 1) / (count + 2)


def wear_of(lifetimes: Sequence[Lifetime]) -> Wear | None:
    """The age at which these are regularly lost; None if there is none."""
    curve = SurvivalCurve(lifetimes)
    if len(curve.losses) < FEWEST_LOSSES:
        return None
    densest = _densest(curve)
    if densest is None:
        return None
    likely, deviation = _middle(curve, *densest)
    first, last = likely - max(1.0, REACH * deviation), likely + max(1.0, REACH * deviation)
    inside = curve.losses[curve.lost(first, last)]
    lost = 1 - curve.share(last) / (curve.share_before(first) or 1.0)
    by_chance, ratio = _compared(curve, first, last)
    is_regular = (
        len(inside) >= FEWEST_LOSSES
        and len({one.lost_on for one in inside}) >= FEWEST_DATES
        and first >= YOUNGEST
        and lost >= LEAST_SHARE
        and ratio >= TIMES_AS_OFTEN
        and len(inside) - by_chance >= DEVIATIONS * math.sqrt(max(by_chance, 1.0))
    )
    if not is_regular:
        return None
    return Wear(first, likely, last, len(inside), curve.reached(first), curve)


def _densest(curve: SurvivalCurve) -> tuple[float, float] | None:
    """The window in which the most are lost beyond what chance would have."""
    step = max(1, len(curve.losses) // CANDIDATES)
    best: tuple[float, tuple[float, float]] | None = None
    for one in curve.losses[::step]:
        first, last = one.days, one.days * (1 + SPREAD) + SPREAD_AT_LEAST
        found = curve.lost(first, last)
        count = found.stop - found.start
        by_chance, _ = _compared(curve, first, last)
        score = (count - by_chance) / math.sqrt(by_chance + 1)
        if best is None or score > best[0]:
            best = (score, (first, last))
    return best and best[1]


def _compared(curve: SurvivalCurve, first: float, last: float) -> tuple[float, float]:
    """Losses that chance would have in a window, and how many times as often they are.

    By chance: as often, a day that somebody lives, as before the window.
    """
    found, days = curve.lost(first, last), curve.lived(first, last)
    before, lived = curve.lost(0.0, first).start, curve.lived(0.0, first)
    earlier = found.start - before
    rate = earlier / lived if lived else 0.0
    by_chance = rate * days
    count = found.stop - found.start
    return by_chance, count / by_chance if by_chance else math.inf


def _middle(curve: SurvivalCurve, first: float, last: float) -> tuple[float, float]:
    """Median and standard deviation of the ages lost in a window.

    By weight: of the older ones fewer have got there yet, so each stands for more. The deviation
    is that of the middle half, which stray losses hardly move.
    """
    found = curve.lost(first, last)
    ages = [one.days for one in curve.losses[found]]
    weights = curve.weights[found]
    middle = _median(list(zip(ages, weights, strict=True)))
    away = [(abs(age - middle), weight) for age, weight in zip(ages, weights, strict=True)]
    return middle, 1.4826 * _median(away)


def _median(weighted: Sequence[tuple[float, float]]) -> float:
    rows = sorted(weighted)
    half = sum(weight for _, weight in rows) / 2
    passed = 0.0
    for value, weight in rows:
        passed += weight
        if passed >= half:
            return value
    return rows[-1][0]
