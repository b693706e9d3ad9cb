"""Reading the accounts that posts named: soon, and each at most once in ten seconds."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from dashboard.error_webhook.models import AccountHint
from dashboard.mirror.tasks import ask_for_refresh

PAUSE = timedelta(seconds=10)
AT_ONCE = 100
KEPT_FOR = timedelta(days=1)


def read_named() -> None:
    """Ask for the reading of what posts named; twice at once asks for it once.

    What is being read already waits for its end: that reading may have begun before the post.
    """
    now = timezone.now()
    is_due = Q(asked_at=None) | Q(heard_at__gt=F("asked_at"), asked_at__lte=now - PAUSE)
    due = AccountHint.objects.filter(is_due).select_related("account__console").order_by("heard_at")
    ready = (hint for hint in due.iterator() if not hint.account.is_refreshing)
    for hint in list(islice(ready, AT_ONCE)):
        rows = AccountHint.objects.filter(is_due, pk=hint.pk)
        with transaction.atomic():  # whoever dies here has asked for nothing, so it still waits
            if rows.update(asked_at=now) and hint.account.gone_at is None:
                ask_for_refresh(hint.account)


def forget_read() -> None:
    """What was read a day ago needs no row."""
    old = timezone.now() - KEPT_FOR
    AccountHint.objects.filter(heard_at__lt=old, asked_at__lt=old).delete()
