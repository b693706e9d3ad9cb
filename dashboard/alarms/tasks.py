"""What the dispatcher does for alarms: it looks at the mirror every other second."""

from __future__ import annotations

from dashboard.alarms import forgetting, watching
from dashboard.alarms.models import Alarm, AlarmMember
from dashboard.jobs.compiled import AnyRow
from dashboard.jobs.periodic import periodic
from dashboard.mirror.models import NOT_WORKING, AccountConnector

there = AccountConnector.objects.filter(gone_at=None)
any_lost = AnyRow(lambda: there.filter(authenticated=False).exclude(why_broken=""))
any_dead = AnyRow(lambda: there.filter(NOT_WORKING))
any_member = AnyRow(lambda: AlarmMember.objects.filter(ended_at=None))
any_untold = AnyRow(lambda: Alarm.objects.open().filter(told_at=None))


@periodic(every=2)
def watch_connections() -> None:
    """Open, join, close and tell of alarms; where nothing is broken there is none to be."""
    if any_lost() or any_dead() or any_member() or any_untold():
        watching.watch()


@periodic(every=3600)
def forget_old_alarms() -> None:
    """What has been over for half a year goes, some at a time."""
    forgetting.forget()


@periodic(every=10)
def ask_about_doubted() -> None:
    """Have accounts read again of which a listing may have lagged."""
    if any_lost():
        watching.ask_about_doubted()
