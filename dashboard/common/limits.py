"""How often somebody may do a thing: counters in Redis, per process without it."""

from __future__ import annotations

import threading
import time

import redis

from dashboard.common.redis import connection

_counts: dict[str, tuple[float, int]] = {}
_lock = threading.Lock()


def is_within(key: str, *, most: int, seconds: int) -> bool:
    """Count one try under `key`; False when it is more than `most` in the running window."""
    window = int(time.time() // seconds)
    name = f"limit:{key}:{window}"
    server = connection()
    if server is not None:
        try:
            count = int(server.incr(name))
            if count == 1:
                server.expire(name, seconds)
            return count <= most
        except redis.RedisError:
            pass
    with _lock:
        moment = time.monotonic()
        for old in [other for other, (until, _) in _counts.items() if until < moment]:
            del _counts[old]
        until, count = _counts.get(name, (moment + seconds, 0))
        _counts[name] = (until, count + 1)
        return count + 1 <= most
