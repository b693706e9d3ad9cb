"""What was found out about a console whose address or client id changed, in words."""

from __future__ import annotations

from dashboard.consoles.models import ConsoleChange


def comparison_message(change: ConsoleChange) -> str:
    """How many of the known accounts are listed at the settings' address."""
    if change.compared_at is None:
        return change.trouble or "The accounts there have not been compared yet."
    if not change.known:
        return f"No account was known before; {change.listed:,} are listed there now."
    return (
        f"{change.shared:,} of {change.known:,} known accounts are among the {change.listed:,}"
        " listed there now."
    )
