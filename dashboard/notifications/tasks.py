"""The workers' part of notifications: e-mail and webhooks, from their outboxes."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on
from dashboard.notifications import mailing, webhooks
from dashboard.notifications.models import Notification, NotificationMail, WebhookDelivery

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=90)

STARTED = time.monotonic()
OLDER_PROCESSES_FOR = 600.0
"""Seconds after our start in which processes of the release before may still read their columns."""


@works_on(WebhookDelivery, gives_up=webhooks.give_up)
def deliver(leases: Sequence[Lease[WebhookDelivery]]) -> None:
    """Send what waits for one webhook."""
    webhooks.deliver(leases)


@works_on(NotificationMail, gives_up=mailing.give_up)
def send_mail(leases: Sequence[Lease[NotificationMail]]) -> None:
    """Send one person what waits for them."""
    mailing.send_to(leases)


@periodic(every=600)
def forget_former_secrets() -> None:
    """Former secrets of webhooks go when their day is over."""
    webhooks.forget_former_secrets()


@periodic(every=60)
def encrypt_addresses() -> None:
    """Addresses of webhooks that a release before stored in clear are encrypted."""
    if time.monotonic() - STARTED > OLDER_PROCESSES_FOR:
        webhooks.encrypt_addresses()


@periodic(every=3600)
def forget_old() -> None:
    """Notifications are kept for ninety days, and what was sent of them with them."""
    old = timezone.now() - KEPT_FOR
    count, _ = Notification.objects.filter(at__lt=old).delete()
    WebhookDelivery.objects.filter(notification=None, created_at__lt=old).delete()
    if count:
        logger.info("old notifications forgotten rows=%d", count)
