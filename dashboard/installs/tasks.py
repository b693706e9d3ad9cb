"""The dispatcher's chores for installs, and what workers do for them."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from dashboard.installs import tidying
from dashboard.installs.models import Draft
from dashboard.jobs.messages import DeskTask, Message
from dashboard.jobs.periodic import periodic

KEEP_DRAFTS_FOR = timedelta(days=14)
TIDY = Message("dashboard.installs.tasks.tidy_description", "sync")


@periodic(every=3600)
def forget_drafts() -> None:
    """A draft that nobody came back to is forgotten."""
    Draft.objects.filter(saved_at__lt=timezone.now() - KEEP_DRAFTS_FOR).delete()


@shared_task(base=DeskTask)
def tidy_description(account_connector_id: int) -> None:
    """Take our mark out of a description; one without it is left as it is."""
    tidying.tidy(account_connector_id)


@periodic(every=60)
def keep_tidying() -> None:
    """Have marks taken out that installs left behind."""
    moment = timezone.now()
    for pk in tidying.due(moment):
        if tidying.claim(pk, moment):
            TIDY.send(pk)
