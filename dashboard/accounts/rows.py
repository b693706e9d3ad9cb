"""Accounts as lines of a list: few columns, no model instances."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One line; the fields are columns, in the order of `COLUMNS`."""

    pk: int
    name: str
    cyclr_id: str
    timezone: str
    connector_count: int
    unauthenticated_count: int
    not_working_count: int
    read_at: datetime | None
    active_at: datetime | None
    gone_at: datetime | None

    def __str__(self) -> str:
        return self.name or self.cyclr_id


COLUMNS = tuple(one.name for one in fields(Row))
"""For `values_list`: `Row(*values)` is the line."""
