"""Alarms among what needs attention: each stands for the connectors that are broken in it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet

from dashboard.alarms.filters import awake
from dashboard.alarms.models import Alarm, AlarmMember
from dashboard.alarms.next_steps import owner_words
from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector
from dashboard.overview.attention_row import Row


def open_alarms(consoles: Sequence[Console]) -> QuerySet[Alarm]:
    """Those that are not over, nor snoozed."""
    rows = awake(Alarm.objects.filter(console__in=consoles))
    return rows.select_related("owner", "account_connector__account").order_by("-newest_at", "-pk")


def without_alarm(rows: QuerySet[AccountConnector]) -> QuerySet[AccountConnector]:
    """Connectors that no alarm stands for: with one they would be in the list twice."""
    members = AlarmMember.objects.filter(account_connector=OuterRef("pk"), ended_at=None)
    return rows.exclude(Exists(members.order_by()))


def alarm_row(alarm: Alarm) -> Row:
    """Who has it, and of many how many are back."""
    installed = alarm.account_connector
    why = owner_words(alarm) or "Nobody has taken it yet"
    if installed is None:
        back = alarm.member_count - alarm.open_count
        back_words = f", {back:,} are back" if back else ""
        what = "Probably not the customers" if alarm.is_of_many else "All of one customer"
        why = f"{what}{back_words}. {why}"
    return Row(
        state=alarm.state,
        word=f"Alarm: {alarm.state.lower()}",
        name=str(alarm) if installed is None else str(installed),
        url=alarm.get_absolute_url(),
        account=str(installed.account) if installed else "",
        why=f"{why}.",
        at=alarm.newest_at,
        action="Open alarm",
        action_url=alarm.get_absolute_url(),
    )
