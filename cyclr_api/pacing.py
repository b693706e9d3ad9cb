"""The rate limit seam. The host application supplies the limit; this package only obeys it."""

from typing import Protocol


class Pacing(Protocol):
    """Asked before each request of every client that shares it; must be thread-safe."""

    def wait(self, call: str) -> None:
        """Return when `call` (method and path template) may be sent.

        May sleep, or raise TemporaryError with `retry_after`; nothing was sent then.
        """

    def hold(self, seconds: float) -> None:
        """Cyclr asked for a pause (429, or 503 with Retry-After): let nobody send before that."""


class NoPacing:
    """Never waits."""

    def wait(self, call: str) -> None:
        """Return at once."""

    def hold(self, seconds: float) -> None:
        """Do nothing: each call still honours the pause it was told itself."""
