"""What the dispatcher does for posts of Cyclr's: it has the accounts read that they named."""

from __future__ import annotations

from django.db.models import F, Q

from dashboard.error_webhook import reading
from dashboard.error_webhook.models import AccountHint
from dashboard.jobs.compiled import AnyRow
from dashboard.jobs.periodic import periodic

any_waiting = AnyRow(
    lambda: AccountHint.objects.filter(Q(asked_at=None) | Q(heard_at__gt=F("asked_at")))
)


@periodic(every=1)
def read_named() -> None:
    """Ask for the reading of what posts named."""
    if any_waiting():
        reading.read_named()


@periodic(every=3600)
def forget_read() -> None:
    """What was read a day ago needs no row."""
    reading.forget_read()
