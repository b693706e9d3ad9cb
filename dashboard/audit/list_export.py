"""Lists as CSV: who takes one along is recorded before its first row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.http import HttpRequest, StreamingHttpResponse

from dashboard.audit import services
from dashboard.audit.models import Actor
from dashboard.common.spreadsheet import csv_response
from dashboard.people.access import StaffRequest

PLACES = ("page", "after", "before", "columns")
"""What an address says and a download has no use for."""


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
    return {key: str(value) for key, value in request.GET.items() if value and key not in PLACES}
