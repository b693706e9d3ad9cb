"""What a webhook is told, as JSON or as one sentence; see `docs/webhooks.md`."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from dashboard.audit.heads import line_of
from dashboard.common.untrusted_text import display_line
from dashboard.notifications.addresses import staff_url
from dashboard.notifications.models import Shape, WebhookDelivery

TEST = "test"
"""The kind of what is sent to try an address."""
HEADS = "audit-heads"
"""The kind of what is sent of the audit trail, to who keeps it out of reach."""


def payload_of(delivery: WebhookDelivery) -> dict[str, Any]:
    """What a receiver is told. Never a link's address, a token or anything typed."""
    notification, console = delivery.notification, delivery.webhook.console
    told: dict[str, Any] = {
        "id": str(delivery.reference),
        "kind": TEST if notification is None else notification.kind,
        "at": _time(delivery.created_at if notification is None else notification.at),
        "console": {"id": console.pk, "name": console.name},
        "account": None,
        "link": None,
        "words": "A test from Cyclr Desk." if notification is None else notification.message,
        "details": "" if notification is None else notification.details,
    }
    if delivery.heads is not None:
        lines = [line_of(one["chain"], one["sequence"], one["digest"]) for one in delivery.heads]
        told |= {"kind": HEADS, "words": "Heads of the audit trail", "details": "; ".join(lines)}
        told["heads"] = delivery.heads
    if notification is not None:
        told["link"] = {"url": staff_url(notification.url)}
        if notification.account is not None:
            told["account"] = {
                "id": notification.account.cyclr_id,
                "name": notification.account.name,
            }
    return told


def text_of(delivery: WebhookDelivery) -> str:
    """What is told, as one line of a chat: the words, and where to look."""
    told = payload_of(delivery)
    message = [_for_chat(told[key]).rstrip(".") for key in ("words", "details") if told[key]]
    line = f"{'. '.join(message)}."
    return f"{line} {told['link']['url']}" if told["link"] else line


def _for_chat(message: str) -> str:
    """Names come from outside: in a chat they call nobody and lead nowhere.

    `<!channel>` and `<https://…|words>` are Slack's, `@all` Mattermost's, `[words](https://…)`
    that of many.
    """
    plain = display_line(message).replace("<", "‹").replace(">", "›").replace("](", "] (")
    return re.sub(r"(?<!\w)@(?=\w)", "@ ", plain)


def body_of(delivery: WebhookDelivery) -> bytes:
    """The payload as it is signed and sent: ASCII, the same bytes at each try.

    Chats refuse fields that they do not know: they get their one and no other.
    """
    if delivery.webhook.shape == Shape.TEXT:
        return json.dumps({"text": text_of(delivery)}).encode("ascii")
    return json.dumps(payload_of(delivery)).encode("ascii")


def _time(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second: `2026-03-10T14:31:05Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
