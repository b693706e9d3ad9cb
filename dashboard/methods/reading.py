"""The methods of a release: read from Cyclr by a worker, kept until they are read again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

import cyclr_api
from cyclr_api import (
    PermanentError,
)
from dashboard.common.untrusted_text import storable
from dashboard.connectors.answers import reads_by_name
from dashboard.consoles.refusals import refusal
from dashboard.consoles.services import asking
from dashboard.jobs.leases import Lease
from dashboard.methods.inputs import MethodInput
from dashboard.methods.models import Method, MethodMark, MethodReading
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import AccountConnector

logger = logging.getLogger(__name__)

GONE = "Cyclr no longer has this release. Refresh the account."

STALE = timedelta(days=1)
KEPT = timedelta(days=30)
MOST_METHODS = 5000


def ask(connector: AccountConnector) -> MethodReading | None:
    """Have its release's methods read; a reading under way serves everybody who asks.

    None as long as Cyclr has not told which release is installed.
    """
    if connector.release_id is None:
        return None
    asked: MethodReading = MethodReading.objects.ask(
        console=connector.account.console,
        release_id=connector.release_id,
        defaults={"account_connector": connector},
    )
    return asked


def readings(connector: AccountConnector) -> QuerySet[MethodReading]:
    """The readings of the release that is installed, the newest first."""
    rows: QuerySet[MethodReading] = MethodReading.objects.filter(
        console=connector.account.console_id, release_id=connector.release_id or 0
    )
    return rows


def latest(connector: AccountConnector) -> MethodReading | None:
    """The newest reading, ended or not."""
    return readings(connector).first()


def is_due(reading: MethodReading | None) -> bool:
    """Whether the methods were never read, or too long ago; one under way is awaited."""
    if reading is None:
        return True
    return reading.is_finished and reading.created_at < timezone.now() - STALE


# ---- carrying out ----


def carry_out(lease: Lease[MethodReading]) -> None:
    """Read a release's methods. What is temporary is raised."""
    wanted = lease.job
    try:
        with asking(wanted.account_connector.account.console) as client:
            library = client.account(wanted.account_connector.account.cyclr_id).library
            found = library.methods(wanted.release_id)
    except PermanentError as error:
        lease.finish(last_error=refusal(error, GONE), said=error.cyclr_message or "")
        return
    with transaction.atomic():
        write_methods(wanted.console_id, wanted.release_id, found[:MOST_METHODS])
        lease.finish(last_error="", said="")
    logger.info("methods read release=%d count=%d", wanted.release_id, len(found))


def write_methods(console_id: int, release_id: int, found: Sequence[cyclr_api.Method]) -> None:
    """Replace what is kept of the release by what was listed; each method once."""
    every = [_row(console_id, release_id, place, one) for place, one in enumerate(found)]
    rows = {row.key: row for row in every}
    kept = Method.objects.filter(console=console_id, release_id=release_id)
    kept.exclude(key__in=rows).delete()
    columns = ["place", "method_id", "unique_id", "name", "description", "category", "kind"]
    Method.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["console", "release_id", "key"],
        update_fields=[*columns, "endpoint", "inputs", "search_text"],
        batch_size=200,
    )


def _row(console_id: int, release_id: int, place: int, found: cyclr_api.Method) -> Method:
    texts: dict[str, Any] = storable(
        {
            "unique_id": (found.unique_id or "").lower(),
            "name": found.name,
            "description": found.description or "",
            "category": (found.category or "").strip(),
            "kind": found.type or "",
            "endpoint": found.endpoint or "",
        }
    )
    inputs = [MethodInput.of_parameter(one) for one in found.parameters]
    inputs += [MethodInput.of_field(one) for one in found.request_fields]
    return Method(
        console_id=console_id,
        release_id=release_id,
        key=key_of(texts["unique_id"] or str(found.id)),
        place=place,
        method_id=found.id,
        inputs=[asdict(one) for one in inputs],
        **texts,
    )


# ---- reading or writing ----


def is_reading(method: Method) -> bool:
    """Whether it changes nothing: as a Lead said, else by its name."""
    return reading_of([method])[method.key]


def reading_of(methods: Sequence[Method]) -> dict[str, bool]:
    """The same of several methods, by key."""
    wanted = Q(pk__in=[])
    for console in {method.console_id for method in methods}:
        keys = [method.key for method in methods if method.console_id == console]
        wanted |= Q(console=console, key__in=keys)
    marks = {mark.key: mark.is_reading for mark in MethodMark.objects.filter(wanted)}
    return {method.key: marks.get(method.key, reads_by_name(method.name)) for method in methods}
