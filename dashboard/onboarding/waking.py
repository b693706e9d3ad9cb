"""What lets a resting run look at once: what it waits for has happened.

Asked of the rows themselves every few seconds, so nothing has to reach it, and nothing is lost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.common.prepared import prepared
from dashboard.cycles.models import PrerequisiteReading
from dashboard.jobs.compiled import AnyRow
from dashboard.onboarding import turning
from dashboard.onboarding.models import (
    ENDED,
    MOVING,
    OPEN,
    OnboardingRun,
    OnboardingStep,
    OnboardingTable,
    RunState,
    StepKind,
    StepState,
)
from dashboard.operations.models import State

AT_ONCE = 16
"""Runs of one table that are on their way at a time, not counting those that wait."""


any_open = AnyRow(lambda: OnboardingRun.objects.open().filter(state__in=OPEN))


def plan(run_id: int | None) -> None:
    """Wake what can go on, and begin the next ones of tables; only the dispatcher asks."""
    if run_id is not None or not any_open():
        return
    moment = timezone.now()
    _take_up(moment)
    _wake(moment)
    _begin_next(moment)


def _take_up(moment: datetime) -> None:
    """Halted runs that somebody helped elsewhere: the operation was tried again from its own page
    and is done, the link was extended or connected."""
    if runs := [pk for (pk,) in _helped()]:
        OnboardingRun.objects.filter(pk__in=runs, state=RunState.HALTED).update(
            state=RunState.RUNNING, not_before=moment
        )


def _wake(moment: datetime) -> None:
    """Those of which what they wait for has ended or moved since they looked."""
    moved = (_carried_out, _link_moved, _prerequisites_read, _account_read)
    if pks := {pk for ask in moved for (pk,) in ask(moment)}:
        sleeping = OnboardingRun.objects.open().filter(state__in=MOVING, not_before__gt=moment)
        sleeping.filter(pk__in=pks).update(not_before=moment)


def _begin_next(moment: datetime) -> None:
    """The next runs of every table that was started; one whose runs have all ended ends."""
    found = [pk for (pk,) in _with_something_to_begin_or_end()]
    for table in OnboardingTable.objects.filter(pk__in=found) if found else []:
        runs = table.runs.all()
        on_their_way = runs.filter(state=RunState.RUNNING).count()
        waiting = runs.filter(state=RunState.QUEUED).order_by("line")
        next_ones = list(waiting.values_list("pk", flat=True)[: max(0, AT_ONCE - on_their_way)])
        runs.filter(pk__in=next_ones, state=RunState.QUEUED).update(
            state=RunState.RUNNING, not_before=moment
        )
        if not next_ones and not runs.exclude(state__in=ENDED).exists():
            _end(table, moment)


def _end(table: OnboardingTable, moment: datetime) -> None:
    with transaction.atomic():
        if OnboardingTable.objects.filter(pk=table.pk, ended_at=None).update(ended_at=moment):
            turning.record_table(table, Actor.system(), "end", "all runs ended")


# ---- the questions: asked each second for as long as one run is open, and put into SQL once ----


@prepared
def _helped() -> QuerySet[Any, Any]:
    steps = OnboardingStep.objects.filter(state=StepState.FAILED, run__state=RunState.HALTED)
    helped = steps.filter(
        Q(operation__state=State.DONE)
        | Q(kind=StepKind.CONSENT, link__moved_at__gt=F("run__looked_at"))
        | Q(kind=StepKind.CONSENT, run__account__active_at__gt=F("run__looked_at"))
    )
    return helped.order_by().values_list("run")


def _of_sleeping(moment: datetime) -> QuerySet[OnboardingStep]:
    steps = OnboardingStep.objects.filter(
        run__finished_at=None, run__state__in=MOVING, run__not_before__gt=moment
    )
    return steps.order_by()


@prepared
def _carried_out(moment: datetime) -> QuerySet[Any, Any]:
    steps = _of_sleeping(moment).filter(state=StepState.RUNNING)
    return steps.filter(operation__finished_at__isnull=False).values_list("run")


@prepared
def _link_moved(moment: datetime) -> QuerySet[Any, Any]:
    steps = _of_sleeping(moment).filter(kind=StepKind.CONSENT, state=StepState.WAITING)
    return steps.filter(link__moved_at__gt=F("run__looked_at")).values_list("run")


@prepared
def _prerequisites_read(moment: datetime) -> QuerySet[Any, Any]:
    steps = _of_sleeping(moment).filter(kind=StepKind.ACTIVATE, state=StepState.WAITING)
    readings = PrerequisiteReading.objects.filter(
        cycle=OuterRef("cycle"), finished_at__gt=OuterRef("run__looked_at")
    )
    return steps.filter(Exists(readings)).values_list("run")


@prepared
def _account_read(moment: datetime) -> QuerySet[Any, Any]:
    sleeping = OnboardingRun.objects.open().filter(state=RunState.WAITING, not_before__gt=moment)
    return sleeping.filter(account__read_at__gt=F("looked_at")).order_by().values_list("pk")


@prepared
def _with_something_to_begin_or_end() -> QuerySet[Any, Any]:
    runs = OnboardingRun.objects.filter(table=OuterRef("pk")).order_by()
    is_moving = Exists(runs.filter(state=RunState.QUEUED)) | ~Exists(runs.exclude(state__in=ENDED))
    tables = OnboardingTable.objects.filter(is_moving, started_at__isnull=False, ended_at=None)
    return tables.order_by("pk").values_list("pk")
