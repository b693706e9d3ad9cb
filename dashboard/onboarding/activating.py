"""Starting a cycle: once Cyclr says that nothing is lacking."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from dashboard.common.untrusted_text import display_text
from dashboard.cycles import prerequisites
from dashboard.cycles.handlers import ACTIVATE
from dashboard.cycles.models import PrerequisiteReading
from dashboard.cycles.views import exclusivity_key as cycle_key
from dashboard.mirror.models import AccountConnector, Cycle
from dashboard.onboarding import display
from dashboard.onboarding.input import Wishes
from dashboard.onboarding.models import OnboardingRun, OnboardingStep, StepState
from dashboard.onboarding.turns import SOON, Halt, Over, Turn, Wait, carried_out, said_of
from dashboard.operations.submitting import OperationRequest

ASK_EVERY, ASK_EVERY_OF_MANY = timedelta(minutes=15), timedelta(hours=3)
"""So often Cyclr is asked what a cycle lacks although nothing is known to have changed."""
ASK_AGAIN_AFTER = timedelta(minutes=1)


def activate(run: OnboardingRun, step: OnboardingStep) -> Turn:
    cycle = step.cycle
    if cycle is None:
        return Over("There is no cycle to activate", StepState.SKIPPED)
    if cycle.gone_at is not None:
        return Halt("The cycle was deleted in Cyclr. Skip this step, or stop the run.")
    if step.operation is not None:
        return carried_out(run, step, _activation, said_of)
    if cycle.is_active:
        return Over("It runs already")
    reading = prerequisites.latest(cycle)
    if reading is not None and not reading.is_finished:
        return Wait("Asks Cyclr what the cycle lacks", again=SOON)
    if _is_to_be_asked(run, cycle, reading):
        prerequisites.ask(cycle)
        return Wait(step.message or "Asks Cyclr what the cycle lacks", again=SOON)
    assert reading is not None
    if reading.last_error:
        return Wait(
            f"What the cycle lacks could not be read: {reading.last_error}", again=ASK_AGAIN_AFTER
        )
    if reading.found:
        return Wait(display.lacks(cycle, reading))
    return carried_out(run, step, _activation, said_of)


def _is_to_be_asked(run: OnboardingRun, cycle: Cycle, reading: PrerequisiteReading | None) -> bool:
    """Whether what is known of what it lacks may be otherwise by now."""
    if reading is None or run.check_asked:
        return True
    moment = timezone.now()
    if reading.last_error:
        return reading.created_at < moment - ASK_AGAIN_AFTER
    every = ASK_EVERY_OF_MANY if run.table_id is not None else ASK_EVERY
    if reading.created_at < moment - every:
        return True
    newest = connectors_changed_at(cycle)
    return newest is not None and newest > reading.created_at


def connectors_changed_at(cycle: Cycle) -> datetime | None:
    """When one of the connectors that a cycle needs last changed, as far as the mirror knows."""
    ids = cycle.connectors.values("account_connector_cyclr_id")
    rows = AccountConnector.objects.filter(account=cycle.account_id, cyclr_id__in=ids)
    newest = rows.order_by("-changed_at").values_list("changed_at", flat=True)
    found: datetime | None = newest.first()
    return found


def _activation(run: OnboardingRun, step: OnboardingStep) -> OperationRequest:
    account, cycle, wished = run.account, step.cycle, Wishes.from_json(run.wishes)
    assert cycle is not None and account is not None
    start_at = wished.start_in(account.timezone, timezone.now())
    return OperationRequest(
        kind=ACTIVATE,
        title=f"Activate {display_text(cycle)}",
        actor=run.actor,
        console=run.console,
        submission=run.submission_for(step),
        account=account,
        values={
            "cycle": cycle.pk,
            "start_at": start_at.isoformat() if start_at else "",
            "interval": wished.interval,
            "run_once": wished.run_once,
        },
        shown={"entries": display.schedule(wished, start_at)},
        exclusivity_key=cycle_key(cycle),
        is_bulk=run.table_id is not None,
    )
