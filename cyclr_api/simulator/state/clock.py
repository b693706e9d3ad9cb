"""The time in a state: the real one, moved forward by tests."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def real_time() -> datetime:
    return datetime.now(UTC)


class Clock:
    """A callable that gives the time, ahead of its source by what it was advanced."""

    def __init__(self, source: Callable[[], datetime] = real_time) -> None:
        self._source = source
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
