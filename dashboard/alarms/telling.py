"""Which alarms colleagues are notified of, and when: many breaks are one notification.

A break is told after a minute, when it is known whether it stands alone. Where some of one kind
broke together, all of them wait until they are enough for one alarm, or the time for that is over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from dashboard.alarms import notification_kinds
from dashboard.alarms.grouping import MANY, WITHIN
from dashboard.alarms.models import Alarm, AlarmMember, AlarmQuerySet, End
from dashboard.common.prepared import prepared
from dashboard.mirror.models import WhyBroken
from dashboard.notifications import services as notifications

ALONE_FOR = timedelta(minutes=1)
SOME = 3
"""So many of a kind that are not told yet may be the beginning of more."""
NEWS_FOR = timedelta(days=1)
"""What broke longer ago is shown, and no news."""


def tell_due(consoles: Collection[int]) -> None:
    """Tell of the alarms whose time has come; each is told once."""
    if not _any_news(consoles, timezone.now() - NEWS_FOR):
        return
    untold = _untold().filter(console__in=consoles)
    of_kind: dict[tuple[int, str], list[Alarm]] = defaultdict(list)
    for alarm in untold.select_related("console", "account_connector__account").order_by("pk"):
        if alarm.is_group:
            _tell_of_many(alarm)
        else:
            of_kind[alarm.console_id, alarm.kind_key].append(alarm)
    for alarms in of_kind.values():
        if due := _due(alarms):
            _tell_of_singles(due)


def _due(alarms: Sequence[Alarm]) -> list[Alarm]:
    now = timezone.now()
    oldest = min(alarm.opened_at for alarm in alarms)
    if len(alarms) >= SOME and now - oldest < WITHIN:
        return []
    return [alarm for alarm in alarms if now - alarm.opened_at >= ALONE_FOR]


@transaction.atomic
def _tell_of_many(alarm: Alarm) -> None:
    if not _is_told_now(alarm):
        return
    is_whole = alarm.open_count >= MANY
    advice = "One alarm over all of them. Look at the provider’s status before writing to anybody."
    notifications.post(
        notification_kinds.MANY_BROKE if is_whole else notification_kinds.BROKE,
        alarm.console,
        _many(alarm) if is_whole else _some_again(alarm),
        url=alarm.get_absolute_url(),
        details=advice if is_whole and alarm.is_of_many else "",
        accounts=_accounts_of([alarm]),
    )


def _many(alarm: Alarm) -> str:
    return f"{alarm}, probably not the customers" if alarm.is_of_many else f"{alarm} broke"


def _some_again(alarm: Alarm) -> str:
    """Of one that was over."""
    count = f"{alarm.open_count:,} of {alarm.member_count:,}"
    return f"{alarm.kind_name}: {count} connections broken again"


@transaction.atomic
def _tell_of_singles(alarms: Sequence[Alarm]) -> None:
    """One notification, whether it is about one or some."""
    news = [alarm for alarm in alarms if _is_told_now(alarm)]
    if not news:
        return
    first = news[0]
    if len(news) > 1:
        notifications.post(
            notification_kinds.BROKE,
            first.console,
            f"{first.kind_name}: {len(news)} connections broke",
            url=_list_of(first),
            details="; ".join(str(alarm) for alarm in news[:SOME]) + more(len(news) - SOME),
            accounts=_accounts_of(news),
        )
        return
    member = AlarmMember.objects.filter(alarm=first).order_by("pk")[0]
    installed = first.account_connector
    notifications.post(
        notification_kinds.BROKE,
        first.console,
        f"{first}: {member.get_trouble_display().lower()}",
        url=first.get_absolute_url(),
        account=installed.account if installed else None,
        details=_why(member),
    )


def tell_of_closed(alarms: Sequence[Alarm]) -> None:
    """Tell that what was told is over; call it in the transaction that closes them."""
    of_kind: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in alarms:
        if alarm.told_at is not None and alarm.end == End.RECOVERED:
            of_kind[alarm.kind_key].append(alarm)
    for some in of_kind.values():
        first = min(some, key=lambda alarm: alarm.began_at)
        installed = first.account_connector if len(some) == 1 else None
        what = str(first) if len(some) == 1 else f"{first.kind_name}: {len(some)} connections"
        back = "works again" if installed else "work again"
        notifications.post(
            notification_kinds.MENDED,
            first.console,
            f"{what} {back} after {first.lasted_label}",
            url=first.get_absolute_url() if len(some) == 1 else f"{_list_of(first)}&show=closed",
            account=installed.account if installed else None,
            accounts=() if installed else _accounts_of(some),
        )


def _accounts_of(alarms: Sequence[Alarm]) -> list[int]:
    """The accounts that these are about, for rules that look at accounts."""
    members = AlarmMember.objects.filter(alarm__in=alarms).order_by()
    return list(members.values_list("account_connector__account", flat=True).distinct())


def more(count: int) -> str:
    """`, and 4 more`; empty for none."""
    return f"; and {count} more" if count > 0 else ""


def _is_told_now(alarm: Alarm) -> bool:
    """Note that it is told; says whether nobody else just did."""
    return _untold().filter(pk=alarm.pk).update(told_at=timezone.now()) == 1


def _untold() -> AlarmQuerySet:
    """What is still news. The rest stays untold, so that nobody is told of its end either."""
    return _untold_since(timezone.now() - NEWS_FOR)


def _untold_since(since: datetime) -> AlarmQuerySet:
    found: AlarmQuerySet = Alarm.objects.open().filter(told_at=None, newest_at__gt=since)
    return found


@prepared
def _any_news(consoles: Collection[int], since: datetime) -> QuerySet[Any, Any]:
    """Asked every other second, and hardly ever answered."""
    return _untold_since(since).filter(console__in=consoles).order_by().values_list("pk")[:1]


def _list_of(alarm: Alarm) -> str:
    query = urlencode({"q": alarm.kind_name, "console": alarm.console_id})
    return f"{reverse('alarm_list')}?{query}"


def _why(member: AlarmMember) -> str:
    known = member.why and member.why != WhyBroken.UNKNOWN
    return f"Probably: {WhyBroken(member.why).label.lower()}." if known else ""
