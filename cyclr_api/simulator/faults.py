"""Everything that may go wrong between a caller and Cyclr, on request.

A fault is matched by method and path: `/connectors/{id}/install` with or without `/v1.0`, `{...}`
for one segment, `*` for anything. An *accident* (drop, commit_late, truncate) happens once unless
told otherwise; a *condition* (everything else) lasts until `clear()`. `times=None` is "until
cleared" for both.
"""

import random
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

LOGIN_PAGE = (
    "<!DOCTYPE html><html lang=en><title>Sign in - Cyclr</title><h1>Sign in</h1>"
    "<form method=post><input name=username><input name=password type=password></form></html>"
)

Unreachable = Literal["refused", "timeout", "dns", "reset"]


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
    pattern: re.Pattern[str]
    times: int | None
    probability: float = 1.0
    settings: dict[str, Any] = field(default_factory=dict)
    met: int = 0
    """How many requests this fault has hit."""

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
            "times": self.times,
            "probability": self.probability,
            "met": self.met,
            **shown,
        }


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


class Faults:
    """The faults of one world. Safe to use from several threads."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 (chance that can be repeated, no secret)
        self.listing_lag: float | None = None

    # -- accidents -----------------------------------------------------------------------------

    def drop_after_effect(
        self, method: str, path: str, times: int | None = 1, probability: float = 1.0
    ) -> Fault:
        """The request takes effect, then the connection breaks: no answer."""
        return self._add("drop_after_effect", method, path, times, probability)

    def drop_before_effect(
        self, method: str, path: str, times: int | None = 1, probability: float = 1.0
    ) -> Fault:
        """The connection breaks after the request was sent; nothing happens."""
        return self._add("drop_before_effect", method, path, times, probability)

    def commit_late(
        self,
        method: str,
        path: str,
        seconds: float,
        times: int | None = 1,
        probability: float = 1.0,
    ) -> Fault:
        """No answer ever comes; the effect happens `seconds` later by the world's clock."""
        return self._add("commit_late", method, path, times, probability, seconds=seconds)

    def truncate(
        self,
        method: str,
        path: str,
        times: int | None = 1,
        *,
        keep: float = 0.5,
        honest: bool = False,
        probability: float = 1.0,
    ) -> Fault:
        """The answer's body ends early; an `honest` one has a length that fits what is left."""
        return self._add("truncate", method, path, times, probability, keep=keep, honest=honest)

    # -- conditions ----------------------------------------------------------------------------

    def respond(
        self,
        method: str,
        path: str,
        status: int = 503,
        body: str | bytes | dict[str, Any] | list[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        times: int | None = None,
        probability: float = 1.0,
        *,
        after_effect: bool = False,
    ) -> Fault:
        """Another answer instead of Cyclr's; with `after_effect` the request still acts."""
        return self._add(
            "respond",
            method,
            path,
            times,
            probability,
            status=status,
            body=body,
            headers=dict(headers or {}),
            after_effect=after_effect,
        )

    def rate_limit(
        self,
        method: str,
        path: str,
        retry_after: str | None = "3",
        times: int | None = None,
        probability: float = 1.0,
    ) -> Fault:
        """429, with a Retry-After of seconds, an HTTP date, garbage, or none at all."""
        return self._add("rate_limit", method, path, times, probability, retry_after=retry_after)

    def html(
        self,
        method: str,
        path: str,
        times: int | None = None,
        probability: float = 1.0,
        *,
        after_effect: bool = False,
    ) -> Fault:
        """200 with a login page instead of JSON."""
        return self._add("html", method, path, times, probability, after_effect=after_effect)

    def rewrite(
        self, method: str, path: str, change: Callable[[Any], Any], times: int | None = None
    ) -> Fault:
        """The answer's JSON goes through `change`: missing keys, other types, doubled rows."""
        return self._add("rewrite", method, path, times, 1.0, change=change)

    def flood(self, method: str, path: str, size: int, times: int | None = None) -> Fault:
        """A JSON string of `size` bytes, made while it is sent."""
        return self._add("flood", method, path, times, 1.0, size=size)

    def delay(
        self,
        method: str,
        path: str,
        seconds: float,
        times: int | None = None,
        probability: float = 1.0,
    ) -> Fault:
        """Cyclr takes its time, then acts, whether the caller still waits or not."""
        return self._add("delay", method, path, times, probability, seconds=seconds)

    def drip(
        self,
        method: str,
        path: str,
        seconds: float = 1.0,
        size: int = 1,
        times: int | None = None,
        probability: float = 1.0,
    ) -> Fault:
        """The body comes `size` bytes at a time with a pause of `seconds` before each."""
        return self._add("drip", method, path, times, probability, seconds=seconds, size=size)

    def unreachable(
        self,
        times: int | None = None,
        *,
        how: Unreachable = "refused",
        method: str = "*",
        path: str = "*",
        probability: float = 1.0,
    ) -> Fault:
        """No connection: refused, timed out, a name without address, or reset."""
        return self._add("unreachable", method, path, times, probability, how=how)

    def lag_listing(self, seconds: float) -> None:
        """Lists leave out account connectors that are younger than this."""
        self.listing_lag = seconds

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self.listing_lag = None

    def described(self) -> list[dict[str, Any]]:
        with self._lock:
            shown = [fault.described() for fault in self._faults]
        if self.listing_lag is not None:
            shown.append({"fault": "lag_listing", "seconds": self.listing_lag})
        return shown

    # -- for the app ---------------------------------------------------------------------------

    def meet(self, method: str, raw_path: str) -> list[Fault]:
        """The faults that hit this request: every delay, and the first of the others."""
        if not self._faults:
            return []
        path = _comparable(raw_path)
        hit: list[Fault] = []
        with self._lock:
            has_other = False
            for fault in list(self._faults):
                if fault.method not in ("*", method) or not fault.pattern.fullmatch(path):
                    continue
                is_delay = fault.kind == "delay"
                if has_other and not is_delay:
                    continue
                if fault.probability < 1 and self._random.random() >= fault.probability:
                    continue
                fault.met += 1
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                hit.append(fault)
                has_other = has_other or not is_delay
        return hit

    def _add(
        self,
        kind: str,
        method: str,
        path: str,
        times: int | None,
        probability: float,
        **settings: Any,
    ) -> Fault:
        if times is not None and times < 1:
            raise ValueError("times is at least 1, or None for: until cleared")
        fault = Fault(kind, method.upper(), compile_pattern(path), times, probability, settings)
        with self._lock:
            self._faults.append(fault)
        return fault
