"""The lists of alarms: which there are, and how many are in each."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from dashboard.alarms.models import Alarm, AlarmMember
from dashboard.common.paging import MOST_COUNTED
from dashboard.common.searching import words_in
from dashboard.people.models import User

OPEN, CLOSED, ALL = "open", "closed", "all"
SHOW = {
    OPEN: "Open",
    "free": "Nobody’s",
    "mine": "Mine",
    "snoozed": "Snoozed",
    CLOSED: "Closed",
    ALL: "All",
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
    """How many there are in each of the lists: two queries, one over what is open alone.

    Of those that are over `MOST_COUNTED` are counted: there are ever more of them.
    """
    now = {show: of for show, of in conditions(user).items() if show not in {CLOSED, ALL}}
    counts = {show: Count("pk", filter=condition) for show, condition in now.items()}
    still = alarms.filter(ended_at=None).order_by()
    found: dict[str, int] = still.aggregate(**counts, every=Count("pk"))
    over = alarms.filter(ended_at__isnull=False).order_by()[: MOST_COUNTED + 1].count()
    return found | {CLOSED: over, ALL: found.pop("every") + over}


def searched(alarms: QuerySet[Alarm], text: str) -> QuerySet[Alarm]:
    """Those with a member whose connector or account has every word of the text."""
    if not text:
        return alarms
    here = words_in(
        text, "account_connector__search_text", "account_connector__account__search_text"
    )
    members = AlarmMember.objects.filter(here, alarm=OuterRef("pk")).order_by()
    return alarms.filter(Exists(members))
