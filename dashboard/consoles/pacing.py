"""The rate limit of a console, shared by all workers through Redis.

A token bucket of the console's own rate, else `CYCLR_CALLS_PER_SECOND`; a fifth of it is kept free
for work a person waits for.
A 429 or a Retry-After holds every worker back at once: from the console, or, where a third party
gave it through a method or a trigger, from that one installed connector. Three connectors' within
ten seconds hold the console too: it may be Cyclr's after all. Without Redis each process keeps to
a quarter of the rate by itself, and to what it was told itself: never unlimited.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from functools import cache

import redis
from django.conf import settings

from cyclr_api import TemporaryError
from cyclr_api.pacing import FIRST_PAUSE, LONGEST_GUESS, guessed_pause
from dashboard.common.redis import connection
from dashboard.consoles.pacing_scripts import HOLD, TAKE

logger = logging.getLogger(__name__)

INTERACTIVE, BACKGROUND = "interactive", "background"
MAX_WAIT = {INTERACTIVE: 10.0, BACKGROUND: 1.0}
"""Seconds a call waits for its turn before the work goes back to its queue."""
RESERVED_SHARE = {INTERACTIVE: 0.0, BACKGROUND: 0.2}


SUSPICIOUS, WITHIN = 3, 10.0
"""So many connectors' third parties asking for a pause within so many seconds hold the console."""
REMEMBERED = 600.0
"""Seconds for which it is known how often in a row a pause had to be guessed."""
TOGETHER, MOST_TOGETHER = 0.02, 32
"""So many seconds' turns, and so many at most, a process takes at once to read in the background:
threads that each asked for one spent more time on asking than on reading."""
KEPT = 0.1
"""Seconds after which turns that were not used are forgotten."""


class PacedError(TemporaryError):
    """Not sent: this console's calls are paced and it is not this one's turn soon.

    With `through` only the calls through that installed connector are.
    """

    counts_as_try = False


Place = tuple[int, int | None]
"""A console, and perhaps one of its installed connectors."""


@dataclass
class _Alone:
    """What this process was told itself, by its own monotonic clock: all there is without Redis."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    turns: dict[int, float] = field(default_factory=dict)
    """By console: when the next call may leave."""
    held: dict[Place, float] = field(default_factory=dict)
    refusals: dict[Place, int] = field(default_factory=dict)
    limited: dict[int, dict[int, float]] = field(default_factory=dict)
    """By console: which connectors' third parties asked for a pause, and when."""

    def forget(self) -> None:
        """As if nobody had ever asked for a pause."""
        with self.lock:
            for known in (self.turns, self.held, self.refusals, self.limited):
                known.clear()

    def hold(self, console: int, through: int | None, seconds: float) -> float:
        """Hold a console or a connector; 0 seconds are guessed. How long it is."""
        with self.lock:
            now = time.monotonic()
            self.held = {place: until for place, until in self.held.items() if until > now}
            pause = self._hold((console, through), seconds, now)
            if through is None:
                return pause
            lately = self.limited.setdefault(console, {})
            lately[through] = now
            for other in [one for one, at in lately.items() if at <= now - WITHIN]:
                del lately[other]
            if len(lately) >= SUSPICIOUS:
                pause = max(pause, self._hold((console, None), seconds, now))
            return pause

    def _hold(self, place: Place, seconds: float, now: float) -> float:
        rest = self.held.get(place, now) - now
        if not seconds:
            if rest > 0:
                return rest
            self.refusals[place] = self.refusals.get(place, 0) + 1
            seconds = guessed_pause(self.refusals[place])
        self.held[place] = now + max(rest, seconds)
        return max(rest, seconds)

    def take(self, console: int, through: int | None, rate: float) -> _Turn:
        """This process's own share, for all its threads and both priorities together."""
        with self.lock:
            now = time.monotonic()
            own = self.held.get((console, through), 0.0)
            if through is not None and now < own:
                return _Turn(own - now, is_of_connector=True)
            until = max(self.held.get((console, None), 0.0), self.turns.get(console, 0.0))
            if now < until:
                return _Turn(until - now)
            self.turns[console] = now + 1 / rate
            return _Turn(0.0)

    def passed(self, console: int, through: int | None) -> None:
        """Guesses about them begin anew."""
        if self.refusals:
            with self.lock:
                self.refusals.pop((console, None), None)
                self.refusals.pop((console, through), None)


@dataclass(frozen=True, slots=True)
class _Turn:
    """Seconds until a call may leave, and whether it is held for its connector's sake; with no
    pause, how many calls may leave."""

    pause: float
    is_of_connector: bool = False
    count: int = 1


_alone = _Alone()


@dataclass(slots=True)
class _Gate:
    """Where the background threads of this process wait for their turns, one at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    turns: int = 0
    """Taken together with one that was used, and not used yet."""
    until: float = 0.0
    holds: int = 0
    """How many pauses this process was told of."""

    def has_turn(self) -> bool:
        """Use one that is left."""
        if self.turns <= 0 or time.monotonic() > self.until:
            return False
        self.turns -= 1
        return True

    def keep(self, turns: int) -> None:
        """Leave these to the threads that come next."""
        self.turns, self.until = turns, time.monotonic() + KEPT

    def hold(self) -> None:
        """What was taken before a pause does not count."""
        self.holds += 1
        self.turns = 0


@cache
def _gate(console: int) -> _Gate:
    """This process's gate to one console."""
    return _Gate()


