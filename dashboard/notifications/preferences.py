"""Who wants which notifications by e-mail, and the outbox that they are put into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.notifications.kinds import KINDS
from dashboard.notifications.models import (
    Notification,
    NotificationMail,
    NotificationPreference,
    NotificationRule,
)
from dashboard.notifications.rules import quiet_until
from dashboard.people.models import User

GATHER_FOR = timedelta(seconds=30)
"""A message waits so long for what happens right after, so that both are one."""

Preference = tuple[int | None, str]
"""A console's id, or None for all of them, and a kind of notification."""


def preferences_of(user: User) -> set[Preference]:
    """What this person wants by e-mail."""
    return set(user.notification_preferences.values_list("console_id", "kind"))


def set_preferences(
    user: User, consoles: Iterable[Console | None], preferences: Iterable[Preference]
) -> None:
    """Want these and no others of these consoles (None: of all); those of others stay."""
    ids = [console.pk if console else None for console in consoles]
    here = Q(console__in=[one for one in ids if one is not None])
    if None in ids:
        here |= Q(console=None)
    wanted = {(console_id, kind) for console_id, kind in preferences if console_id in ids}
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        user.notification_preferences.filter(here).delete()
        NotificationPreference.objects.bulk_create(
            NotificationPreference(user=user, console_id=console_id, kind=str(KINDS[kind]))
            for console_id, kind in sorted(wanted, key=str)
        )


def queue(notification: Notification, found: Sequence[NotificationRule] = ()) -> None:
    """Put it into the outbox for everybody who wants it, or whom a rule names.

    They are looked at when it is sent. A rule's quiet hours hold back nobody who chose it
    themselves.
    """
    soon = timezone.now() + GATHER_FOR
    due: dict[int, tuple[datetime, NotificationRule | None]] = {}
    for rule in found:
        moment = max(soon, quiet_until(rule))
        for user in rule.people.all():
            if user.pk not in due or moment < due[user.pk][0]:
                due[user.pk] = (moment, rule)
    preferences = preferences_for(notification)
    people = User.objects.filter(is_active=True, pk__in=preferences.values("user"))
    due |= dict.fromkeys(people.values_list("pk", flat=True), (soon, None))
    NotificationMail.objects.bulk_create(
        NotificationMail(notification=notification, user_id=pk, not_before=moment, rule=rule)
        for pk, (moment, rule) in due.items()
    )


def preferences_for(notification: Notification) -> QuerySet[NotificationPreference]:
    """Who wants a notification of this kind from this console."""
    here = Q(console=None) | Q(console=notification.console_id)
    return NotificationPreference.objects.filter(here, kind=notification.kind)
