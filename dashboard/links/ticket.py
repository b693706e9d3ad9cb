"""A link as plain text for a ticket. The address that works is not in it."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.common.timing import format_exact, format_short
from dashboard.common.untrusted_text import display_line
from dashboard.links.models import Link, LinkEvent, LinkItem

LINES_AT_MOST = 5
"""Lines of the timeline that are told, the newest."""


def ticket(link: Link, items: Sequence[LinkItem], events: Sequence[LinkEvent], address: str) -> str:
    """State, account, each app and the newest events; `address` is the staff page's.

    `events` are newest first. Times are in UTC. Nothing secret is in it.
    """
    account = link.account
    lines = [
        f"Link for {_line(link.account)}: {link.state_label}",
        f"Account {_line(account)}, id {_line(account.cyclr_id)}",
        f"Created by {_line(link.actor_name)}, {format_exact(link.created_at)}",
        _end_line(link),
    ]
    lines += [_item_line(item) for item in items]
    lines += [_event_line(event) for event in events[:LINES_AT_MOST]]
    return "\n".join([*lines, address])


def _end_line(link: Link) -> str:
    if link.connected_at is not None:
        return f"Everything connected {format_exact(link.connected_at)}"
    if link.revoked_at is not None:
        return f"Revoked {format_exact(link.revoked_at)}"
    return f"{'Expired' if link.is_expired else 'Works until'} {format_exact(link.expires_at)}"


def _item_line(item: LinkItem) -> str:
    message = [f"- {_line(item.account_connector)}: {item.state_label}"]
    if item.connected_at is not None:
        message.append(f"connected {format_exact(item.connected_at)}")
    elif item.started_at is not None:
        message.append(f"last started {format_exact(item.started_at)}")
    if item.why_failed:
        message.append(_line(item.why_failed))
    return ", ".join(message)


def _event_line(event: LinkEvent) -> str:
    guess = " (likely a mail scanner)" if event.is_robot else ""
    said = event.details.get("said") or ""
    answer = f". Cyclr’s answer: {_line(said)}" if said else ""
    return f"{format_short(event.at)} UTC: {_line(event.message)}{guess}{answer}"


def _line(text: object) -> str:
    """Untrusted text on one line, its tricks made visible; never empty."""
    return display_line(text) or "No name"
