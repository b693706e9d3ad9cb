"""Rules of a console: who is told of which notifications, of which accounts, and when not.

What somebody chose for themselves stays as it is; a rule adds to it. The webhook is told of
everything, unless a rule names it: then of what such rules find, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.common.questions import Question
from dashboard.common.timing import zone
from dashboard.consoles.models import Console
from dashboard.notifications.models import Notification, NotificationRule
from dashboard.people.models import User


@Question
def has_tag(accounts: Collection[int], tag: str) -> bool:
    """Whether one of these accounts has the tag; accounts answer."""
    return False


@Question
def tag_names(console: Console) -> list[str]:
    """The tags in use in a console; accounts answer."""
    return []


def matching(notification: Notification, accounts: Collection[int]) -> list[NotificationRule]:
    """The rules that find it; `accounts` are those that it is about besides its own."""
    own = [notification.account_id] if notification.account_id is not None else []
    about = {*accounts, *own}
    rules = NotificationRule.objects.filter(console=notification.console_id)
    return [
        rule
        for rule in rules.prefetch_related("people")
        if (not rule.kinds or notification.kind in rule.kinds)
        and (not rule.tag or has_tag(about, rule.tag))
    ]


def is_for_webhook(notification: Notification, rules: Sequence[NotificationRule]) -> bool:
    """Whether the console's webhook is told of it, where these rules find it."""
    if any(rule.is_for_webhook for rule in rules):
        return True
    named = NotificationRule.objects.filter(console=notification.console_id, is_for_webhook=True)
    return not named.exists()


def quiet_until(rule: NotificationRule, now: datetime | None = None) -> datetime:
    """When somebody may be told by this rule: now, or when its quiet hours are over."""
    now = now or timezone.now()
    begins, ends = rule.quiet_from, rule.quiet_to
    there = zone(rule.time_zone)
    if begins is None or ends is None or begins == ends or there is None:
        return now
    local = now.astimezone(there)
    clock = local.time()
    is_over_midnight = begins > ends
    is_quiet = clock >= begins or clock < ends if is_over_midnight else begins <= clock < ends
    if not is_quiet:
        return now
    day = local.date() + timedelta(days=1 if is_over_midnight and clock >= begins else 0)
    return max(now, datetime.combine(day, ends, tzinfo=there))


def colleagues_of(console: Console) -> QuerySet[User]:
    """Those who may see the console, and so can be told of it."""
    here = Q(memberships__console=console) | Q(memberships__console=None)
    return User.objects.filter(here, memberships__isnull=False, is_active=True).distinct()
