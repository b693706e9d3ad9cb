"""How often somebody may do a thing: counters in Redis, per process without it."""

from __future__ import annotations

import threading
import time

import redis

from dashboard.common.redis import connection

REST_FOR = 5.0
"""Seconds for which each process counts by itself after Redis did not answer."""

_counts: dict[str, tuple[float, int]] = {}
_lock = threading.Lock()
_away_until = 0.0


def is_within(key: str, *, most: int, seconds: int) -> bool:
    """Count one try under `key`; False when it is more than `most` in this window of time.

    Windows are fixed, one after another: around a boundary up to twice as many get through.
    """
    return count_try(key, seconds=seconds) <= most


def count_try(key: str, *, seconds: int) -> int:
    """Count one try under `key`; answers how many there were in this window of time."""
    global _away_until  # noqa: PLW0603 - one Redis for the whole process
    name = f"limit:{key}:{int(time.time() // seconds)}"
    server = connection()
    if server is not None and time.monotonic() >= _away_until:
        try:
            count = int(server.incr(name))
            if count == 1:
                server.expire(name, seconds)
            return count
        except redis.RedisError:
            _away_until = time.monotonic() + REST_FOR
    return _count_here(name, seconds)


def _count_here(name: str, seconds: int) -> int:
    with _lock:
        moment = time.monotonic()
        for old in [other for other, (until, _) in _counts.items() if until < moment]:
            del _counts[old]
        until, count = _counts.get(name, (moment + seconds, 0))
        _counts[name] = (until, count + 1)
        return count + 1
