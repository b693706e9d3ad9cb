"""A worker process starts with no policy that cannot hold, and is not missed when it ends."""

from __future__ import annotations

import sys
from typing import Any

from celery.signals import celeryd_after_setup, worker_shutdown
from django.core.exceptions import ImproperlyConfigured

from dashboard.celery import app
from dashboard.jobs import checks, heartbeats


@celeryd_after_setup.connect
def refuse_faults(**_: object) -> None:
    """Celery would log what a receiver raises, and go on."""
    try:
        checks.refuse_faults()
    except ImproperlyConfigured as error:
        sys.exit(f"ImproperlyConfigured: {error}")


@worker_shutdown.connect
def end_in_order(sender: Any, **_: object) -> None:
    """Its pool has ended: nothing shows for it any more."""
    queues = list(app.amqp.queues.consume_from)
    heartbeats.end(heartbeats.process_of(queues), heartbeats.host_of(sender.hostname))
