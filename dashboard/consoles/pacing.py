"""The rate limit of a console, shared by all workers through Redis.

A token bucket of `CYCLR_CALLS_PER_SECOND`; a fifth of it is kept free for work a person waits for.
A 429 or a Retry-After holds every worker back at once. Without Redis each process keeps to a
quarter of the rate by itself: never unlimited.
"""

from __future__ import annotations

import logging
import threading
import time

import redis
from django.conf import settings

from cyclr_api import TemporaryError
from dashboard.common.redis import connection

logger = logging.getLogger(__name__)

INTERACTIVE, BACKGROUND = "interactive", "background"
LONGEST_WAIT = {INTERACTIVE: 10.0, BACKGROUND: 1.0}
"""Seconds a call waits for its turn before the work goes back to its queue."""
KEPT_FREE = {INTERACTIVE: 0.0, BACKGROUND: 0.2}


class PacedError(TemporaryError):
    """Not sent: this console's calls are paced and it is not this one's turn soon."""


# Redis counts a key's life, like TIME, by the wall clock: one that is set back would prolong a hold
# by the jump, and make the time since the last call negative.
LEFT = """
local function left(key)
  local rest, whole = redis.call('PTTL', key), tonumber(redis.call('GET', key))
  if whole == nil or rest <= whole then return rest end
  redis.call('PEXPIRE', key, whole)
  return whole
end
"""

TAKE = (
    LEFT
    + """
local held = left(KEYS[2])
if held > 0 then return held end
local rate, reserve, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local state = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = tonumber(state[1]) or burst
local elapsed = math.max(0, now - (tonumber(state[2]) or now))
level = math.min(burst, level + elapsed * rate)
local wait = 0
if level - 1 >= reserve then level = level - 1
else wait = math.ceil((reserve + 1 - level) / rate * 1000) end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], 60000)
return wait
"""
)

HOLD = (
    LEFT
    + """
if left(KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[1])
end
return 0
"""
)

_alone_until: dict[int, float] = {}
_alone = threading.Lock()


class SharedPacing:
    """The client's pacing seam for one console and one lane."""

    def __init__(self, console_id: int, lane: str) -> None:
        self.console_id = console_id
        self.lane = lane

    def wait(self, call: str) -> None:
        """Return when the call may leave; raises `PacedError` when that is too long to wait."""
        deadline = time.monotonic() + LONGEST_WAIT[self.lane]
        while pause := self._take():
            if time.monotonic() + pause > deadline:
                raise PacedError(call, retry_after=pause)
            time.sleep(pause)

    def hold(self, seconds: float) -> None:
        """No worker calls this console for so long: Cyclr asked for it."""
        with _alone:
            until = time.monotonic() + seconds
            _alone_until[self.console_id] = max(_alone_until.get(self.console_id, 0.0), until)
        server = connection()
        if server is not None:
            key = f"pace:{self.console_id}:held"
            try:
                server.eval(HOLD, 1, key, str(max(1, int(seconds * 1000))))
            except redis.RedisError:
                logger.warning("pacing: hold not shared console=%d", self.console_id)

    def _take(self) -> float:
        rate = max(0.1, settings.CYCLR_CALLS_PER_SECOND)
        server = connection()
        if server is not None:
            try:
                keys = [f"pace:{self.console_id}", f"pace:{self.console_id}:held"]
                burst = max(rate, 1.0)
                reserve = KEPT_FREE[self.lane] * burst if burst >= 2 else 0.0
                numbers = (str(rate), str(reserve), str(burst))
                return int(server.eval(TAKE, 2, *keys, *numbers)) / 1000
            except redis.RedisError:
                logger.warning("pacing: without Redis console=%d", self.console_id)
        return self._take_alone(rate / 4 if settings.REDIS_URL else rate)

    def _take_alone(self, rate: float) -> float:
        """This process's own share, for all its threads and both lanes together."""
        with _alone:
            now = time.monotonic()
            until = _alone_until.get(self.console_id, 0.0)
            if now < until:
                return until - now
            _alone_until[self.console_id] = now + 1 / rate
            return 0.0
