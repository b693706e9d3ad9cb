"""The dispatcher: a small process that does every room's chores, again and again."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from dashboard.celery import app
from dashboard.common import watchdog
from dashboard.common.chores import CHORES

logger = logging.getLogger("dashboard.dispatch")

SHORTEST = 0.5


class Command(BaseCommand):
    """Runs until it is told to stop. A chore that fails is logged and done again later."""

    help = "Send waiting work to the workers, take back lost work, keep the schedule."

    def handle(self, *args: Any, **options: Any) -> None:
        """Loop over the chores."""
        app.autodiscover_tasks(force=True)  # a room's chores stand in its tasks
        stopped = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopped.set())
        logger.info("dispatcher started chores=%d", len(CHORES))
        watchdog.ready()
        while not stopped.wait(SHORTEST):
            watchdog.progress()
            close_old_connections()
            for chore in CHORES:
                if stopped.is_set():
                    break
                if time.monotonic() - chore.done_at < chore.every:
                    continue
                chore.done_at = time.monotonic()
                try:
                    chore.work()
                except DatabaseError as error:
                    logger.warning("chore %s: %s", chore.name, type(error).__name__)
                except Exception:  # noqa: BLE001 - one room's fault must not stop the others' work
                    logger.exception("chore %s failed", chore.name)
                watchdog.progress()
        logger.info("dispatcher stopped")
