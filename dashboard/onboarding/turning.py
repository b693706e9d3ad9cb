"""What people do with a run: start it, go on after a failure, skip a step, send the link, stop."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor, actor_columns
from dashboard.links import services as links
from dashboard.links.mail import mailing
from dashboard.onboarding import plan
from dashboard.onboarding.models import (
    ENDED,
    MOVING,
    OPEN,
    OVER,
    OnboardingRun,
    OnboardingStep,
    OnboardingTable,
    RunState,
    StepKind,
    StepState,
)
from dashboard.operations import submitting
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role, User

WITH_ENTRIES = (StepKind.ACCOUNT, StepKind.CONNECTOR)
AGAIN = (RunState.HALTED, RunState.STOPPED, RunState.FAILED)


class NotPossibleError(Exception):
    """It cannot be done as things stand; the message says why, and what can."""


# ---- a run ----


def role_for(run: OnboardingRun) -> Role:
    """Who may begin it, and go on with it: creating an account takes a Lead."""
    makes = run.steps.filter(kind=StepKind.ACCOUNT).exclude(state__in=OVER).exists()
    return Role.LEAD if makes or run.table_id is not None else Role.AGENT


def current_step(run: OnboardingRun) -> OnboardingStep | None:
    """The step at which a run is."""
    rows = run.steps.exclude(state__in=OVER).select_related("operation", "link__console")
    step: OnboardingStep | None = rows.first()
    if step is not None:
        step.run = run
    return step


def begin(run: OnboardingRun, actor: Actor) -> bool:
    """Let a draft begin; says whether it did. From now on the run is the starter's."""
    moment = timezone.now()
    with transaction.atomic():
        plan.complete(run)
        rows = OnboardingRun.objects.filter(pk=run.pk, state=RunState.DRAFT, for_many=False)
        columns = {"state": RunState.RUNNING, "started_at": moment, "not_before": moment}
        if not rows.update(**columns, published_at=moment, **actor_columns(actor)):
            transaction.set_rollback(True)
            return False
        run.refresh_from_db()
        record(run, actor, "start", "running")
        run.send_on_commit()
    return True


def go_on(run: OnboardingRun, actor: Actor) -> None:
    """Try the step again at which it halted, or go on with one that was stopped.

    From now on the run is theirs. Raises `NotPossibleError`.
    """
    with transaction.atomic():
        run = _held(run, AGAIN)
        step = current_step(run)
        if step is not None and step.state != StepState.PLANNED:
            _begin_again(step, actor)
        _move(run, actor, "retry")


def _begin_again(step: OnboardingStep, actor: Actor) -> None:
    operation = step.operation
    if operation is not None and operation.is_retryable:
        try:
            submitting.retry(operation, actor)
        except submitting.AlreadyActiveError as error:
            raise NotPossibleError(
                f"“{error.operation.title}” is under way. Wait until it has ended."
            ) from None
        step.put(state=StepState.RUNNING, message="", tries=step.tries + 1)
        return
    if operation is not None and not operation.is_finished:
        return
    is_anew = operation is not None and operation.state != State.DONE
    if is_anew and step.kind in WITH_ENTRIES and not step.encrypted_input:
        raise NotPossibleError("Its entries were not kept. Enter them again first.")
    if is_anew:
        assert operation is not None
        Operation.objects.filter(pk=operation.pk, state=State.FAILED).update(
            is_superseded=True, encrypted_input=""
        )
        step.put(operation=None)
    step.put(state=StepState.PLANNED, message="", tries=step.tries + 1)


