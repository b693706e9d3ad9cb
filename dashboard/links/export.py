"""Links as a table, without what opens them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from dashboard.audit.list_export import moment
from dashboard.common.chunks import rows_in_chunks
from dashboard.links.models import Link, LinkItem

HEADINGS = (
    "Account id",
    "Account",
    "State",
    "Recipient",
    "E-mail",
    "Connectors",
    "Created (UTC)",
    "By",
    "Sent (UTC)",
    "Expires (UTC)",
    "Connected (UTC)",
    "Revoked (UTC)",
    "Ticket",
    "Console",
)


def table(rows: QuerySet[Link]) -> Iterator[tuple[object, ...]]:
    """One row for each, newest first, as the chunks of them come."""
    for some in rows_in_chunks(rows.values_list("pk"), newest_first=True):
        pks = [values[0] for values in some]
        connectors = _connectors(pks)
        links = Link.objects.select_related("account", "console").in_bulk(pks)
        for link in (links[pk] for pk in pks if pk in links):
            yield _line(link, connectors.get(link.pk, []))


def _line(link: Link, connectors: list[str]) -> tuple[object, ...]:
    return (
        link.account.cyclr_id,
        link.account.name,
        link.state_label,
        link.recipient_name,
        link.recipient_email,
        ", ".join(connectors),
        moment(link.created_at),
        link.actor_name,
        moment(link.sent_at),
        moment(link.expires_at),
        moment(link.connected_at),
        moment(link.revoked_at),
        link.ticket_url,
        link.console.name,
    )


def _connectors(pks: list[Any]) -> dict[int, list[str]]:
    """What is on each link; one query."""
    found: dict[int, list[str]] = {}
    items = LinkItem.objects.filter(link__in=pks).order_by("link", "position", "pk")
    for link, name in items.values_list("link", "account_connector__name"):
        found.setdefault(link, []).append(name)
    return found
