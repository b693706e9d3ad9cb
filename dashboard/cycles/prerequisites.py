"""What a cycle lacks, in plain sentences, each with the place where it is mended."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from cyclr_api import (
    Client,
    PermanentError,
    Prerequisite,
)
from cyclr_api.cycles import CycleApi
from dashboard.common.untrusted_text import storable
from dashboard.consoles.refusals import refusal
from dashboard.consoles.services import asking
from dashboard.cycles.models import PrerequisiteReading
from dashboard.jobs.leases import Lease
from dashboard.mirror.models import AccountConnector, Cycle

logger = logging.getLogger(__name__)

GONE = "Cyclr does not have this cycle any more. Refresh the account."

JSON = dict[str, Any]
FRESH = timedelta(minutes=2)
"""For so long nobody has to ask again."""
KEPT = timedelta(days=1)
MOST = 200
"""Things lacking that are kept; more are told by their number."""
UNAUTHENTICATED = 20

SENTENCES = {
    10: "The cycle needs at least two steps.",
    11: "Its steps are not all connected, or more than one of them is a trigger.",
    UNAUTHENTICATED: "A connector that it uses is not authenticated.",
    30: "A step has no mapping yet.",
    31: "A decision has no criteria.",
    32: "A delay has no length of time.",
    33: "A step that waits for a date has no date.",
    40: "A parameter of a step has no value.",
    41: "A field of a step has no value.",
    42: "A step that collects has no key to collect by.",
    43: "A webhook step has no key to tell its messages apart by.",
    50: "A comparison has nothing on its left side.",
    51: "A comparison has nothing on its right side.",
    60: "A delay has no unit of time.",
    61: "A delay has no number of units.",
    70: "A step that waits until a date has no date.",
}
"""By Cyclr's ReasonCode; 0 and unknown ones are told in its own words."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """One thing that is lacking. `said`: Cyclr's own words; `connector`: which has to be mended."""

    message: str
    said: str = ""
    connector: AccountConnector | None = None
    step: str = ""


def cycle_api(cycle: Cycle, client: Client) -> CycleApi:
    """The cycle in Cyclr."""
    return client.account(cycle.account.cyclr_id).cycle(cycle.cyclr_id)


def written(found: Prerequisite) -> JSON:
    """One as it is kept."""
    kept: JSON = storable(
        {
            "code": found.code,
            "reason": found.reason[:500],
            "object_type": found.object_type or "",
            "object_id": found.object_id,
        }
    )
    return kept


def lacking(cycle: Cycle, found: list[JSON]) -> list[Lacking]:
    """In sentences; one query for all connectors."""
    ids = [one["object_id"] for one in found if one.get("code") == UNAUTHENTICATED]
    installed = AccountConnector.objects.filter(
        account=cycle.account, cyclr_id__in=[each for each in ids if isinstance(each, int)]
    )
    by_id = {one.cyclr_id: one for one in installed.select_related("account")}
    return [_lacking(one, by_id) for one in found]


def _lacking(one: JSON, by_id: dict[int, AccountConnector]) -> Lacking:
    code, said = one.get("code"), str(one.get("reason") or "")
    message = SENTENCES.get(code or 0, "")
    if code == UNAUTHENTICATED:
        return Lacking(message, said, by_id.get(one.get("object_id") or 0))
    step = str(one["object_id"] or "") if one.get("object_type") == "Action" else ""
    if not message:
        return Lacking("Cyclr says that something else is lacking.", said, step=step)
    return Lacking(message, said, step=step)


# ---- reading ----


def ask(cycle: Cycle) -> PrerequisiteReading:
    """Have them read; a reading under way serves everybody who asks."""
    asked: PrerequisiteReading = PrerequisiteReading.objects.ask(cycle=cycle)
    return asked


def latest(cycle: Cycle) -> PrerequisiteReading | None:
    """The newest reading that is kept, ended or not."""
    found: PrerequisiteReading | None = PrerequisiteReading.objects.filter(cycle=cycle).first()
    return found


def is_due(reading: PrerequisiteReading | None) -> bool:
    """Whether what is known is too old to go by."""
    if reading is None:
        return True
    return reading.is_finished and reading.created_at < timezone.now() - FRESH


def carry_out(lease: Lease[PrerequisiteReading]) -> None:
    """Read them. What is temporary is raised."""
    cycle = lease.job.cycle
    try:
        with asking(cycle.account.console) as client:
            found = cycle_api(cycle, client).prerequisites()
    except PermanentError as error:
        lease.finish(last_error=refusal(error, GONE), said=storable(error.cyclr_message or ""))
        return
    kept = [written(one) for one in found[:MOST]]
    lease.finish(found=kept, last_error="", said="")
    logger.info("prerequisites read cycle=%d count=%d", cycle.pk, len(found))
