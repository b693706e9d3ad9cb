"""What is read of a cycle when somebody looks, and kept encrypted for an hour."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from cyclr_api import PermanentError
from cyclr_api.cycles import CycleApi
from dashboard.common import encryption
from dashboard.common.searching import squeeze
from dashboard.common.untrusted_text import storable
from dashboard.consoles.refusals import refusal
from dashboard.consoles.services import asking
from dashboard.cycles.models import CycleReading
from dashboard.cycles.prerequisites import GONE, cycle_api
from dashboard.jobs.leases import Lease

logger = logging.getLogger(__name__)

JSON = dict[str, Any]
R = TypeVar("R", bound=CycleReading)
KEPT = timedelta(hours=1)


def newest(rows: QuerySet[R]) -> R | None:
    """The newest reading that is still kept, ended or not."""
    kept = rows.filter(created_at__gt=timezone.now() - KEPT)
    return kept.select_related("cycle__account__console").first()


def found_by(reading: CycleReading | None) -> list[JSON]:
    """What was read; nothing while it is under way, or when it failed."""
    if reading is None or not reading.encrypted_answer:
        return []
    try:
        found: list[JSON] = encryption.decrypt_json(
            reading.encrypted_answer, associated_data=reading.associated_data
        )
    except encryption.DecryptionError:
        logger.warning("a reading cannot be opened kind=%s id=%d", reading.kind, reading.pk)
        return []
    return [{**one, "moment": _moment(one.get("at"))} for one in found]


def moment_text(moment: datetime | None) -> str:
    """As it is kept, under `at`."""
    return moment.isoformat() if moment else ""


def _moment(text: object) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) and text else None


def with_words(found: list[JSON], search: str, text: Callable[[JSON], str]) -> list[JSON]:
    """Those in whose text every word of the search stands."""
    words = [squeeze(word) for word in search.split()]
    if not words:
        return found
    return [one for one in found if all(word in squeeze(text(one)) for word in words)]


# ---- reading ----


def carry_out(lease: Lease[R], read: Callable[[CycleApi], list[JSON]]) -> None:
    """Read and keep it. What is temporary is raised."""
    reading, cycle = lease.job, lease.job.cycle
    try:
        with asking(cycle.account.console) as client:
            found = read(cycle_api(cycle, client))
    except PermanentError as error:
        lease.finish(last_error=refusal(error, GONE), said=storable(error.cyclr_message or ""))
        return
    answer = encryption.encrypt_json(found, associated_data=reading.associated_data)
    lease.finish(encrypted_answer=answer, last_error="", said="")
    logger.info("%s read cycle=%d count=%d", reading.kind, cycle.pk, len(found))
