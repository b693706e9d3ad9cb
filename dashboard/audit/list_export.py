"""Lists as CSV: who takes one along is recorded before its first row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.http import HttpRequest, StreamingHttpResponse

from dashboard.audit import services
from dashboard.audit.models import Actor
from dashboard.common.paging import PLACES
from dashboard.common.spreadsheet import csv_response
from dashboard.common.untrusted_text import storable
from dashboard.people.access import StaffRequest

NO_FILTERS = (*PLACES, "columns")
"""What an address says and a download has no use for."""
MOST, KEPT = 20, 300
"""Filters that the trail keeps, and letters of each."""


def export(
    request: StaffRequest, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """The download of a list, called `name`; its filters are those of the address."""
    services.record(
        Actor.staff(request.user),
        "exported a list",
        target=name,
        filters=_filters(request),
    )
    return csv_response(name, columns, rows)


def moment(at: datetime | None) -> str:
    """A moment in a cell, in UTC; empty for none."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""


def _filters(request: HttpRequest) -> dict[str, str]:
    """What a database can hold of what the address asks for: anything may stand in it."""
    asked = [(key, value) for key, value in request.GET.items() if value and key not in NO_FILTERS]
    return {str(storable(key))[:KEPT]: str(storable(value))[:KEPT] for key, value in asked[:MOST]}
