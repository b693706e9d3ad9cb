"""A cycle's errors and warnings: read when somebody looks, kept encrypted for an hour."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from cyclr_api import CyclrError, Incident, PermanentError
from dashboard.common import encryption
from dashboard.common.searching import squeeze
from dashboard.common.untrusted_text import storable
from dashboard.consoles.services import asking
from dashboard.cycles.models import IncidentReading
from dashboard.cycles.prerequisites import cycle_api, message_for
from dashboard.jobs.leases import Lease
from dashboard.mirror.models import Cycle

logger = logging.getLogger(__name__)

JSON = dict[str, Any]
KEPT = timedelta(hours=1)
MOST = 200
"""Incidents that are kept of one reading: the newest that Cyclr lists."""
LONGEST = 20_000
"""Characters of a message that are kept."""
LEVELS = {"error": "Errors", "warning": "Warnings"}


def written(found: Incident) -> JSON:
    """One as it is kept."""
    full = found.full_message or ""
    kept: JSON = storable(
        {
            "level": found.level,
            "short": found.short_message[:LONGEST],
            "full": full[:LONGEST],
            "is_cut": len(full) > LONGEST,
            "step": found.step_name,
            "transaction": found.transaction_id or "",
            "at": found.created_at.isoformat() if found.created_at else "",
        }
    )
    return kept


def ask(cycle: Cycle) -> IncidentReading:
    """Have them read; a reading under way serves everybody who asks."""
    asked: IncidentReading = IncidentReading.objects.ask(cycle=cycle)
    return asked


def latest(cycle: Cycle) -> IncidentReading | None:
    """The newest reading that is still kept, ended or not."""
    since = timezone.now() - KEPT
    rows = IncidentReading.objects.filter(cycle=cycle, created_at__gt=since)
    found: IncidentReading | None = rows.first()
    return found


def found_by(reading: IncidentReading | None) -> list[JSON]:
    """What was read; nothing while it is under way, or when it failed."""
    if reading is None or not reading.encrypted_answer:
        return []
    try:
        found: list[JSON] = encryption.decrypt_json(
            reading.encrypted_answer, associated_data=reading.associated_data
        )
    except encryption.DecryptionError:
        logger.warning("incidents cannot be opened id=%d", reading.pk)
        return []
    return [{**one, "moment": _moment(one.get("at"))} for one in found]


def _moment(text: object) -> datetime | None:
    return parse_datetime(text) if isinstance(text, str) and text else None


def among(found: list[JSON], *, level: str, search: str) -> list[JSON]:
    """Those of a level with every word of the search in step or message."""
    words = [squeeze(word) for word in search.split()]
    rows = [one for one in found if not level or str(one["level"]).casefold() == level]
    if not words:
        return rows
    return [one for one in rows if all(word in _text(one) for word in words)]


def _text(one: JSON) -> str:
    return squeeze(f"{one['step']} {one['short']} {one['full']}")


# ---- reading ----


def carry_out(lease: Lease[IncidentReading]) -> None:
    """Read them. What is temporary is raised."""
    reading, cycle = lease.job, lease.job.cycle
    try:
        with asking(cycle.account.console) as client:
            found = list(islice(cycle_api(cycle, client).incidents().iterate(), MOST))
    except PermanentError as error:
        lease.finish(last_error=message_for(error), said=storable(error.cyclr_message or ""))
        return
    answer = encryption.encrypt_json(
        [written(one) for one in found], associated_data=reading.associated_data
    )
    lease.finish(encrypted_answer=answer, last_error="", said="")
    logger.info("incidents read cycle=%d count=%d", cycle.pk, len(found))


def give_up(lease: Lease[IncidentReading], error: BaseException | None) -> None:
    """End it with what kept it from being answered."""
    said = (error.cyclr_message or "") if isinstance(error, CyclrError) else ""
    lease.finish(last_error="Cyclr did not answer in time.", said=storable(said))
