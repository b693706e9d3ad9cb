"""What somebody has under way, for whoever decides on it when they leave."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import QuerySet

from dashboard.alarms import handling
from dashboard.alarms.models import Alarm
from dashboard.audit.models import Actor
from dashboard.bulk import services as bulk
from dashboard.bulk.models import BulkRun
from dashboard.bulk.models import RunState as BulkState
from dashboard.consoles.models import Console
from dashboard.onboarding import turning
from dashboard.onboarding.models import OPEN, OnboardingRun, OnboardingTable
from dashboard.operations import submitting
from dashboard.operations.handlers import role_for
from dashboard.operations.models import Operation
from dashboard.people.models import Role, User

MOST = 200
"""So many of a kind are listed; what is beyond ends by itself, as not allowed any more."""
GO_ON, CANCEL, HAND_OVER = "go-on", "cancel", "hand-over"


@dataclass(frozen=True, slots=True)
class Work:
    """One thing that somebody has under way."""

    kind: str
    pk: int
    title: str
    state: str
    url: str
    console: Console
    role: Role
    """What whoever goes on with it must hold."""
    may_cancel: bool
    hand_over: Callable[[User, Actor], bool]
    cancel: Callable[[Actor], Any]

    @property
    def field(self) -> str:
        """The name of the field in which it is decided."""
        return f"{self.kind}-{self.pk}"

    def may_be_given_to(self, user: User) -> bool:
        """Whether the person may go on with it."""
        role = user.role_in(self.console)
        return user.is_active and role is not None and role >= self.role


def work_of(user: User) -> list[Work]:
    """What the person has under way: operations, bulk runs, onboarding, alarms."""
    return [*_operations(user), *_bulk_runs(user), *_onboarding(user), *_alarms(user)]


def decide(user: User, decisions: dict[str, str], to: User | None, by: User) -> tuple[int, int]:
    """Carry out what was decided: how many go on, and how many were cancelled.

    What cannot be given to whom it is meant for, and what nobody decided on, is left as it is: it
    ends as not allowed any more.
    """
    actor = Actor.staff(by)
    going, cancelled = 0, 0
    for work in work_of(user):
        decision = decisions.get(work.field, "")
        if decision == CANCEL and work.may_cancel:
            with contextlib.suppress(turning.NotPossibleError):  # it ended just now
                cancelled += work.cancel(actor) is not False
        elif decision in {GO_ON, HAND_OVER}:
            heir = by if decision == GO_ON else to
            if heir is not None and work.may_be_given_to(heir):
                going += bool(work.hand_over(heir, actor))
    return going, cancelled


def _operations(user: User) -> list[Work]:
    rows: QuerySet[Operation] = Operation.objects.active().filter(actor_user=user, is_bulk=False)
    onboarding = OnboardingRun.objects.filter(state__in=OPEN, steps__operation__isnull=False)
    rows = rows.exclude(pk__in=onboarding.values("steps__operation"))
    return [
        Work(
            kind="operation",
            pk=one.pk,
            title=one.title,
            state=one.state_label,
            url=one.get_absolute_url(),
            console=one.console,
            role=role_for(one),
            may_cancel=one.is_cancellable,
            hand_over=partial(submitting.hand_over, one),
            cancel=partial(submitting.cancel, one),
        )
        for one in rows.select_related("console", "account")[:MOST]
    ]


def _bulk_runs(user: User) -> list[Work]:
    states = [BulkState.RUNNING, BulkState.PAUSED]
    rows = BulkRun.objects.filter(actor_user=user, state__in=states).select_related("console")
    return [
        Work(
            kind="bulk",
            pk=one.pk,
            title=one.title,
            state=BulkState(one.state).label,
            url=one.get_absolute_url(),
            console=one.console,
            role=Role.LEAD,
            may_cancel=True,
            hand_over=partial(bulk.hand_over, one),
            cancel=partial(bulk.end, one),
        )
        for one in rows[:MOST]
    ]


def _onboarding(user: User) -> list[Work]:
    tables = OnboardingTable.objects.filter(
        actor_user=user, started_at__isnull=False, ended_at=None
    )
    runs = OnboardingRun.objects.filter(actor_user=user, state__in=OPEN, table=None)
    return [
        Work(
            kind="onboarding-table",
            pk=one.pk,
            title=str(one),
            state="Running",
            url=one.get_absolute_url(),
            console=one.console,
            role=Role.LEAD,
            may_cancel=True,
            hand_over=partial(turning.hand_over_table, one),
            cancel=partial(turning.stop_all, one),
        )
        for one in tables.select_related("console")[:MOST]
    ] + [
        Work(
            kind="onboarding",
            pk=one.pk,
            title=str(one),
            state=one.get_state_display(),
            url=one.get_absolute_url(),
            console=one.console,
            role=turning.role_for(one),
            may_cancel=True,
            hand_over=partial(turning.hand_over, one),
            cancel=partial(turning.stop, one),
        )
        for one in runs.select_related("console", "account")[:MOST]
    ]


def _alarms(user: User) -> list[Work]:
    rows = Alarm.objects.filter(owner=user, ended_at=None).select_related("console")
    return [
        Work(
            kind="alarm",
            pk=one.pk,
            title=f"Alarm: {one}",
            state="Taken",
            url=one.get_absolute_url(),
            console=one.console,
            role=Role.AGENT,
            may_cancel=True,
            hand_over=partial(_hand_over_alarm, one),
            cancel=partial(_release_alarm, one),
        )
        for one in rows[:MOST]
    ]


def _hand_over_alarm(alarm: Alarm, to: User, by: Actor) -> bool:
    return by.user is not None and handling.hand_over(alarm, by.user, to)


def _release_alarm(alarm: Alarm, by: Actor) -> bool:
    return by.user is not None and handling.release(alarm, by.user)
