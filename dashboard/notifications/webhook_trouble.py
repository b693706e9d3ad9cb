"""A receiver that wants no more requests: its webhook is off, and colleagues are told."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.urls import reverse

from dashboard.notifications import services
from dashboard.notifications.kinds import NotificationKind, register
from dashboard.notifications.models import Webhook
from dashboard.notifications.webhooks import webhook_went

WEBHOOK_OFF = register(
    NotificationKind(
        "webhook-off",
        "Webhook switched off",
        shape="failed",
        order=91,
        help="Its receiver answered that it wants no more requests.",
    )
)


@receiver(webhook_went)
def tell(sender: type[Webhook], webhook: Webhook, **_: Any) -> None:
    """Once each time: it is off afterwards, until somebody switches it on."""
    services.post(
        WEBHOOK_OFF,
        webhook.console,
        "The webhook was switched off: its receiver answered 410, it wants no more requests",
        url=reverse("settings_webhook", args=[webhook.console_id]),
        details="An administrator can switch it on again.",
    )
