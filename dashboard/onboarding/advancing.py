"""A run goes on: step after step, until one has to wait, needs a person, or was the last.

All of it is one transaction under the run's lease: what is asked for and what is known of it are
stored together, so that a worker that dies leaves nothing half done, and two of them do it once.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.jobs.leases import Lease
from dashboard.notifications import services as notifications
from dashboard.onboarding import notification_kinds
from dashboard.onboarding.display import short
from dashboard.onboarding.models import MOVING, OnboardingRun, OnboardingStep, RunState, StepState
from dashboard.onboarding.steps import take
from dashboard.onboarding.turns import Halt, Over, Turn, Wait
from dashboard.people.models import Role

logger = logging.getLogger(__name__)

OUR_FAULT = (
    "Cyclr Desk failed at the next step several times, for a reason of its own. Tell an "
    "administrator, with this page’s address, before you let it go on."
)
TOO_OLD = "It has waited for three months. Let it go on if it is still wanted."


def carry_out(lease: Lease[OnboardingRun]) -> None:
    """Take it as far as it goes now. What is raised is a fault of ours."""
    with transaction.atomic():
        lease.hold()
        run = lease.job
        if run.state not in MOVING:  # a message from before it was halted or stopped
            lease.release()
            return
        began = timezone.now()
        for step in run.steps.select_related(
            *("operation", "connector", "template__console", "cycle__account", "link__console")
        ):
            if step.is_over:
                continue
            step.run = run
            turn = _turn(run, step)
            _write(step, turn)
            if not isinstance(turn, Over):
                _rest(lease, step, turn, began)
                return
        _end(lease)


def _turn(run: OnboardingRun, step: OnboardingStep) -> Turn:
    if step.began_at is None:
        step.began_at = timezone.now()
    why = _why_not(run)
    return Halt(why) if why else take(run, step)


def _why_not(run: OnboardingRun) -> str:
    """Why it must not go on by itself, in words; empty if it may."""
    if run.console.retired_at is not None:
        return "This console is no longer in use."
    if run.account is not None and run.account.gone_at is not None:
        return "Cyclr does not have this account any more. Stop the run."
    user = run.actor_user
    role = user.role_in(run.console) if user is not None and user.is_active else None
    if user is not None and (role is None or role < Role.AGENT):
        return f"{run.actor_name} no longer has permission for this. Another agent can go on."
    return ""


def _write(step: OnboardingStep, turn: Turn) -> None:
    columns: dict[str, object] = {"message": turn.message, "began_at": step.began_at}
    match turn:
        case Over():
            columns |= {"state": turn.state, "ended_at": timezone.now(), "encrypted_input": ""}
        case Wait():
            columns["state"] = turn.state
        case Halt():
            columns["state"] = StepState.FAILED
    step.put(**columns)


def _rest(lease: Lease[OnboardingRun], step: OnboardingStep, turn: Turn, began: object) -> None:
    run = lease.job
    if isinstance(turn, Wait):
        is_moving = turn.state == StepState.RUNNING
        lease.postpone(
            timezone.now() + turn.again,
            state=RunState.RUNNING if is_moving else RunState.WAITING,
            tries=0,
            last_error="",
            looked_at=began,
            check_asked=False,
        )
        return
    lease.write(leased_until=None, state=RunState.HALTED, tries=0, looked_at=began)
    logger.info("onboarding halted id=%d step=%s", run.pk, step.kind)
    once = f"table:{run.table_id}" if run.table_id else f"{run.pk}:{step.pk}:{step.tries}"
    notifications.post(
        notification_kinds.ONBOARDING_HALTED,
        run.console,
        f"{short(run.account or run.name)}: onboarding needs somebody",
        url=run.get_absolute_url(),
        account=run.account,
        details=f"{short(step.title)}: {turn.message}",
        dedupe_key=f"onboarding-halted:{once}",
    )


def _end(lease: Lease[OnboardingRun]) -> None:
    lease.finish(state=RunState.DONE, last_error="")
    run = lease.job
    logger.info("onboarding done id=%d", run.pk)
    audit.record(
        Actor.system(),
        "onboarding.done",
        console=run.console,
        target=str(run),
        target_url=run.get_absolute_url(),
        account_name=str(run.account or run.name),
        run=run.reference,
    )
    if run.table_id is None:
        notifications.post(
            notification_kinds.ONBOARDED,
            run.console,
            f"{short(run.account or run.name)} is onboarded",
            url=run.get_absolute_url(),
            account=run.account,
            details=_summary(run),
        )


def _summary(run: OnboardingRun) -> str:
    skipped = run.steps.filter(state=StepState.SKIPPED).count()
    count = run.steps.count() - skipped
    said = f"{count} step{'' if count == 1 else 's'} done"
    return f"{said}, {skipped} skipped." if skipped else f"{said}."


def give_up(lease: Lease[OnboardingRun], error: BaseException | None) -> None:
    """End it in words; it can be taken up again."""
    is_worn_out = lease.job.tries >= lease.job.policy.most_tries
    lease.finish(state=RunState.FAILED, last_error=OUR_FAULT if is_worn_out else TOO_OLD)
