"""The audit trail as a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from dashboard.audit.models import ActorKind, AuditEntry

COLUMNS = ("When (UTC)", "Who", "Kind", "What", "Target", "Account", "Result", "Console", "Details")


def table(entries: Iterable[AuditEntry]) -> Iterator[tuple[str, ...]]:
    """One row for each entry."""
    for entry in entries:
        yield (
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.actor_name,
            ActorKind(entry.actor_kind).label,
            entry.action,
            entry.target,
            entry.account_name,
            entry.result,
            entry.console.name if entry.console else "",
            json.dumps(entry.details, ensure_ascii=False) if entry.details else "",
        )
