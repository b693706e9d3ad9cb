"""What alarms register: the labels of their audit actions, and answers to the pages below."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from dashboard.alarms.models import Alarm, AlarmMember
from dashboard.alarms.next_steps import owner_words
from dashboard.audit import labels
from dashboard.common.prepared import columns_of, instance_of, prepared
from dashboard.connectors.open_alarms import AlarmLine, alarm_of
from dashboard.mirror.models import AccountConnector
from dashboard.people.models import User

labels.register(
    {
        "alarms.take": "Took the alarm",
        "alarms.hand_over": "Handed over the alarm",
        "alarms.release": "Released the alarm",
        "alarms.snooze": "Snoozed the alarm",
        "alarms.wake": "Ended the snooze of the alarm",
    }
)


@alarm_of.answered_by
def open_alarm_of(connector: AccountConnector) -> AlarmLine | None:
    """The open alarm that it is a member of; one query."""
    rows = _open_members(connector.pk)
    if not rows:
        return None
    began_at, *values = rows[0]
    alarm = instance_of(Alarm, values[: len(_OF_ALARM)])
    if alarm.owner_id is not None:
        alarm.owner = instance_of(User, values[len(_OF_ALARM) :])
    others = alarm.open_count - 1 if alarm.is_of_many else 0
    return AlarmLine(
        url=alarm.get_absolute_url(),
        state=alarm.state,
        began_at=began_at,
        who=owner_words(alarm),
        others=max(0, others),
    )


_OF_ALARM = columns_of(Alarm)


@prepared
def _open_members(connector: int) -> QuerySet[Any, Any]:
    """A connector is a member of one open alarm at most."""
    members = AlarmMember.objects.filter(account_connector=connector, ended_at=None).order_by()
    of_alarm = (*columns_of(Alarm, "alarm__"), *columns_of(User, "alarm__owner__"))
    return members.values_list("began_at", *of_alarm)[:1]
