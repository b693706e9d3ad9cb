"""What colleagues do with an alarm: one of them has it, so that two never write to a customer."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dashboard.alarms.models import Alarm
from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common.timing import format_short
from dashboard.people.models import Role, User


def take(alarm: Alarm, user: User) -> bool:
    """Have an alarm that nobody has; False where somebody was quicker, or it is over."""
    with transaction.atomic():
        rows = Alarm.objects.filter(pk=alarm.pk, owner=None, ended_at=None)
        if not rows.update(owner=user, owned_since=timezone.now()):
            return False
        _note(alarm, user, "take", "taken", f"{user} took it")
    return True


def hand_over(alarm: Alarm, user: User, to: User) -> bool:
    """Give it to a colleague, whoever had it; False where it is over or theirs already."""
    with transaction.atomic():
        rows = Alarm.objects.filter(Q(owner=None) | ~Q(owner=to), pk=alarm.pk, ended_at=None)
        if not rows.update(owner=to, owned_since=timezone.now()):
            return False
        _note(alarm, user, "hand_over", "taken", f"{user} handed it over to {to}", to=str(to))
    return True


def release(alarm: Alarm, user: User) -> bool:
    """Nobody has it any more; False where nobody had."""
    with transaction.atomic():
        rows = Alarm.objects.filter(pk=alarm.pk, owner__isnull=False, ended_at=None)
        if not rows.update(owner=None, owned_since=None):
            return False
        _note(alarm, user, "release", "released", f"{user} released it")
    return True


def snooze(alarm: Alarm, user: User, until: datetime) -> bool:
    """Leave it out of what is open until then; False where it is over."""
    with transaction.atomic():
        rows = Alarm.objects.filter(pk=alarm.pk, ended_at=None)
        if not rows.update(snoozed_until=until):
            return False
        message = f"{user} snoozed it until {format_short(until)} UTC"
        _note(alarm, user, "snooze", "snoozed", message, until=until.isoformat())
    return True


def wake(alarm: Alarm, user: User) -> bool:
    """It is open again at once; False where it was not snoozed."""
    with transaction.atomic():
        rows = Alarm.objects.filter(pk=alarm.pk, ended_at=None, snoozed_until__gt=timezone.now())
        if not rows.update(snoozed_until=None):
            return False
        _note(alarm, user, "wake", "woken", f"{user} ended the snooze")
    return True


def colleagues(alarm: Alarm) -> QuerySet[User]:
    """Those who may see to it: agents and above of its console."""
    here = Q(memberships__console=alarm.console_id) | Q(memberships__console=None)
    able = User.objects.filter(here, is_active=True, memberships__role__gte=Role.AGENT)
    return able.distinct()


def _note(
    alarm: Alarm, user: User, action: str, event: str, message: str, /, **details: str
) -> None:
    actor, installed = Actor.staff(user), alarm.account_connector
    alarm.record(event, message, actor)
    audit.record(
        actor,
        f"alarms.{action}",
        console=alarm.console,
        target=str(alarm),
        target_url=alarm.get_absolute_url(),
        account_name=str(installed.account) if installed else "",
        **details,
    )
