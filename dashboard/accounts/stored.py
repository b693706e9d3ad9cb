"""What Cyclr really stored of an account, and where that is not what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cyclr_api
from dashboard.accounts.input import FIELDS
from dashboard.mirror.sync.columns import host_of

LABELS = {
    "name": "Name",
    "description": "Description",
    "timezone": "Time zone",
    "success_retention_hours": "Step data of successful runs",
    "errored_retention_hours": "Step data of failed runs",
    "is_error_webhook_enabled": "Error webhook",
    "error_webhook_url": "Error webhook’s URL",
    "error_webhook_includes_warnings": "Warnings to the webhook",
    "audit_info": "Audit info",
    "task_audit_info": "Task audit info",
}
"""What each field is called on pages."""
NOT_SET = "Not set"


def display_value(name: str, value: Any) -> str:
    """A field's value as pages show it; of a URL only the host, since the rest may be secret.

    >>> display_value("success_retention_hours", 48), display_value("error_webhook_url", "h.io/x")
    ('Kept for 48 hours', 'h.io')
    """
    if name.endswith("_hours"):
        return _hours(value)
    if isinstance(value, bool):
        return "On" if value else "Off"
    if name == "error_webhook_url" and value:
        return host_of(value if "://" in value else f"https://{value}")
    return str(value or NOT_SET)


def _hours(value: int | None) -> str:
    if value is None:
        return NOT_SET
    return f"Kept for {value:,} hour{'' if value == 1 else 's'}" if value else "Not kept"


def stored_rows(sent: Mapping[str, Any], found: cyclr_api.Account) -> list[list[str]]:
    """Label, what is stored, and what was sent if that is something else; in the order of pages."""
    rows = []
    for name in (one for one in LABELS if one in FIELDS):
        now = getattr(found, name)
        is_other = name in sent and (sent[name] or None) != (now or None)
        if name.endswith("_hours"):
            is_other = name in sent and sent[name] != now
        shown, asked = display_value(name, now), display_value(name, sent.get(name))
        if is_other and shown == asked:
            asked = "Something else"  # the hosts are the same: the rest of the URL is not shown
        rows.append([LABELS[name], shown, asked if is_other else ""])
    return rows
