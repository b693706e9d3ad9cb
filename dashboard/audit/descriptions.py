"""What an entry of the audit trail says, in words."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.audit.labels import LABELS
from dashboard.audit.models import AuditEntry

RESULTS = {"done", "failed", "cancelled", "connected"}
"""Results that are states with a shape; any other is shown as it stands."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as a line: what was done, what it was done to, and where that is now."""

    entry: AuditEntry
    did: str
    target: str
    url: str
    is_state: bool


def line_of(entry: AuditEntry) -> Line:
    """The entry as people read it. An operation's title says by itself what was done."""
    is_operation = "." in entry.action and "operation" in entry.details
    is_titled = is_operation and entry.target and not LABELS.get(entry.action)
    did = "" if is_titled else _plain(entry.action)
    return Line(entry, did, entry.target, _own(entry.target_url), entry.result in RESULTS)


def _plain(action: str) -> str:
    if label := LABELS.get(action):
        return label
    words = action.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _own(url: str) -> str:
    """The address if it is one of ours; the trail is data, and data leads nowhere else."""
    return url if url.startswith("/") and not url.startswith(("//", "/\\")) else ""
