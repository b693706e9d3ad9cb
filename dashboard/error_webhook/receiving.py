"""What a post is taken for: a hint which account to look at, and nothing more.

Nobody signs it, so nothing in it is believed. An account that it names is read as any other.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from dashboard.common.limits import count_try, is_within
from dashboard.common.untrusted_text import storable
from dashboard.error_webhook.models import AccountHint, ErrorWebhook
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account

MOST_BYTES = 65_536
"""Of a body: what is longer is not read."""
A_MINUTE = 1_200
"""Posts to one address that are looked at in a minute: in an outage hundreds of accounts fail."""
OF_ONE, WINDOW = 3, timedelta(seconds=10)
"""Of those that name the same account, in ten seconds: one that fails all the time is not alone."""
LONGEST_ID = 200
NAMES = ("AccountId", "AccountExternalId")
"""Under which Cyclr may name the account by the id that its API knows."""


def take(public_id: str, body: bytes) -> None:
    """Note the account that a post to the address names, if it is one of its console's."""
    keys = [key_of(storable(one)) for one in account_ids(body)]
    if not keys:
        return
    name = f"error-webhook:{public_id}"
    number = count_try(f"{name}:{'-'.join(keys)}", seconds=WINDOW.seconds)
    if number > OF_ONE or not is_within(name, most=A_MINUTE, seconds=60):
        return
    webhook = ErrorWebhook.objects.answering(public_id).first()
    if webhook is None:
        return
    rows = Account.objects.there().filter(console=webhook.console_id, cyclr_id_key__in=keys)
    for account in rows.order_by():
        _note(webhook, account, is_last=number == OF_ONE)


def account_ids(body: bytes) -> list[str]:
    """The ids that a body names; none of whatever is no such body."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, dict):
        return []
    values = [found.get(name) for name in NAMES]
    ids = [str(one) for one in values if isinstance(one, str | int) and not isinstance(one, bool)]
    return [one for one in ids if 0 < len(one) <= LONGEST_ID]


def _note(webhook: ErrorWebhook, account: Account, *, is_last: bool) -> None:
    """Have it read soon. One that waits already is left as it is.

    `is_last`: more posts may come in these ten seconds, and are not looked at; so it is read once
    more when they are over.
    """
    moment = timezone.now()
    heard_at = moment + WINDOW if is_last else moment
    hint, is_new = AccountHint.objects.get_or_create(
        account=account, defaults={"heard_at": heard_at}
    )
    if not is_new:
        waits = Q(asked_at=None) | Q(heard_at__gt=F("asked_at"))
        rows = AccountHint.objects.filter(pk=hint.pk)
        rows = rows.filter(heard_at__lt=heard_at) if is_last else rows.exclude(waits)
        rows.update(heard_at=heard_at)
    told_before = Q(heard_at__gt=moment - timedelta(seconds=1))
    ErrorWebhook.objects.filter(pk=webhook.pk).exclude(told_before).update(heard_at=moment)
