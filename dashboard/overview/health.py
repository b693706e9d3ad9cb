"""Whether this process lives, and whether the whole can work; for machines, open to all.

They stand here and not in `common` because readiness reads what packages above know. Neither answer
holds a name, an address or a secret.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from redis.backoff import NoBackoff
from redis.retry import Retry

from dashboard.jobs.heartbeats import process_states
from dashboard.mirror.models import SyncRun
from dashboard.people.access import open_to_all

ROOM = 50_000_000
"""Bytes that must be free: SQLite's log, the broker's file and mails need some."""

PING_WITHIN = 0.5
"""Seconds that the broker has for its answer."""


@require_safe
@open_to_all
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nothing of anybody, so a lost database does not restart it."""
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")


@require_safe
@open_to_all
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether database, broker, workers and room on the disk are there; 503 if one is not.

    How long ago Cyclr was last read is told and decides nothing: pages answer without Cyclr.
    """
    facts: dict[str, Any] = {"broker": is_broker_there(), "disk": has_room(settings.VAR_DIR)}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        facts |= {"database": True, **_workers(), **_last_sync()}
    except DatabaseError:
        facts["database"] = False
    is_ready = all(facts.get(name) for name in ("database", "broker", "disk", "workers"))
    return JsonResponse({"ready": is_ready, **facts}, status=200 if is_ready else 503)


def has_room(directory: Path) -> bool:
    """Whether something can still be written where the desk keeps its files."""
    there = next((one for one in (directory, *directory.parents) if one.exists()), Path("/"))
    try:
        disk = os.statvfs(there)
    except OSError:
        return False
    has_names = disk.f_files == 0 or disk.f_favail > 0  # some file systems do not count them
    return disk.f_bavail * disk.f_frsize >= ROOM and has_names


def is_broker_there() -> bool:
    """Whether the broker answers a ping, asked once and in half a second."""
    url: str = settings.REDIS_URL
    if not url:
        return False
    if url.startswith("redis+socket://"):
        url = f"unix://{url.removeprefix('redis+socket://').split('?', 1)[0]}"
    server = redis.Redis.from_url(
        url,
        socket_timeout=PING_WITHIN,
        socket_connect_timeout=PING_WITHIN,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        with server:
            return bool(server.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


def _workers() -> dict[str, Any]:
    """One of each kind must live; how many are missed is told, and takes no page away."""
    shown = process_states()
    now = timezone.now()
    ages = {one.name: round((now - one.at).total_seconds()) if one.at else None for one in shown}
    silent = [one.name for one in shown if not one.is_alive]
    processes = {one.name: {"alive": one.alive, "gone": one.gone} for one in shown}
    return {"workers": not silent, "silent": silent, "processes": processes, "pulse_age": ages}


def _last_sync() -> dict[str, Any]:
    """Seconds since the last complete reading of the console that was read longest ago."""
    good = SyncRun.objects.filter(last_error="", console__retired_at=None).exclude(finished_at=None)
    ends = good.order_by().values("console").annotate(last=Max("finished_at"))
    oldest = min((row["last"] for row in ends), default=None)
    return {"last_sync_age": round((timezone.now() - oldest).total_seconds()) if oldest else None}