def skip(run: OnboardingRun, actor: Actor) -> None:
    """Leave out the step at which a run halted or waits; raises `NotPossibleError`."""
    with transaction.atomic():
        run = _held(run, (*MOVING, RunState.HALTED))
        step = current_step(run)
        if step is None or step.kind == StepKind.ACCOUNT:
            raise NotPossibleError("Nothing can be done without the account.")
        is_under_way = step.operation is not None and not step.operation.is_finished
        if is_under_way or step.state == StepState.PLANNED:
            raise NotPossibleError("It is on its way to Cyclr: it cannot be skipped now.")
        over = {"state": StepState.SKIPPED, "ended_at": timezone.now(), "encrypted_input": ""}
        step.put(**over, message=f"Skipped by {actor.name}")
        if step.kind == StepKind.TEMPLATE:
            said = "Its template was not installed"
            OnboardingStep.objects.filter(of=step).update(**over, message=said)
        _move(run, actor, "skip", step=step.title)


def stop(run: OnboardingRun, actor: Actor) -> None:
    """End it: what Cyclr has under way is carried out, nothing more is begun."""
    with transaction.atomic():
        run = _held(run, OPEN)
        step = current_step(run)
        if step is not None and step.operation is not None:
            submitting.cancel(step.operation, actor)
        run.steps.update(encrypted_input="")
        columns = {"state": RunState.STOPPED, "finished_at": timezone.now(), "leased_until": None}
        OnboardingRun.objects.filter(pk=run.pk).update(**columns)
        record(run, actor, "stop", "stopped")


def hand_over(run: OnboardingRun, to: User, by: Actor) -> bool:
    """Go on in a colleague's name, with the operation under way; False if it has ended."""
    actor = Actor.staff(to)
    with transaction.atomic():
        rows = OnboardingRun.objects.filter(pk=run.pk, state__in=OPEN)
        if not rows.update(**actor_columns(actor)):
            return False
        step = current_step(run)
        if step is not None and step.operation is not None:
            submitting.hand_over(step.operation, to, by)
        run.refresh_from_db()
        record(run, by, "hand_over", run.state, to=actor.name)
    return True


def check_now(run: OnboardingRun) -> bool:
    """Have a waiting run look at once, and ask Cyclr anew what a cycle lacks."""
    rows = OnboardingRun.objects.filter(pk=run.pk, state=RunState.WAITING)
    return bool(rows.update(not_before=timezone.now(), check_asked=True))


def send_link(run: OnboardingRun, actor: Actor, submission: uuid.UUID) -> None:
    """Mail the link again; one that expired works again first, one that was revoked is made anew.

    Raises `NotPossibleError`.
    """
    with transaction.atomic():
        run = _held(run, (*MOVING, RunState.HALTED))
        step = current_step(run)
        if step is None or step.kind != StepKind.CONSENT or step.link is None:
            raise NotPossibleError("It does not wait for a customer any more.")
        link = step.link
        if not run.recipient_email:
            raise NotPossibleError("No e-mail address on file: copy the link’s address instead.")
        if link.revoked_at is not None or link.emptied_at is not None:
            _make_anew(run, step)
        else:
            if link.is_expired:
                links.extend(link, actor)
            mailing.send_link(link, actor, submission)
            if step.state == StepState.FAILED:
                step.put(state=StepState.PLANNED, message="")
        _move(run, actor, "retry")


def _make_anew(run: OnboardingRun, step: OnboardingStep) -> None:
    """Back to the step before: another link over what is left."""
    step.put(state=StepState.PLANNED, link=None, message="")
    for made in run.steps.filter(kind=StepKind.LINK):
        made.put(
            state=StepState.PLANNED, link=None, message="", ended_at=None, tries=made.tries + 1
        )


def _held(run: OnboardingRun, states: tuple[RunState, ...]) -> OnboardingRun:
    """The run, held until the transaction ends; raises `NotPossibleError` if it is elsewhere."""
    rows = OnboardingRun.objects.select_for_update(of=("self",)).select_related("console")
    found: OnboardingRun | None = rows.filter(pk=run.pk, state__in=states).first()
    if found is None:
        raise NotPossibleError("The run has moved on meanwhile: look at where it is now.")
    return found


