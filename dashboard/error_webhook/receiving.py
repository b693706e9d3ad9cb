"""What a post is taken for: a hint which account to look at, and nothing more.

Nobody signs it, so nothing in it is believed. An account that it names is read as any other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from dashboard.common.limits import is_within
from dashboard.common.untrusted_text import storable
from dashboard.error_webhook.models import AccountHint, ErrorWebhook
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account

MOST_BYTES = 65_536
"""Of a body: what is longer is not read."""
A_MINUTE = 120
"""Posts to one address that are looked at in a minute."""
OF_ONE = 3
"""Of those that name the same account, in ten seconds: one that fails all the time is not alone."""
LONGEST_ID = 200
NAMES = ("AccountId", "AccountExternalId")
"""Under which Cyclr may name the account by the id that its API knows."""


def take(public_id: str, body: bytes) -> None:
    """Note the account that a post to the address names, if it is one of its console's."""
    keys = [key_of(storable(one)) for one in account_ids(body)]
    if not keys or not _is_looked_at(public_id, keys):
        return
    webhook = ErrorWebhook.objects.answering(public_id).first()
    if webhook is None:
        return
    rows = Account.objects.there().filter(console=webhook.console_id, cyclr_id_key__in=keys)
    for account in rows.order_by():
        _note(webhook, account)


def _is_looked_at(public_id: str, keys: Sequence[str]) -> bool:
    """Whether a post that names these accounts is within the limits."""
    name = f"error-webhook:{public_id}"
    is_new = is_within(f"{name}:{'-'.join(keys)}", most=OF_ONE, seconds=10)
    return is_new and is_within(name, most=A_MINUTE, seconds=60)


def account_ids(body: bytes) -> list[str]:
    """The ids that a body names; none of whatever is no such body."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, dict):
        return []
    values = [found.get(name) for name in NAMES]
    return [one for one in values if isinstance(one, str) and 0 < len(one) <= LONGEST_ID]


def _note(webhook: ErrorWebhook, account: Account) -> None:
    """Have it read soon. One that waits already is left as it is."""
    moment = timezone.now()
    waits = Q(asked_at=None) | Q(heard_at__gt=F("asked_at"))
    hint, is_new = AccountHint.objects.get_or_create(account=account, defaults={"heard_at": moment})
    if not is_new:
        AccountHint.objects.filter(pk=hint.pk).exclude(waits).update(heard_at=moment)
    ErrorWebhook.objects.filter(pk=webhook.pk).update(heard_at=moment)
