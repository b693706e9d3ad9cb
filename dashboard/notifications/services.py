"""Telling colleagues: the one way to post a notification, and what somebody has not seen yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from dashboard.common.prepared import prepared
from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account
from dashboard.notifications import preferences, rules, webhooks
from dashboard.notifications.kinds import NotificationKind
from dashboard.notifications.models import Notification, NotificationsSeen
from dashboard.people.models import User

LONGEST_WORDS = 500
COUNTED_AT_MOST = 100
"""More unseen notifications than this are counted as this many: the bell says `99+`."""


def post(
    kind: NotificationKind,
    console: Console,
    message: str,
    *,
    url: str,
    account: Account | None = None,
    details: str = "",
    dedupe_key: str = "",
    accounts: Collection[int] = (),
) -> Notification | None:
    """Tell all who may see this console; call it in the transaction that does what it tells of.

    `url` is the path of the staff page about it. With `dedupe_key` the same key is told one time
    only, and later calls answer None. `accounts`: those it is about, where they are several, for
    rules that look at accounts. Neither words nor details hold a secret or a link's address.
    """
    values: dict[str, Any] = {
        "kind": str(kind),
        "console": console,
        "account": account,
        "message": _storable(message),
        "details": _storable(details),
        "url": url,
    }
    with transaction.atomic():
        if dedupe_key:
            notification, is_new = Notification.objects.get_or_create(
                dedupe_key=dedupe_key, defaults=values
            )
            if not is_new:
                return None
        else:
            notification = Notification.objects.create(**values)
        found = rules.matching(notification, accounts)
        if rules.is_for_webhook(notification, found):
            webhooks.queue(notification)
        preferences.queue(notification, found)
    return notification


def _storable(text: str) -> str:
    short = text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - 1] + "…"
    return str(storable(short))


@dataclass(frozen=True, slots=True)
class Unseen:
    """What somebody has not seen: how many (`COUNTED_AT_MOST` at most), and the newest."""

    count: int
    newest: int

    @property
    def label(self) -> str:
        """The count as the bell shows it; empty for none."""
        if not self.count:
            return ""
        return f"{COUNTED_AT_MOST - 1}+" if self.count >= COUNTED_AT_MOST else str(self.count)


def unseen(user: User) -> Unseen:
    """What this person has not seen of the consoles they may see; one query.

    What happened before they came is not new to them.
    """
    found = _unseen(user.pk, [console.pk for console in user.consoles], user.created_at)
    return Unseen(len(found), found[0][0] if found else 0)


@prepared
def _unseen(user: int, consoles: list[int], since: datetime) -> QuerySet[Any, Any]:
    seen = NotificationsSeen.objects.filter(user=user).values("up_to")[:1]
    rows = Notification.objects.filter(console__in=consoles, at__gte=since)
    newer = rows.filter(pk__gt=Coalesce(seen, Value(0))).order_by("-pk")
    return newer.values_list("pk")[:COUNTED_AT_MOST]


def seen_up_to(user: User) -> int:
    """The newest notification that this person has marked as seen; 0 if none."""
    found: int | None = (
        NotificationsSeen.objects.filter(user=user).values_list("up_to", flat=True).first()
    )
    return found or 0


def mark_seen(user: User, up_to: int) -> None:
    """Note that the person has seen the notifications up to this one; never back."""
    _, is_new = NotificationsSeen.objects.get_or_create(user=user, defaults={"up_to": up_to})
    if not is_new:
        NotificationsSeen.objects.filter(user=user, up_to__lt=up_to).update(up_to=up_to)