def _move(run: OnboardingRun, actor: Actor, action: str, **details: Any) -> None:
    """Let it go on; a worker that has it now finds that it lost it."""
    moment = timezone.now()
    columns: dict[str, Any] = {
        "state": RunState.RUNNING,
        "started_at": moment,
        "not_before": moment,
        "published_at": moment,
        "finished_at": None,
        "leased_until": None,
        "attempt": run.attempt + 1,
        "tries": 0,
        "last_error": "",
    }
    OnboardingRun.objects.filter(pk=run.pk).update(**columns, **actor_columns(actor))
    record(run, actor, action, "running", **details)
    run.send_on_commit()


def record(run: OnboardingRun, actor: Actor, action: str, result: str, **details: Any) -> None:
    """Write a turn of a run into the audit trail."""
    audit.record(
        actor,
        f"onboarding.{action}",
        console=run.console,
        target=str(run),
        target_url=run.get_absolute_url(),
        account_name=str(run.account or run.name),
        result=result,
        run=run.reference,
        **details,
    )


# ---- many of them ----


def begin_table(table: OnboardingTable, actor: Actor) -> bool:
    """Let the runs of a preview begin, a few at a time; says whether they did."""
    moment = timezone.now()
    with transaction.atomic():
        rows = OnboardingTable.objects.filter(pk=table.pk, started_at=None)
        if not rows.update(started_at=moment, **actor_columns(actor)):
            return False
        drafts = table.runs.filter(state=RunState.DRAFT)
        count = drafts.update(state=RunState.QUEUED, started_at=moment, **actor_columns(actor))
        table.refresh_from_db()
        record_table(table, actor, "start", f"{count} runs")
    return True


def go_on_all(table: OnboardingTable, actor: Actor) -> tuple[int, int]:
    """Try the step again at which runs of a table halted: how many, and how many cannot."""
    done = left = 0
    for run in table.runs.filter(state__in=[RunState.HALTED, RunState.FAILED]):
        try:
            with transaction.atomic():
                go_on(run, actor)
        except NotPossibleError:
            left += 1
        else:
            done += 1
    if done:
        with transaction.atomic():
            OnboardingTable.objects.filter(pk=table.pk).update(ended_at=None)
            record_table(table, actor, "retry", f"{done} runs")
    return done, left


def stop_all(table: OnboardingTable, actor: Actor) -> int:
    """Stop all runs that have not ended; how many."""
    count = 0
    for run in table.runs.filter(state__in=OPEN):
        try:
            stop(run, actor)
        except NotPossibleError:
            continue
        count += 1
    moment = timezone.now()
    with transaction.atomic():
        if table.started_at is None:
            OnboardingTable.objects.filter(pk=table.pk).update(started_at=moment)
            drafts = table.runs.filter(state=RunState.DRAFT)
            drafts.update(state=RunState.STOPPED, finished_at=moment)
        OnboardingTable.objects.filter(pk=table.pk, ended_at=None).update(ended_at=moment)
        record_table(table, actor, "stop", f"{count} runs")
    return count


def hand_over_table(table: OnboardingTable, to: User, by: Actor) -> bool:
    """Go on with all of its runs in a colleague's name; False if it has ended."""
    with transaction.atomic():
        rows = OnboardingTable.objects.filter(pk=table.pk, ended_at=None)
        if not rows.update(**actor_columns(Actor.staff(to))):
            return False
        for run in table.runs.filter(state__in=OPEN):
            hand_over(run, to, by)
        record_table(table, by, "hand_over", f"to {to.display_name}")
    return True


def is_over(table: OnboardingTable) -> bool:
    """Whether every run of it has ended."""
    return not table.runs.exclude(state__in=ENDED).exists()


def record_table(table: OnboardingTable, actor: Actor, action: str, result: str) -> None:
    """Write a turn of a table into the audit trail."""
    audit.record(
        actor,
        f"onboarding.table_{action}",
        console=table.console,
        target=str(table),
        target_url=table.get_absolute_url(),
        result=result[:40],
        table=table.reference,
    )
