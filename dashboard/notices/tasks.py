"""The workers' part of notices: e-mail and webhooks, from their outboxes."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from dashboard.common.claims import unclaimed
from dashboard.jobs.messages import DeskTask, Message
from dashboard.jobs.periodic import periodic
from dashboard.notices import mailing, webhooks
from dashboard.notices.models import Notice, NoticeMail, SendState, Webhook, WebhookDelivery
from dashboard.notices.webhooks import DELIVER

logger = logging.getLogger(__name__)

MAIL = Message("dashboard.notices.tasks.send_mail", "bulk")
RESEND_AFTER = timedelta(seconds=5)
AT_ONCE = 100
KEPT_FOR = timedelta(days=90)


@shared_task(base=DeskTask)
def deliver(webhook_id: int) -> None:
    """Send what waits for one webhook; a second run finds it claimed, or nothing due."""
    webhooks.deliver(webhook_id)


@shared_task(base=DeskTask)
def send_mail(user_id: int) -> None:
    """Send one person what waits for them; a second run finds nothing that is not claimed."""
    mailing.send_to(user_id)


@periodic(every=2)
def send_waiting() -> None:
    """One message for each webhook and each person for whom something is due."""
    moment = timezone.now()
    waits = Q(published_at=None) | Q(published_at__lt=moment - RESEND_AFTER)
    hooks = Webhook.objects.filter(waits, pk__in=webhooks.due(moment).values("webhook"))
    for pk in list(hooks.order_by("published_at").values_list("pk", flat=True)[:AT_ONCE]):
        if not DELIVER.send(pk):
            return
        Webhook.objects.filter(pk=pk).update(published_at=moment)
    mails = NoticeMail.objects.filter(state=SendState.WAITING, not_before__lte=moment)
    people = (
        mails.filter(waits, unclaimed(moment)).order_by().values_list("user", flat=True).distinct()
    )
    for user_id in list(people[:AT_ONCE]):
        if not MAIL.send(user_id):
            return
        mails.filter(user=user_id).update(published_at=moment)


@periodic(every=600)
def give_up_old() -> None:
    """End what could not be sent for a day, because its webhook is off."""
    webhooks.give_up_old()


@periodic(every=3600)
def forget_old() -> None:
    """Notices are kept for ninety days, and what was sent of them with them."""
    old = timezone.now() - KEPT_FOR
    count, _ = Notice.objects.filter(at__lt=old).delete()
    WebhookDelivery.objects.filter(notice=None, created_at__lt=old).delete()
    if count:
        logger.info("old notices forgotten rows=%d", count)
