"""Everything that may go wrong between a caller and Cyclr, on request.

A fault is matched by method and path: `/connectors/{id}/install` with or without `/v1.0`, `{...}`
for one segment, `*` for anything. An *accident* (drop, commit_late, truncate) happens once unless
told otherwise; a *condition* (everything else) lasts until `clear()`. `times=None` is "until
cleared" for both.
"""

import random
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Unpack, get_args

from cyclr_api.simulator.state.clock import real_time
from cyclr_api.simulator.state.fault import (
    A_YEAR,
    PAUSES,
    Fault,
    Hold,
    Limit,
    TooMany,
    Unreachable,
    When,
    _comparable,
    check_flag,
    check_headers,
    check_number,
    check_seconds,
    check_status,
    check_whole,
)


class Faults:
    """The faults of one state. Safe to use from several threads.

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
        """No answer ever comes; the effect happens `seconds` later by the state's clock."""
        settings = {"seconds": check_seconds(seconds)}
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
        settings = {
            "keep": check_number("keep", keep, 0, 1),
            "honest": check_flag("honest", honest),
        }
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
            "status": check_status(status),
            "body": body,
            "headers": check_headers(headers or {}),
            "after_effect": check_flag("after_effect", after_effect),
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
            retry_after = check_whole("retry_after", retry_after, 0)
        settings = {"retry_after": retry_after, "as_date": check_flag("as_date", as_date)}
        return self._condition("rate_limit", method, path, settings, when)

    def limit_rate(self, requests: int, seconds: float, *, as_date: bool = False) -> Fault:
        """At most so many API calls, tokens included, within any `seconds` by the state's clock.

        Over all callers and before every other fault. Those above get a 429 whose Retry-After
        says when there is room again, and do not count. Several limits hold together.
        """
        settings = {
            "requests": check_whole("requests", requests, 1),
            "seconds": check_number("seconds", seconds, 0.001, A_YEAR),
            "as_date": check_flag("as_date", as_date),
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
            "status": check_status(status),
            "after_effect": check_flag("after_effect", after_effect),
        }
        return self._condition("html", method, path, settings, when)

    def rewrite(
        self, method: str, path: str, change: Callable[[Any], Any], **when: Unpack[When]
    ) -> Fault:
        """The answer's JSON goes through `change`: missing keys, other types, doubled rows."""
        return self._condition("rewrite", method, path, {"change": change}, when)

    def flood(self, method: str, path: str, size: int, **when: Unpack[When]) -> Fault:
        """A JSON string of `size` bytes, made while it is sent."""
        return self._condition("flood", method, path, {"size": check_whole("size", size, 0)}, when)

    def delay(self, method: str, path: str, seconds: float, **when: Unpack[When]) -> Fault:
        """Cyclr takes its time, then acts, whether the caller still waits or not."""
        return self._condition("delay", method, path, {"seconds": check_seconds(seconds)}, when)

    def hold(
        self, method: str, path: str, *, after_effect: bool = False, **when: Unpack[When]
    ) -> Hold:
        """Cyclr takes the call and does nothing until `release`, then acts and answers.

        With `after_effect` it has acted by then, and only the answer is held. `waiting` of the
        fault says how many calls are held now.
        """
        settings = {"after_effect": check_flag("after_effect", after_effect)}
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
        settings = {"seconds": check_seconds(seconds), "size": check_whole("size", size, 1)}
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
        self.listing_lag = check_seconds(seconds)

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
