"""Installed connectors as a table."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.audit.list_export import moment
from dashboard.common.chunks import rows_in_chunks
from dashboard.consoles.models import Console
from dashboard.fleet.rows import COLUMNS, Row
from dashboard.mirror.models import AccountConnectorQuerySet

HEADINGS = (
    "Account id",
    "Account",
    "Name",
    "Connector",
    "Version",
    "Id in Cyclr",
    "State",
    "Since (UTC)",
    "Last proven (UTC)",
    "Test failed (UTC)",
    "Why broken",
    "Connected as",
    "Console",
)


def table(rows: AccountConnectorQuerySet) -> Iterator[tuple[object, ...]]:
    """One row for each, as the chunks of them come."""
    consoles = dict(Console.objects.values_list("pk", "name"))
    for some in rows_in_chunks(rows.values_list(*COLUMNS)):
        for row in (Row(*values) for values in some):
            yield (
                row.account_cyclr_id,
                row.account_name,
                row.name,
                row.connector_name,
                row.connector_version,
                row.cyclr_id,
                row.state,
                moment(row.authenticated_since),
                moment(row.proven_at),
                moment(row.test_failed_at),
                row.why_label,
                row.identity,
                consoles.get(row.console_id, ""),
            )
