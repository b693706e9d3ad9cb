"""How things are told: by allow-lists of what pages show too. Never a secret, never an address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from dashboard.alarms.models import Alarm
from dashboard.links.models import Link
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation

JSON = dict[str, Any]


def _at(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _page(thing: Any) -> str:
    """The address of the thing's page here, for people."""
    return f"{settings.DESK_URL}{thing.get_absolute_url()}"


def account(one: Account) -> JSON:
    """An account as the mirror has it."""
    return {
        "id": one.pk,
        "cyclr_id": one.cyclr_id,
        "console": one.console_id,
        "name": one.name,
        "description": one.description,
        "time_zone": one.timezone,
        "parent_cyclr_id": one.parent_id or None,
        "connectors": one.connector_count,
        "not_authenticated": one.unauthenticated_count,
        "not_working": one.not_working_count,
        "active_at": _at(one.active_at),
        "read_at": _at(one.read_at),
        "is_refreshing": one.is_refreshing,
        "gone_at": _at(one.gone_at),
        "page": _page(one),
    }


def connector(one: AccountConnector) -> JSON:
    """An installed connector as the mirror has it."""
    return {
        "id": one.pk,
        "cyclr_id": one.cyclr_id,
        "console": one.account.console_id,
        "account": one.account_id,
        "account_name": one.account.name,
        "name": one.name,
        "connector": one.connector_name,
        "version": one.connector_version,
        "state": one.state,
        "authenticated": one.authenticated,
        "authenticated_since": _at(one.authenticated_since),
        "proven_at": _at(one.proven_at),
        "test_failed_at": _at(one.test_failed_at),
        "why_broken": one.why_broken or None,
        "connected_as": one.identity or None,
        "read_at": _at(one.account.read_at),
        "gone_at": _at(one.gone_at),
        "page": _page(one),
    }


def alarm(one: Alarm) -> JSON:
    """An alarm: what broke, since when, how many, and whose turn it is."""
    return {
        "id": one.pk,
        "console": one.console_id,
        "title": str(one),
        "connector": one.connector_name,
        "account_connector": one.account_connector_id,
        "state": one.state,
        "began_at": _at(one.began_at),
        "newest_at": _at(one.newest_at),
        "ended_at": _at(one.ended_at),
        "snoozed_until": _at(one.snoozed_until),
        "broken": one.open_count,
        "members": one.member_count,
        "accounts": one.account_count,
        "owner": one.owner.display_name if one.owner else None,
        "page": _page(one),
    }


def link(one: Link) -> JSON:
    """A connection link, without the address that opens it."""
    return {
        "id": one.pk,
        "console": one.console_id,
        "account": one.account_id,
        "account_name": one.account.name,
        "state": one.state_label,
        "connectors": [item.account_connector_id for item in one.items.all()],
        "recipient_name": one.recipient_name or None,
        "recipient_email": one.recipient_email or None,
        "ticket_url": one.ticket_url or None,
        "created_by": one.actor_name,
        "created_at": _at(one.created_at),
        "sent_at": _at(one.sent_at),
        "expires_at": _at(one.expires_at),
        "connected_at": _at(one.connected_at),
        "revoked_at": _at(one.revoked_at),
        "page": _page(one),
    }


def operation(one: Operation) -> JSON:
    """A change to Cyclr: how far it is, and what came of it."""
    return {
        "id": one.reference,
        "console": one.console_id,
        "account": one.account_id,
        "account_connector": one.account_connector_id,
        "kind": one.kind,
        "title": one.title,
        "state": one.state_label,
        "asked_by": one.actor_name,
        "created_at": _at(one.created_at),
        "finished_at": _at(one.finished_at),
        "error": one.error or None,
        "page": _page(one),
    }


NUMBER, TEXT, FLAG = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}
COUNT = {"type": "integer", "minimum": 0}
MOMENT = {"type": "string", "format": "date-time"}
ADDRESS = {"type": "string", "format": "uri"}


def _or_null(schema: JSON) -> JSON:
    return schema | {"type": [schema["type"], "null"]}


SCHEMAS: dict[str, JSON] = {
    "Account": {
        **{"id": NUMBER, "cyclr_id": TEXT, "console": NUMBER, "name": TEXT, "description": TEXT},
        **{"time_zone": TEXT, "parent_cyclr_id": _or_null(TEXT), "connectors": COUNT},
        **{"not_authenticated": COUNT, "not_working": COUNT, "active_at": _or_null(MOMENT)},
        **{"read_at": _or_null(MOMENT), "is_refreshing": FLAG, "gone_at": _or_null(MOMENT)},
        "page": ADDRESS,
    },
    "Connector": {
        **{"id": NUMBER, "cyclr_id": NUMBER, "console": NUMBER, "account": NUMBER},
        **{"account_name": TEXT, "name": TEXT, "connector": TEXT, "version": TEXT},
        "state": {
            "type": "string",
            "enum": ["Authenticated", "Not authenticated", "Not working", "Gone"],
        },
        **{"authenticated": _or_null(FLAG), "authenticated_since": _or_null(MOMENT)},
        **{"proven_at": _or_null(MOMENT), "test_failed_at": _or_null(MOMENT)},
        **{"why_broken": _or_null(TEXT), "connected_as": _or_null(TEXT)},
        **{"read_at": _or_null(MOMENT), "gone_at": _or_null(MOMENT), "page": ADDRESS},
    },
    "Alarm": {
        **{"id": NUMBER, "console": NUMBER, "title": TEXT, "connector": TEXT},
        "account_connector": _or_null(NUMBER),
        "state": {"type": "string", "enum": ["Open", "Taken", "Snoozed", "Closed"]},
        **{"began_at": MOMENT, "newest_at": MOMENT, "ended_at": _or_null(MOMENT)},
        **{"snoozed_until": _or_null(MOMENT), "broken": COUNT, "members": COUNT},
        **{"accounts": COUNT, "owner": _or_null(TEXT), "page": ADDRESS},
    },
    "Link": {
        **{"id": NUMBER, "console": NUMBER, "account": NUMBER, "account_name": TEXT},
        **{"state": TEXT, "connectors": {"type": "array", "items": NUMBER}},
        **{"recipient_name": _or_null(TEXT), "recipient_email": _or_null(TEXT)},
        **{"ticket_url": _or_null(TEXT), "created_by": TEXT, "created_at": MOMENT},
        **{"sent_at": _or_null(MOMENT), "expires_at": MOMENT, "connected_at": _or_null(MOMENT)},
        **{"revoked_at": _or_null(MOMENT), "page": ADDRESS},
    },
    "Operation": {
        **{"id": TEXT, "console": NUMBER, "account": _or_null(NUMBER)},
        **{"account_connector": _or_null(NUMBER), "kind": TEXT, "title": TEXT, "state": TEXT},
        **{"asked_by": TEXT, "created_at": MOMENT, "finished_at": _or_null(MOMENT)},
        **{"error": _or_null(TEXT), "page": ADDRESS},
    },
}
"""What each of them says, in the order of its keys."""
