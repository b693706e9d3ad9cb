"""What the dispatcher asks every second or two, for ever, it puts into SQL once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from dashboard.alarms.models import AlarmMember
from dashboard.audit.models import Actor
from dashboard.celery import app
from dashboard.jobs.periodic import PERIODIC, PeriodicTask
from dashboard.links.models import AccountCheck
from dashboard.onboarding.models import OnboardingRun, OnboardingTable, RunState
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_operation,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database]

LATER = timedelta(minutes=10)


def frequent() -> list[PeriodicTask]:
    """What comes every few seconds; a reading of all of Cyclr has just been."""
    app.autodiscover_tasks(force=True)
    return [task for task in PERIODIC if task.every < 5]


def make_run(state: str, **values: Any) -> OnboardingRun:
    moment = timezone.now()
    account = make_account()
    run = OnboardingRun(
        submission=uuid.uuid4(), console=account.console, account=account, state=state, **values
    )
    run.actor = Actor.system()
    run.started_at = run.looked_at = moment
    run.not_before = moment + LATER
    run.save()
    return run


def make_what_waits() -> None:
    """Of each some that nobody can do anything about now."""
    moment = timezone.now()
    make_account_connector(
        authenticated=False, authenticated_since=moment - timedelta(days=2), why_broken="unknown"
    )
    (item,) = make_link().items.all()
    item.started_at = item.next_check_at = moment + LATER
    item.save()
    make_operation(state="queued", not_before=moment + LATER, published_at=moment)
    make_run(RunState.WAITING)
    make_run(RunState.HALTED)
    table = OnboardingTable(console=make_console(), started_at=moment)
    table.actor = Actor.system()
    table.save()
    make_run(RunState.WAITING, table=table, line=1)


def test_a_look_at_what_waits_builds_no_query(monkeypatch: pytest.MonkeyPatch) -> None:
    make_what_waits()
    tasks = frequent()
    for _ in range(2):
        for task in tasks:
            task.work()
    assert AlarmMember.objects.count() == 1
    built: list[str] = []
    at = ""
    as_sql = SQLCompiler.as_sql

    def counted(self: SQLCompiler, *args: Any, **named: Any) -> Any:
        built.append(f"{at}: {self.query.get_meta().label}")
        return as_sql(self, *args, **named)

    monkeypatch.setattr(SQLCompiler, "as_sql", counted)
    for task in tasks:
        at = task.name
        task.work()

    assert len(tasks) > 20
    assert built == []
    assert not AccountCheck.objects.exists()
    assert len(built) == 1, "else nothing is counted"
