"""The workers' part of notices: e-mail and webhooks, from their outboxes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on
from dashboard.notices import mailing, webhooks
from dashboard.notices.models import Notice, NoticeMail, WebhookDelivery

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=90)


@works_on(WebhookDelivery, gives_up=webhooks.give_up)
def deliver(leases: Sequence[Lease[WebhookDelivery]]) -> None:
    """Send what waits for one webhook."""
    webhooks.deliver(leases)


@works_on(NoticeMail, gives_up=mailing.give_up)
def send_mail(leases: Sequence[Lease[NoticeMail]]) -> None:
    """Send one person what waits for them."""
    mailing.send_to(leases)


@periodic(every=3600)
def forget_old() -> None:
    """Notices are kept for ninety days, and what was sent of them with them."""
    old = timezone.now() - KEPT_FOR
    count, _ = Notice.objects.filter(at__lt=old).delete()
    WebhookDelivery.objects.filter(notice=None, created_at__lt=old).delete()
    if count:
        logger.info("old notices forgotten rows=%d", count)
