"""Accounts as a table."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.accounts.tags import by_account
from dashboard.audit.list_export import moment
from dashboard.common.chunks import rows_in_chunks
from dashboard.mirror.models import AccountQuerySet

COLUMNS = (
    "pk",
    "cyclr_id",
    "name",
    "parent_id",
    "timezone",
    "connector_count",
    "unauthenticated_count",
    "not_working_count",
    "active_at",
    "read_at",
    "gone_at",
    "console__name",
)
HEADINGS = (
    "Id",
    "Name",
    "Parent id",
    "Time zone",
    "Connectors",
    "Not authenticated",
    "Not working",
    "Last activity (UTC)",
    "Read (UTC)",
    "Gone (UTC)",
    "Console",
    "Tags",
)


def table(rows: AccountQuerySet) -> Iterator[tuple[object, ...]]:
    """One row for each, as the chunks of them come."""
    for some in rows_in_chunks(rows.values_list(*COLUMNS)):
        tags = by_account([values[0] for values in some])
        for pk, *start, active_at, read_at, gone_at, console in some:
            moments = map(moment, (active_at, read_at, gone_at))
            names = ", ".join(tag.name for tag in tags.get(pk, []))
            yield (*start, *moments, console, names)
