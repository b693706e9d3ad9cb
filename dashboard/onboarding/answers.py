"""What pages of accounts ask about onboarding, which they do not know."""

from __future__ import annotations

from dashboard.accounts.services import OpenRun, open_run
from dashboard.mirror.models import Account
from dashboard.onboarding import display
from dashboard.onboarding.models import OPEN, OnboardingRun, RunState
from dashboard.onboarding.turning import current_step


@open_run.answered_by
def find_open_run(account: Account) -> OpenRun | None:
    """The newest run that has not ended, and what it waits for."""
    run = OnboardingRun.objects.filter(account=account, state__in=OPEN).first()
    if run is None:
        return None
    step = current_step(run)
    state = RunState(run.state)
    return OpenRun(
        url=run.get_absolute_url(),
        shape=display.SHAPES[state],
        label=state.label,
        message=step.message or step.title if step else "",
    )
