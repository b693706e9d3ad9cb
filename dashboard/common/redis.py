"""The process's connection to Redis, where it has one."""

from __future__ import annotations

from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

IN_A_PAGE, IN_A_WORKER = 0.3, 2.0
"""Seconds to wait for an answer: a page must not wait for Redis."""


@lru_cache(maxsize=2)
def _client(url: str, timeout: float) -> redis.Redis:
    once = Retry(NoBackoff(), 0)
    if url.startswith("redis+socket://"):
        path = url.removeprefix("redis+socket://").split("?", 1)[0]
        return redis.Redis(
            unix_socket_path=path,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=once,
        )
    return redis.Redis.from_url(
        url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=once
    )


def connection() -> redis.Redis | None:
    """Redis with short time-outs, or None where REDIS_URL is not set (unit tests)."""
    if not settings.REDIS_URL:
        return None
    return _client(settings.REDIS_URL, IN_A_PAGE if settings.PROCESS == "web" else IN_A_WORKER)
