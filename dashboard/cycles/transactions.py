"""A cycle's transactions, and what each step of one sent and got: read when somebody looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from cyclr_api import PermanentError, Transaction, TransactionItem
from cyclr_api.cycles import CycleApi
from dashboard.common.untrusted_text import storable
from dashboard.cycles import readings
from dashboard.cycles.models import TransactionReading
from dashboard.jobs.leases import Lease
from dashboard.mirror.models import Cycle

JSON = dict[str, Any]
MOST_READ, MOST = 1000, 200
"""Transactions that are read, and the newest of them that are kept; and steps of one that are.

In which order Cyclr lists them is not known.
"""
LONGEST = 20_000
"""Characters of what a step sent, or got, that are kept."""
MOST_STATUSES = 12
"""Statuses by which a list can be narrowed."""
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def is_id(text: str) -> bool:
    """Whether a transaction can be asked for by this id; what Cyclr lists may be anything."""
    return _ID.fullmatch(text) is not None


def url_of(cycle: Cycle, transaction_id: str) -> str:
    """The page of one; empty if Cyclr's id is none that can be asked for."""
    if not is_id(transaction_id):
        return ""
    return f"{reverse('cycle_transaction', args=[cycle.pk])}?{urlencode({'id': transaction_id})}"


def written(found: Transaction) -> JSON:
    """One of the list as it is kept."""
    kept: JSON = storable(
        {
            "id": found.id[:200],
            "status": (found.status or "")[:100],
            "at": readings.moment_text(found.created_at),
        }
    )
    return kept


def written_item(found: TransactionItem, names: Mapping[str, str]) -> JSON:
    """What one step sent and got, as it is kept."""
    request, response = found.request or "", found.response or ""
    kept: JSON = storable(
        {
            "step": names.get((found.step_id or "").casefold(), "") or found.step_id or "",
            "request": request[:LONGEST],
            "response": response[:LONGEST],
            "is_request_cut": len(request) > LONGEST,
            "is_response_cut": len(response) > LONGEST,
        }
    )
    return kept


def ask(cycle: Cycle, transaction_id: str = "") -> TransactionReading:
    """Have the list read, or what one of them did; a reading under way serves everybody."""
    asked: TransactionReading = TransactionReading.objects.ask(
        cycle=cycle, transaction_id=transaction_id
    )
    return asked


def latest(cycle: Cycle, transaction_id: str = "") -> TransactionReading | None:
    """The newest reading of it that is still kept, ended or not."""
    rows = TransactionReading.objects.filter(cycle=cycle, transaction_id=transaction_id)
    return readings.newest(rows)


def statuses_of(found: list[JSON]) -> list[str]:
    """The statuses that were read, each once."""
    return sorted({str(one["status"]) for one in found if one["status"]})[:MOST_STATUSES]


def among(found: list[JSON], *, status: str, search: str) -> list[JSON]:
    """Those of a status with every word of the search in id or status."""
    rows = [one for one in found if not status or one["status"] == status]
    return readings.with_words(rows, search, lambda one: f"{one['id']} {one['status']}")


def items_among(found: list[JSON], *, search: str) -> list[JSON]:
    """Those steps with every word of the search in name, request or response."""
    return readings.with_words(
        found, search, lambda one: f"{one['step']} {one['request']} {one['response']}"
    )


def carry_out(lease: Lease[TransactionReading]) -> None:
    """Read them. What is temporary is raised."""
    transaction_id = lease.job.transaction_id

    def read(there: CycleApi) -> list[JSON]:
        if not transaction_id:
            listed = list(islice(there.transactions().iterate(), MOST_READ))
            return [written(one) for one in sorted(listed, key=_age, reverse=True)[:MOST]]
        items = there.transaction_items(transaction_id)[:MOST]
        names = _step_names(there) if items else {}
        return [written_item(one, names) for one in items]

    readings.carry_out(lease, read)


def _age(found: Transaction) -> datetime:
    """When it was; what does not say comes last."""
    return found.created_at or datetime.min.replace(tzinfo=UTC)


def _step_names(there: CycleApi) -> dict[str, str]:
    """By id. Without them the steps are told by their ids."""
    try:
        return {str(step.id).casefold(): step.name or "" for step in there.steps.all()}
    except PermanentError:
        return {}
