"""The lists of alarms: which there are, and how many are in each."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from dashboard.alarms.models import Alarm, AlarmMember
from dashboard.common.searching import words_in
from dashboard.people.models import User

OPEN = "open"
SHOW = {
    OPEN: "Open",
    "free": "Nobody’s",
    "mine": "Mine",
    "snoozed": "Snoozed",
    "closed": "Closed",
    "all": "All",
}
"""The lists by the value of `?show=`, in the order of their chips."""


def conditions(user: User) -> dict[str, Q]:
    """What puts an alarm into each of the lists, now, for this person."""
    is_open = _is_awake()
    return {
        OPEN: is_open,
        "free": is_open & Q(owner=None),
        "mine": Q(ended_at=None, owner=user),
        "snoozed": Q(ended_at=None, snoozed_until__gt=timezone.now()),
        "closed": Q(ended_at__isnull=False),
        "all": Q(),
    }


def awake(alarms: QuerySet[Any]) -> QuerySet[Any]:
    """Those of the open ones that nobody snoozed."""
    return alarms.filter(_is_awake())


def _is_awake() -> Q:
    return Q(ended_at=None) & (Q(snoozed_until=None) | Q(snoozed_until__lte=timezone.now()))


def counted(alarms: QuerySet[Alarm], user: User) -> dict[str, int]:
    """How many there are in each of the lists; one query."""
    counts = {
        show: Count("pk", filter=condition) if condition else Count("pk")
        for show, condition in conditions(user).items()
    }
    found: dict[str, int] = alarms.order_by().aggregate(**counts)
    return found


def searched(alarms: QuerySet[Alarm], text: str) -> QuerySet[Alarm]:
    """Those with a member whose connector or account has every word of the text."""
    if not text:
        return alarms
    here = words_in(
        text, "account_connector__search_text", "account_connector__account__search_text"
    )
    members = AlarmMember.objects.filter(here, alarm=OuterRef("pk")).order_by()
    return alarms.filter(Exists(members))
