"""A cycle's errors and warnings: read when somebody looks, kept encrypted for an hour."""

from __future__ import annotations

from itertools import islice
from typing import Any

from cyclr_api import Incident
from cyclr_api.cycles import CycleApi
from dashboard.common.untrusted_text import storable
from dashboard.cycles import readings
from dashboard.cycles.models import IncidentReading
from dashboard.jobs.leases import Lease
from dashboard.mirror.models import Cycle

JSON = dict[str, Any]
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
            "at": readings.moment_text(found.created_at),
        }
    )
    return kept


def ask(cycle: Cycle) -> IncidentReading:
    """Have them read; a reading under way serves everybody who asks."""
    asked: IncidentReading = IncidentReading.objects.ask(cycle=cycle)
    return asked


def latest(cycle: Cycle) -> IncidentReading | None:
    """The newest reading that is still kept, ended or not."""
    return readings.newest(IncidentReading.objects.filter(cycle=cycle))


def among(found: list[JSON], *, level: str, search: str) -> list[JSON]:
    """Those of a level with every word of the search in step or message."""
    rows = [one for one in found if not level or str(one["level"]).casefold() == level]
    return readings.with_words(
        rows, search, lambda one: f"{one['step']} {one['short']} {one['full']}"
    )


def carry_out(lease: Lease[IncidentReading]) -> None:
    """Read them. What is temporary is raised."""

    def read(there: CycleApi) -> list[JSON]:
        return [written(one) for one in islice(there.incidents().iterate(), MOST)]

    readings.carry_out(lease, read)
