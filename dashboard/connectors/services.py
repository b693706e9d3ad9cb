"""What the page of an installed connector is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.text import slugify

from cyclr_api import Parameter
from dashboard.audit.descriptions import line_of
from dashboard.audit.models import AuditEntry
from dashboard.mirror.models import AccountConnector, CatalogueConnector
from dashboard.operations.models import Operation

LINES = 20
UNSHOWN = ("display_input", "encrypted_input", "follow_up", "prepared", "outcome", "search_text")
"""Columns of operations that a history has no use for, and that are large."""
TEST_MARKS = {"works": "done", "does not work": "not-working", "unclear": "expired"}
"""The marks of what tests found, as the trail has it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a connector's history. `state` names its mark."""

    at: datetime
    state: str
    event: str
    message: str
    url: str = ""

    @property
    def key(self) -> str:
        """What it is known by as the page changes, within its list."""
        return f"{self.at.timestamp():.0f}-{slugify(self.event)}"


def history_of(connector: AccountConnector) -> list[Line]:
    """What was done to it, newest first: its operations, and audit lines about it."""
    operations = Operation.objects.filter(account_connector=connector).defer(*UNSHOWN)[:LINES]
    entries = AuditEntry.objects.filter(
        console=connector.account.console_id, target_url=connector.get_absolute_url()
    )[:LINES]
    lines = [_operation_line(operation) for operation in operations]
    lines += [_audit_line(entry) for entry in entries]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:LINES]


def _audit_line(entry: AuditEntry) -> Line:
    did = line_of(entry).did or entry.target
    state = "connected" if entry.action == "links.connect" else "quiet"
    by = f"by {entry.actor_name}"
    if entry.action == "connectors.test" and entry.result:
        did = f"{did}: {entry.result}"
        state = TEST_MARKS.get(entry.result, state)
        by = " ".join(one for one in (str(entry.details.get("words", "")), by.capitalize()) if one)
    return Line(entry.at, state, did, by)


def _operation_line(operation: Operation) -> Line:
    state = operation.state_label
    by = f"{state}, by {operation.actor_name}"
    return Line(
        at=operation.finished_at or operation.created_at,
        state=state.lower(),
        event=operation.title,
        message=operation.error or by,
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
    return dynamic_settings_of(entry) if entry is not None else []


def dynamic_settings_of(entry: CatalogueConnector) -> list[Parameter]:
    """The same of an entry of the library; two that share a technical name are one."""
    asked = entry.asked_parameters
    once = {parameter.target_name: parameter for parameter in asked if parameter.trigger_name}
    return list(once.values())


@dataclass(frozen=True, slots=True)
class SetupLine:
    """A dynamic setting on the connector's page."""

    name: str
    has_value: bool


def setup_lines(connector: AccountConnector, entry: CatalogueConnector | None) -> list[SetupLine]:
    """What is left to set up, and what has been; empty while it is not authenticated."""
    if entry is None or not connector.authenticated or connector.gone_at is not None:
        return []
    filled = set(connector.filled)
    return [
        SetupLine(one.name or one.target_name, one.target_name in filled)
        for one in dynamic_settings_of(entry)
    ]
