"""The dispatcher: a small process that does every package's periodic tasks, again and again."""

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
from dashboard.common.errors import in_a_word
from dashboard.jobs import checks, heartbeats
from dashboard.jobs.periodic import PERIODIC

logger = logging.getLogger("dashboard.dispatch")

SHORTEST = 0.5


class Command(BaseCommand):
    """Runs until it is told to stop. A task that fails is logged and done again later."""

    help = "Send waiting work to the workers, take back lost work, keep the schedule."

    def handle(self, *args: Any, **options: Any) -> None:
        """Loop over the periodic tasks."""
        app.autodiscover_tasks(force=True)  # they stand beside the workers' tasks
        checks.refuse_faults()
        stopped = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stopped.set())
        logger.info("dispatcher started tasks=%d", len(PERIODIC))
        watchdog.ready()
        while not stopped.wait(SHORTEST):
            watchdog.progress()
            close_old_connections()
            for task in PERIODIC:
                if stopped.is_set():
                    break
                if time.monotonic() - task.done_at < task.every:
                    continue
                task.done_at = time.monotonic()
                try:
                    task.work()
                except DatabaseError as error:
                    logger.warning("periodic %s: %s", task.name, in_a_word(error))
                except Exception:  # noqa: BLE001 - one package's fault must not stop the others' work
                    logger.exception("periodic %s failed", task.name)
                watchdog.progress()
        heartbeats.end("dispatcher", heartbeats.host_of())
        logger.info("dispatcher stopped")
