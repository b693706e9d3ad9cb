"""One fault: which requests it hits, and what it does to them."""

import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal, TypedDict
from urllib.parse import unquote

LOGIN_PAGE = (
    "<!DOCTYPE html><html lang=en><title>Sign in - Cyclr</title><h1>Sign in</h1>"
    "<form method=post><input name=username><input name=password type=password></form></html>"
)

GATEWAY_PAGE = (
    "<!DOCTYPE html><html lang=en><title>{status} {reason}</title>"
    "<h1>{status} {reason}</h1><p>The server is temporarily unable to service your request.</p>"
    "</html>"
)

A_YEAR = 365 * 24 * 3600

LOOK_EVERY = 0.02
"""Seconds between two looks of a held call at whether its caller or its server is still there."""

PAUSES = ("delay", "hold")
"""Faults that only take time: a request meets all of them, and one of the others."""

Unreachable = Literal["refused", "timeout", "dns", "reset"]


class When(TypedDict, total=False):
    """Which of the requests that fit method and path a fault hits."""

    skip: int
    """So many pass first."""
    times: int | None
    """So many are hit then; None: all, until cleared."""
    probability: float
    """The chance of each; the same chances for the same seed."""


class BrokenConnectionError(Exception):
    """The connection ends without an answer. Raised by the app, enacted by whoever carries it."""


class DroppedError(BrokenConnectionError):
    """The other side hung up after the request had been sent."""


class NotConnectedError(BrokenConnectionError):
    """There never was a connection."""

    def __init__(self, how: Unreachable) -> None:
        super().__init__(how)
        self.how = how


class NoAnswerError(BrokenConnectionError):
    """The connection stays open, and nothing ever comes."""


@dataclass(eq=False)
class Fault:
    kind: str
    method: str
    path: str
    settings: dict[str, Any] = field(default_factory=dict)
    skip: int = 0
    times: int | None = None
    probability: float = 1.0
    met: int = field(default=0, init=False)
    """How many requests this fault has hit."""
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.skip = check_whole("skip", self.skip, 0)
        if self.times is not None:
            self.times = check_whole("times", self.times, 1)
        self.probability = check_number("probability", self.probability, 0, 1)
        self.method = check_text("method", self.method).upper()
        self.pattern = compile_pattern(check_text("path", self.path))

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]

    def described(self) -> dict[str, Any]:
        shown = {
            key: value.decode("latin-1") if isinstance(value, bytes) else value
            for key, value in self.settings.items()
            if not callable(value)
        }
        return {
            "fault": self.kind,
            "method": self.method,
            "path": self.path,
            "skip": self.skip,
            "times": self.times,
            "probability": self.probability,
            "met": self.met,
            **shown,
        }


@dataclass(eq=False)
class Limit(Fault):
    """So many calls to the API within so many seconds, whoever makes them."""

    admitted: deque[datetime] = field(default_factory=deque, init=False, repr=False)

    def seconds_to_wait(self, now: datetime) -> float:
        """Until there is room for one more; 0 when there is."""
        window = timedelta(seconds=self["seconds"])
        while self.admitted and self.admitted[0] + window <= now:
            self.admitted.popleft()
        if len(self.admitted) < self["requests"]:
            return 0
        return (self.admitted[0] + window - now).total_seconds()


@dataclass(eq=False)
class Hold(Fault):
    """Calls that stay where they are until `release`, however long that takes."""

    waiting: int = field(default=0, init=False)
    """How many calls are held now."""
    _released: threading.Event = field(default_factory=threading.Event, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _left: list[Callable[[], None]] = field(default_factory=list, init=False, repr=False)

    @property
    def is_released(self) -> bool:
        return self._released.is_set()

    def release(self) -> None:
        """All that are held go on, and nothing is held any more."""
        with self._lock:
            self._released.set()
            left, self._left = self._left, []
        for action in left:
            action()

    def stay(self, look: Callable[[], None], patience: float | None = None) -> None:
        """Wait for the release; `look` may raise meanwhile, and TimeoutError ends the patience."""
        until = None if patience is None else time.monotonic() + patience
        with self._lock:
            self.waiting += 1
        try:
            while not self._released.wait(LOOK_EVERY):
                look()
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError
        finally:
            with self._lock:
                self.waiting -= 1

    def leave(self, action: Callable[[], None]) -> None:
        """The caller has given up; what it asked for happens at the release."""
        with self._lock:
            if not self.is_released:
                self._left.append(action)
                return
        action()

    def described(self) -> dict[str, Any]:
        return {**super().described(), "waiting": self.waiting}


@dataclass(frozen=True)
class TooMany:
    """A call that has met a limit."""

    fault: Limit
    seconds: float
    """Until there is room again."""


def compile_pattern(path: str) -> re.Pattern[str]:
    """The expression that finds a pattern's paths, once unprefixed and unquoted by segment."""
    parts = re.split(r"(\{[^{}/]*\}|\*)", _comparable(path))
    expression = "".join(
        ".*" if part == "*" else "[^/]+" if part.startswith("{") else re.escape(part)
        for part in parts
    )
    return re.compile(expression + "/?", re.IGNORECASE | re.DOTALL)


def _unprefixed(path: str) -> str:
    return re.sub(r"^/v1\.0(?=/)", "", path, flags=re.IGNORECASE)


def _comparable(raw_path: str) -> str:
    """A raw path with its segments unquoted; slashes inside a segment become something else."""
    segments = _unprefixed(raw_path).split("/")
    return "/".join(unquote(segment).replace("/", "\u2044") for segment in segments)


def http_date(moment: datetime) -> str:
    """A moment as a header has it, rounded up to the second: nobody comes too early."""
    whole = moment.astimezone(UTC).replace(microsecond=0)
    return format_datetime(whole + timedelta(seconds=moment.microsecond > 0), usegmt=True)


def retry_after(seconds: float, now: datetime, *, as_date: bool) -> str:
    """The value of Retry-After: a moment, or whole seconds."""
    if as_date:
        return http_date(now + timedelta(seconds=seconds))
    return str(math.ceil(seconds))


# -- values that make sense ----------------------------------------------------------------------


def check_number(name: str, value: object, least: float, most: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise ValueError(f"{name} is a number from {least:g} to {most:g}")


def check_seconds(value: object) -> float:
    return check_number("seconds", value, 0, A_YEAR)


def check_whole(name: str, value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        none = ", or None for: until cleared" if name == "times" else ""
        raise ValueError(f"{name} is a whole number, at least {least}{none}")
    return value


def check_status(value: object) -> int:
    if not isinstance(value, int) or not 200 <= value <= 599:
        raise ValueError("status is a whole number from 200 to 599")
    return value


def check_flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} is true or false")
    return value


def check_text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text")
    return value


def check_headers(given: object) -> dict[str, str]:
    if not isinstance(given, Mapping) or not all(
        isinstance(part, str) for pair in given.items() for part in pair
    ):
        raise ValueError("headers are texts by name")
    return dict(given)
