"""The rate limit seam. The host application supplies the limit; this package only obeys it.

What a call goes `through`: the id of the installed connector whose third party it reaches, for
calls of methods, tests and triggers; None for what Cyclr answers itself. A 429 is about what was
called: the third party's holds back that connector alone.
"""

import threading
from typing import Protocol

FIRST_PAUSE, LONGEST_GUESS = 1.0, 60.0
"""Seconds to stay away after a 429 that does not say how long: doubled with each in a row."""


def guessed_pause(refusals: int) -> float:
    """Seconds to stay away after so many 429s in a row, from 1 on, that do not say how long."""
    return min(FIRST_PAUSE * 2.0 ** min(refusals - 1, 10), LONGEST_GUESS)


class Pacing(Protocol):
    """Asked before each request of every client that shares it; must be thread-safe."""

    def wait(self, call: str, *, through: int | None = None) -> None:
        """Return when `call` (method and path template) may be sent.

        May sleep, or raise TemporaryError with `retry_after`; nothing was sent then.
        """

    def hold(self, seconds: float | None, *, through: int | None = None) -> float:
        """A pause was asked for (429, or 503 with Retry-After): let nobody send before that.

        `seconds` is None if the answer did not say how long, or without sense. Returns how many
        seconds it is.
        """

    def passed(self, *, through: int | None = None) -> None:
        """A call was answered without being told to wait: guesses begin anew."""


class NoPacing:
    """Never waits."""

    def __init__(self) -> None:
        self._refusals: dict[int | None, int] = {}
        self._lock = threading.Lock()

    def wait(self, call: str, *, through: int | None = None) -> None:
        """Return at once."""

    def hold(self, seconds: float | None, *, through: int | None = None) -> float:
        """How long; each call honours the pause it was told itself."""
        if seconds:
            return seconds
        with self._lock:
            refusals = self._refusals[through] = self._refusals.get(through, 0) + 1
        return guessed_pause(refusals)

    def passed(self, *, through: int | None = None) -> None:
        """Forget how often it was refused."""
        if self._refusals:
            with self._lock:
                self._refusals.pop(through, None)
