"""The dispatcher's chores for installs."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from dashboard.common.chores import chore
from dashboard.installs.models import Draft

KEEP_DRAFTS_FOR = timedelta(days=14)


@chore(every=3600)
def forget_drafts() -> None:
    """A draft that nobody came back to is forgotten."""
    Draft.objects.filter(saved_at__lt=timezone.now() - KEEP_DRAFTS_FOR).delete()
