"""What an entry of the audit trail says, in words."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.audit.models import AuditEntry

ACTIONS = {
    "operations.cancel": "Cancelled",
    "operations.dismiss": "Dismissed",
    "operations.bring_back": "Brought back",
    "operations.retry": "Retried",
    "bulk.start": "Started bulk run",
    "bulk.confirm": "Confirmed lines of bulk run",
    "bulk.pause": "Paused bulk run",
    "bulk.resume": "Resumed bulk run",
    "bulk.end": "Ended bulk run",
    "bulk.retry": "Retried in bulk run",
    "bulk.export": "Exported bulk run",
    "links.create": "Created",
    "links.revoke": "Revoked",
    "links.extend": "Extended",
    "links.edit": "Changed",
    "links.mail": "Mailed",
    "links.sent": "Sent another way",
    "links.unsubscribe": "Ended reminders for",
    "links.remind": "Began reminders again of",
    "links.resend_all": "Resent unopened links",
    "links.extend_all": "Extended all unfinished links",
    "links.revoke_all": "Revoked all unfinished links",
    "links.ask": "Asked for a new link",
    "links.connect": "Connected",
    "connectors.test": "Tested",
    "connectors.choose_proof": "Chose the test method",
    "connectors.drop_proof": "Removed the test method",
    "settings.brand": "Changed branding for",
}
"""Acts by their names; any other is said with the words it was recorded in."""

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
    is_titled = is_operation and entry.target and entry.action not in ACTIONS
    did = "" if is_titled else _plain(entry.action)
    return Line(entry, did, entry.target, _own(entry.target_url), entry.result in RESULTS)


def _plain(action: str) -> str:
    if action in ACTIONS:
        return ACTIONS[action]
    words = action.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def _own(url: str) -> str:
    """The address if it is one of ours; the trail is data, and data leads nowhere else."""
    return url if url.startswith("/") and not url.startswith(("//", "/\\")) else ""
