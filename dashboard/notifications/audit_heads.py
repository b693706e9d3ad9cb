"""The heads of the audit trail, by the webhook of the console that was chosen for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.dispatch import receiver

from dashboard.audit.sending import NamedHead, heads_went
from dashboard.consoles.models import Console
from dashboard.notifications.models import Webhook, WebhookDelivery


@receiver(heads_went)
def queue(sender: object, console: Console, heads: Sequence[NamedHead], **_: Any) -> bool:
    """Put them into its outbox; whether there is a webhook, and it is on."""
    webhook = Webhook.objects.filter(console=console, is_on=True).first()
    if webhook is None or console.retired_at is not None:
        return False
    WebhookDelivery.objects.create(webhook=webhook, heads=[head.as_json() for head in heads])
    WebhookDelivery.policy.message.send_on_commit(webhook.pk)
    return True
