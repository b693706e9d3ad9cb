"""Everything that may go wrong between a caller and Cyclr, on request.

A fault is matched by method and path: `/connectors/{id}/install` with or without `/v1.0`, `{...}`
for one segment, `*` for anything. An *accident* (drop, commit_late, truncate) happens once unless
told otherwise; a *condition* (everything else) lasts until `clear()`. `times=None` is "until
cleared" for both.
"""

import math
import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal, TypedDict, Unpack, get_args
from urllib.parse import unquote

from cyclr_api.simulator.clock import real_time

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
        self.skip = _whole("skip", self.skip, 0)
        if self.times is not None:
            self.times = _whole("times", self.times, 1)
        self.probability = _number("probability", self.probability, 0, 1)
        self.method = _text("method", self.method).upper()
        self.pattern = compile_pattern(_text("path", self.path))

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


class Faults:
    """The faults of one world. Safe to use from several threads.

    All take `skip`, `times` and `probability`; ValueError for values that make no sense.
    """

    def __init__(self, seed: int = 0, now: Callable[[], datetime] = real_time) -> None:
        self._lock = threading.Lock()
        self._now = now
        self._faults: list[Fault] = []
        self._holds: list[Hold] = []
        self._random = random.Random(seed)  # noqa: S311 (chance that can be repeated, no secret)
        self.listing_lag: float | None = None

    # -- accidents -----------------------------------------------------------------------------

    def drop_after_effect(self, method: str, path: str, **when: Unpack[When]) -> Fault:
        """The request takes effect, then the connection breaks: no answer."""
        return self._accident("drop_after_effect", method, path, {}, when)

    def drop_before_effect(self, method: str, path: str, **when: Unpack[When]) -> Fault:
        """The connection breaks after the request was sent; nothing happens."""
        return self._accident("drop_before_effect", method, path, {}, when)

    def commit_late(self, method: str, path: str, seconds: float, **when: Unpack[When]) -> Fault:
        """No answer ever comes; the effect happens `seconds` later by the world's clock."""
        settings = {"seconds": _seconds(seconds)}
        return self._accident("commit_late", method, path, settings, when)

    def truncate(
        self,
        method: str,
        path: str,
        *,
        keep: float = 0.5,
        honest: bool = False,
        **when: Unpack[When],
    ) -> Fault:
        """The answer's body ends early; an `honest` one has a length that fits what is left."""
        settings = {"keep": _number("keep", keep, 0, 1), "honest": _flag("honest", honest)}
        return self._accident("truncate", method, path, settings, when)

    # -- conditions ----------------------------------------------------------------------------

    def respond(
        self,
        method: str,
        path: str,
        status: int = 503,
        body: str | bytes | dict[str, Any] | list[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        after_effect: bool = False,
        **when: Unpack[When],
    ) -> Fault:
        """Another answer instead of Cyclr's; with `after_effect` the request still acts.

        Without a body Cyclr's usual Message stands in; `body=""` is an empty one.
        """
        settings = {
            "status": _status(status),
            "body": body,
            "headers": _headers(headers or {}),
            "after_effect": _flag("after_effect", after_effect),
        }
        return self._condition("respond", method, path, settings, when)

    def rate_limit(
        self,
        method: str,
        path: str,
        retry_after: int | str | None = 3,
        *,
        as_date: bool = False,
        **when: Unpack[When],
    ) -> Fault:
        """429. Retry-After in seconds, `as_date` a moment so far from then, or any text, or none.

        For a limit that counts, see `limit_rate`.
        """
        if as_date or not isinstance(retry_after, str | None):
            retry_after = _whole("retry_after", retry_after, 0)
        settings = {"retry_after": retry_after, "as_date": _flag("as_date", as_date)}
        return self._condition("rate_limit", method, path, settings, when)

    def limit_rate(self, requests: int, seconds: float, *, as_date: bool = False) -> Fault:
        """At most so many API calls, tokens included, within any `seconds` by the world's clock.

        Over all callers and before every other fault. Those above get a 429 whose Retry-After
        says when there is room again, and do not count. Several limits hold together.
        """
        settings = {
            "requests": _whole("requests", requests, 1),
            "seconds": _number("seconds", seconds, 0.001, A_YEAR),
            "as_date": _flag("as_date", as_date),
        }
        limit = Limit("limit_rate", "*", "*", settings)
        self._keep(limit)
        return limit

    def html(
        self,
        method: str,
        path: str,
        status: int = 200,
        *,
        after_effect: bool = False,
        **when: Unpack[When],
    ) -> Fault:
        """A page instead of JSON: Cyclr's login page, or, from 400 on, one of a gateway."""
        settings = {
            "status": _status(status),
            "after_effect": _flag("after_effect", after_effect),
        }
        return self._condition("html", method, path, settings, when)

    def rewrite(
        self, method: str, path: str, change: Callable[[Any], Any], **when: Unpack[When]
    ) -> Fault:
        """The answer's JSON goes through `change`: missing keys, other types, doubled rows."""
        return self._condition("rewrite", method, path, {"change": change}, when)

    def flood(self, method: str, path: str, size: int, **when: Unpack[When]) -> Fault:
        """A JSON string of `size` bytes, made while it is sent."""
        return self._condition("flood", method, path, {"size": _whole("size", size, 0)}, when)

    def delay(self, method: str, path: str, seconds: float, **when: Unpack[When]) -> Fault:
        """Cyclr takes its time, then acts, whether the caller still waits or not."""
        return self._condition("delay", method, path, {"seconds": _seconds(seconds)}, when)

    def hold(
        self, method: str, path: str, *, after_effect: bool = False, **when: Unpack[When]
    ) -> Hold:
        """Cyclr takes the call and does nothing until `release`, then acts and answers.

        With `after_effect` it has acted by then, and only the answer is held. `waiting` of the
        fault says how many calls are held now.
        """
        settings = {"after_effect": _flag("after_effect", after_effect)}
        hold = Hold("hold", method, path, settings, **when)
        with self._lock:
            self._faults.append(hold)
            self._holds.append(hold)
        return hold

    def release(self) -> int:
        """End every hold; how many calls go on by that."""
        with self._lock:
            holds, self._holds = self._holds, []
            self._faults = [fault for fault in self._faults if not isinstance(fault, Hold)]
        count = sum(hold.waiting for hold in holds)
        for hold in holds:
            hold.release()
        return count

    def drip(
        self,
        method: str,
        path: str,
        seconds: float = 1.0,
        size: int = 1,
        **when: Unpack[When],
    ) -> Fault:
        """The body comes `size` bytes at a time with a pause of `seconds` before each."""
        settings = {"seconds": _seconds(seconds), "size": _whole("size", size, 1)}
        return self._condition("drip", method, path, settings, when)

    def unreachable(
        self,
        *,
        how: Unreachable = "refused",
        method: str = "*",
        path: str = "*",
        **when: Unpack[When],
    ) -> Fault:
        """No connection: refused, timed out, a name without address, or reset."""
        if how not in get_args(Unreachable):
            raise ValueError(f"how is one of {', '.join(get_args(Unreachable))}")
        return self._condition("unreachable", method, path, {"how": how}, when)

    def lag_listing(self, seconds: float) -> None:
        """Lists leave out account connectors that are younger than this."""
        self.listing_lag = _seconds(seconds)

    def clear(self) -> None:
        """Everything works again; what is held goes on."""
        self.release()
        with self._lock:
            self._faults.clear()
            self.listing_lag = None

    def described(self) -> list[dict[str, Any]]:
        with self._lock:
            others = [fault for fault in self._faults if not isinstance(fault, Hold)]
            holds = [hold for hold in self._holds if not hold.is_released]
            shown = [fault.described() for fault in others + holds]
        if self.listing_lag is not None:
            shown.append({"fault": "lag_listing", "seconds": self.listing_lag})
        return shown

    # -- for the app ---------------------------------------------------------------------------

    def admit(self) -> TooMany | None:
        """Count an API call, or say which limit it has met."""
        if not self._faults:
            return None
        with self._lock:
            now = self._now()
            limits = [fault for fault in self._faults if isinstance(fault, Limit)]
            waits = [TooMany(limit, limit.seconds_to_wait(now)) for limit in limits]
            longest = max(waits, key=lambda one: one.seconds, default=None)
            if longest is None or not longest.seconds:
                for limit in limits:
                    limit.admitted.append(now)
                return None
            longest.fault.met += 1
            return longest

    def meet(self, method: str, raw_path: str) -> list[Fault]:
        """The faults that hit this request: every pause, and the first of the others."""
        if not self._faults:
            return []
        path = _comparable(raw_path)
        hit: list[Fault] = []
        with self._lock:
            has_other = False
            for fault in list(self._faults):
                is_pause = fault.kind in PAUSES
                if isinstance(fault, Limit) or (has_other and not is_pause):
                    continue
                if isinstance(fault, Hold) and fault.is_released:
                    continue
                if fault.method not in ("*", method) or not fault.pattern.fullmatch(path):
                    continue
                if not self._hits(fault):
                    continue
                hit.append(fault)
                has_other = has_other or not is_pause
        return hit

    def _hits(self, fault: Fault) -> bool:
        """Whether it is this fitting request's turn; counts it."""
        if fault.skip:
            fault.skip -= 1
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        fault.met += 1
        if fault.times is not None:
            fault.times -= 1
            if not fault.times:
                self._faults.remove(fault)
        return True

    # -- making them ---------------------------------------------------------------------------

    def _accident(
        self, kind: str, method: str, path: str, settings: dict[str, Any], when: When
    ) -> Fault:
        once: When = {"times": 1, **when}
        return self._condition(kind, method, path, settings, once)

    def _condition(
        self, kind: str, method: str, path: str, settings: dict[str, Any], when: When
    ) -> Fault:
        fault = Fault(kind, method, path, settings, **when)
        self._keep(fault)
        return fault

    def _keep(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)


# -- values that make sense ----------------------------------------------------------------------


def _number(name: str, value: object, least: float, most: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise ValueError(f"{name} is a number from {least:g} to {most:g}")


def _seconds(value: object) -> float:
    return _number("seconds", value, 0, A_YEAR)


def _whole(name: str, value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        none = ", or None for: until cleared" if name == "times" else ""
        raise ValueError(f"{name} is a whole number, at least {least}{none}")
    return value


def _status(value: object) -> int:
    if not isinstance(value, int) or not 200 <= value <= 599:
        raise ValueError("status is a whole number from 200 to 599")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} is true or false")
    return value


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is a text")
    return value


def _headers(given: object) -> dict[str, str]:
    if not isinstance(given, Mapping) or not all(
        isinstance(part, str) for pair in given.items() for part in pair
    ):
        raise ValueError("headers are texts by name")
    return dict(given)
