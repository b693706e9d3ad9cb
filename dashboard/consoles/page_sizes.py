"""How large the pages of a console's host are, for all workers: one learns it, all know it."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import Any

import redis

from cyclr_api import PageSize, PageSizes
from dashboard.common.redis import connection

logger = logging.getLogger(__name__)

READ_EVERY = 30.0
"""Seconds after which it is asked what others have learned."""

FORGOTTEN_AFTER = 30 * 24 * 3600
"""Seconds without anything new."""


class SharedPageSizes(PageSizes):
    """Kept in Redis by the host; without Redis each process learns by itself."""

    def __init__(self, api_url: str) -> None:
        super().__init__()
        self._key = f"pages:{hashlib.sha256(api_url.encode()).hexdigest()[:16]}"
        self._read_at = -READ_EVERY

    def get(self, call: str) -> PageSize:
        """What is known of this kind of listing, here or elsewhere."""
        if time.monotonic() - self._read_at >= READ_EVERY:
            self._read_at = time.monotonic()
            self._read()
        return super().get(call)

    def put(self, call: str, known: PageSize) -> None:
        """Keep what was learned, and tell the others."""
        super().put(call, known)
        server = connection()
        if server is None:
            return
        try:
            told = f"{known.longest} {int(known.is_full)} {known.ended}"
            server.hset(self._key, call, told)
            server.expire(self._key, FORGOTTEN_AFTER)
        except redis.RedisError:
            logger.warning("page sizes not shared")

    def _read(self) -> None:
        server = connection()
        if server is None:
            return
        try:
            told: dict[Any, Any] = server.hgetall(self._key)
        except redis.RedisError:
            return
        for call, text in told.items():
            try:
                longest, is_full, ended = map(int, text.split())
            except ValueError:
                continue  # not of this version
            own = self._known.get(call.decode(), PageSize())
            is_news = (own.longest, own.ended) < (longest, ended)
            if is_news or is_full:  # a full page of another size: the host's pages became smaller
                self._known[call.decode()] = PageSize(longest, bool(is_full), ended)
