"""The process's connection to Redis, where it has one."""

from __future__ import annotations

from functools import lru_cache

import redis
from django.conf import settings


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    if url.startswith("redis+socket://"):
        path = url.removeprefix("redis+socket://").split("?", 1)[0]
        return redis.Redis(unix_socket_path=path, socket_timeout=2, socket_connect_timeout=1)
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1)


def connection() -> redis.Redis | None:
    """Redis with short time-outs, or None where REDIS_URL is not set (unit tests)."""
    return _client(settings.REDIS_URL) if settings.REDIS_URL else None
