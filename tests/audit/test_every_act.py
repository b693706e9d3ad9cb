"""No act without an entry: where the trail cannot be written, nothing happens either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.consoles.models import Console
from dashboard.operations.models import Operation, Reason, State
from dashboard.people.models import Role, User
from dashboard.team import invitations
from dashboard.team.models import Invitation
from tests.alarms.test_alarm_pages import alarm_of
from tests.factories import (
    make_account_connector,
    make_console,
    make_link,
    make_operation,
    make_user,
)
from tests.pages import nothing_changes, signed_in
from tests.support.audit import full_trail

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Act:
    """One press: for which thing, and with what in the form."""

    args: list[Any] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


def an_alarm(user: User) -> Act:
    return Act([alarm_of(_read_console()).pk])


def an_alarm_of_mine(user: User) -> Act:
    alarm = alarm_of(_read_console())
    alarm.owner, alarm.owned_since = user, timezone.now()
    alarm.save()
    return Act([alarm.pk])


def _read_console() -> Console:
    from dashboard.mirror.models import SyncRun

    console = make_console()
    SyncRun.objects.create(console=console, listed_at=timezone.now(), finished_at=timezone.now())
    return console


def a_failed_operation(user: User) -> Act:
    operation = make_operation()
    Operation.objects.filter(pk=operation.pk).update(
        state=State.FAILED, reason=Reason.REFUSED, error="No.", finished_at=timezone.now()
    )
    return Act([operation.reference])


def a_colleague(data: dict[str, Any] | None = None) -> Callable[[User], Act]:
    return lambda user: Act([make_user(Role.VIEWER).pk], data or {})


def a_short_link(user: User) -> Act:
    expires = timezone.now() + timedelta(days=1)
    return Act([make_link(connectors=[make_account_connector()], expires_at=expires).pk])


def others(user: User) -> Act:
    another_session(user)
    return Act()


def somebody_switched_off(user: User) -> Act:
    return Act([make_user(is_active=False).pk])


def an_invitation(user: User) -> Act:
    invitations.invite(user, "new@desk.example", Role.VIEWER, None)
    return Act([Invitation.objects.get().pk])


def another_session(user: User) -> Act:
    signed_in(user)
    from dashboard.sessions.models import Session

    newest = Session.objects.filter(user=user).order_by("-pk").first()
    assert newest is not None
    return Act([newest.pk])


ACTS: dict[str, Callable[[User], Act]] = {
    "alarm_take": an_alarm,
    "alarm_release": an_alarm_of_mine,
    "operation_cancel": lambda user: Act([make_operation().reference]),
    "operation_dismiss": a_failed_operation,
    "link_revoke": lambda user: Act([make_link(connectors=[make_account_connector()]).pk]),
    "link_extend": a_short_link,
    "overview_sync_stop": lambda user: Act([make_console().pk]),
    "settings_retention": lambda user: Act(data={"days": "400"}),
    "invitation_new": lambda user: Act(
        data={"email": "new@desk.example", "role": "1", "console": "all"}
    ),
    "invitation_resend": an_invitation,
    "invitation_withdraw": an_invitation,
    "person_role": a_colleague({"role": "3", "was": "1", "console": "all"}),
    "person_deactivate": a_colleague(),
    "person_reactivate": somebody_switched_off,
    "person_end_sessions": a_colleague(),
    "profile": lambda user: Act(data={"name": "Another name"}),
    "profile_end_session": another_session,
    "profile_end_others": others,
}
"""What is tried here, both ways."""


@pytest.mark.parametrize("name", sorted(ACTS))
def test_an_act_leaves_an_entry(name: str) -> None:
    user = make_user(Role.ADMIN)
    client = signed_in(user)
    act = ACTS[name](user)
    before = AuditEntry.objects.count()
    answer = client.post(reverse(name, args=act.args), act.data)

    assert answer.status_code in {200, 204, 302}, answer.content
    assert AuditEntry.objects.count() > before


@pytest.mark.parametrize("name", sorted(ACTS))
def test_where_the_trail_cannot_be_written_nothing_happens(name: str) -> None:
    user = make_user(Role.ADMIN)
    client = signed_in(user)
    client.raise_request_exception = False
    act = ACTS[name](user)
    with full_trail(), nothing_changes():
        client.post(reverse(name, args=act.args), act.data)
