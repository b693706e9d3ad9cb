"""The dispatcher's chore for installs, and what workers do for them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from dashboard.installs import tidying
from dashboard.installs.models import Draft, MarkRemoval
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on

KEEP_DRAFTS_FOR = timedelta(days=14)


@periodic(every=3600)
def forget_drafts() -> None:
    """A draft that nobody came back to is forgotten."""
    Draft.objects.filter(saved_at__lt=timezone.now() - KEEP_DRAFTS_FOR).delete()


@works_on(MarkRemoval, gives_up=tidying.give_up, plans=tidying.plan, room=lambda: tidying.AT_ONCE)
def tidy_description(lease: Lease[MarkRemoval]) -> None:
    """Take our mark out of a description; one without it is left as it is."""
    tidying.tidy(lease)
