"""What alarms register: the labels of their audit actions, and answers to the pages below."""

from __future__ import annotations

from dashboard.alarms.models import AlarmMember
from dashboard.alarms.next_steps import owner_words
from dashboard.audit import labels
from dashboard.connectors.open_alarms import AlarmLine, alarm_of
from dashboard.mirror.models import AccountConnector

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
    members = AlarmMember.objects.filter(account_connector=connector, ended_at=None)
    member = members.select_related("alarm__owner").first()
    if member is None:
        return None
    alarm = member.alarm
    others = alarm.open_count - 1 if alarm.is_of_many else 0
    return AlarmLine(
        url=alarm.get_absolute_url(),
        state=alarm.state,
        began_at=member.began_at,
        who=owner_words(alarm),
        others=max(0, others),
    )
