"""What the page of an installed connector is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cyclr_api import Parameter
from dashboard.audit.models import AuditEntry
from dashboard.audit.words import line_of
from dashboard.mirror.models import AccountConnector, CatalogueConnector
from dashboard.operations.models import Operation

LINES = 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a connector's history. `state` names its mark."""

    at: datetime
    state: str
    event: str
    words: str
    url: str = ""


def history_of(connector: AccountConnector) -> list[Line]:
    """What was done to it, newest first: its operations, and audit lines about it."""
    operations = Operation.objects.filter(account_connector=connector)[:LINES]
    entries = AuditEntry.objects.filter(
        console=connector.account.console_id, target_url=connector.get_absolute_url()
    )[:LINES]
    lines = [_operation_line(operation) for operation in operations]
    lines += [_audit_line(entry) for entry in entries]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:LINES]


def _audit_line(entry: AuditEntry) -> Line:
    did = line_of(entry).did or entry.target
    state = "connected" if entry.action == "links.connect" else "quiet"
    return Line(entry.at, state, did, f"by {entry.actor_name}")


def _operation_line(operation: Operation) -> Line:
    state = operation.shown_state
    by = f"{state}, by {operation.actor_name}"
    return Line(
        at=operation.finished_at or operation.created_at,
        state=state.lower(),
        event=operation.title,
        words=operation.error or by,
        url=operation.get_absolute_url(),
    )


def library_entry(connector: AccountConnector) -> CatalogueConnector | None:
    """Its entry in the library, if that still has this version."""
    entries = CatalogueConnector.objects.for_account(connector.account)
    return entries.filter(
        name=connector.connector_name, version=connector.connector_version
    ).first()


def dynamic_settings(connector: AccountConnector) -> list[Parameter]:
    """The settings whose choices the third party lists once the connector is authenticated."""
    entry = library_entry(connector)
    asked = entry.asked_parameters if entry is not None else []
    once = {parameter.target_name: parameter for parameter in asked if parameter.trigger_name}
    return list(once.values())