def forget_holds() -> None:
    """Forget what this process was told; for tests, whose consoles bear the same numbers."""
    _alone.forget()
    _gate.cache_clear()


class SharedPacing:
    """The client's pacing seam for one console and one priority."""

    def __init__(self, console_id: int, priority: str, rate: float | None = None) -> None:
        self.console_id = console_id
        self.priority = priority
        self.rate = rate
        """Calls a second; None = as the setting says."""
        self._known: set[int | None] = set()
        """What calls go through of which Redis counts refusals."""

    def wait(self, call: str, *, through: int | None = None) -> None:
        """Return when the call may leave; raises `PacedError` when that is too long to wait.

        A third party's pause is not waited for: other calls need the thread. Of the threads that
        read in the background one at a time asks for its turn, and for the next ones' too: thirty
        would ask in vain.
        """
        if self.priority != BACKGROUND:
            self._wait(call, through)
            return
        gate = _gate(self.console_id)
        with gate.lock:
            if through is not None:
                self._wait(call, through)
            elif not gate.has_turn():
                holds = gate.holds
                left = self._wait(call, through) - 1
                gate.keep(left if gate.holds == holds else 0)

    def _wait(self, call: str, through: int | None) -> int:
        """How many calls may leave now."""
        deadline = time.monotonic() + MAX_WAIT[self.priority]
        while (turn := self._take(through)).pause:
            if turn.is_of_connector:
                raise PacedError(call, retry_after=turn.pause, through=through)
            if time.monotonic() + turn.pause > deadline:
                raise PacedError(call, retry_after=turn.pause)
            time.sleep(turn.pause)
        return turn.count

    def hold(self, seconds: float | None, *, through: int | None = None) -> float:
        """No worker makes such a call for so long; None is guessed, longer with each in a row."""
        try:
            return self._hold(seconds, through)
        finally:
            _gate(self.console_id).hold()

    def _hold(self, seconds: float | None, through: int | None) -> float:
        asked = seconds or 0.0
        pause = _alone.hold(self.console_id, through, asked)
        self._known.add(through)
        server = connection()
        if server is None:
            return pause
        rules = (FIRST_PAUSE * 1000, LONGEST_GUESS * 1000, REMEMBERED * 1000, SUSPICIOUS, WITHIN)
        numbers = (max(1, int(asked * 1000)) if asked else 0, *rules, through or 0)
        keys = [*self._keys(None), f"pace:{self.console_id}:limited"]
        keys += self._keys(through) if through is not None else []
        try:
            texts = [f"{number:.0f}" for number in numbers]
            return int(server.eval(HOLD, len(keys), *keys, *texts)) / 1000
        except redis.RedisError:
            logger.warning("pacing: hold not shared console=%d", self.console_id)
            return pause

    def passed(self, *, through: int | None = None) -> None:
        """Cyclr answered, and where it was asked the third party too: guesses begin anew."""
        _alone.passed(self.console_id, through)
        known = {None, through} & self._known
        server = connection() if known else None
        if server is None:
            return
        self._known -= known
        try:
            server.delete(*(self._keys(one)[1] for one in known))
        except redis.RedisError:
            logger.warning("pacing: refusals not forgotten console=%d", self.console_id)

    def _keys(self, through: int | None) -> list[str]:
        """Where the hold of the console, or of a connector, and the count of refusals are."""
        place = "" if through is None else f":{through}"
        return [f"pace:{self.console_id}:{what}{place}" for what in ("held", "refusals")]

    def _take(self, through: int | None = None) -> _Turn:
        rate = max(0.1, self.rate or settings.CYCLR_CALLS_PER_SECOND)
        server = connection()
        if server is not None:
            try:
                return self._take_shared(server, rate, through)
            except redis.RedisError:
                logger.warning("pacing: without Redis console=%d", self.console_id)
        alone = rate / 4 if settings.REDIS_URL else rate
        return _alone.take(self.console_id, through, alone)

    def _take_shared(self, server: redis.Redis, rate: float, through: int | None) -> _Turn:
        keys = [f"pace:{self.console_id}", *self._keys(None)]
        keys += self._keys(through) if through is not None else []
        burst = max(rate, 1.0)
        reserve = RESERVED_SHARE[self.priority] * burst if burst >= 2 else 0.0
        is_alone = self.priority != BACKGROUND or through is not None
        turns = 1 if is_alone else max(1, min(MOST_TOGETHER, int(rate * TOGETHER)))
        numbers = (str(rate), str(reserve), str(burst), str(turns))
        wait, known, is_of_connector, *count = server.eval(TAKE, len(keys), *keys, *numbers)
        if known:
            self._known |= {None, through}
        return _Turn(int(wait) / 1000, bool(is_of_connector), *map(int, count))
