"""The workers' part of onboarding, and the dispatcher's chores."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on
from dashboard.onboarding import advancing, waking
from dashboard.onboarding.models import (
    OVER,
    OnboardingRun,
    OnboardingStep,
    OnboardingTable,
    RunState,
    StepState,
)

logger = logging.getLogger(__name__)

KEEP_DRAFTS_FOR = timedelta(days=14)


@works_on(OnboardingRun, gives_up=advancing.give_up, plans=waking.plan)
def advance_run(lease: Lease[OnboardingRun]) -> None:
    """Take a run as far as it goes; a second time it finds nothing to do."""
    advancing.carry_out(lease)


@periodic(every=600)
def wipe_entries() -> None:
    """What was typed and may be secret is kept for a day; a step whose turn comes later asks anew.

    A draft that nobody came back to is forgotten.
    """
    moment = timezone.now()
    old = moment - timedelta(seconds=settings.KEEP_INPUT_FOR)
    rows = OnboardingStep.objects.exclude(encrypted_input="")
    is_old = Q(run__started_at=None, run__created_at__lt=old) | Q(run__started_at__lt=old)
    late = rows.filter(is_old, has_secrets=True)
    count = late.exclude(state=StepState.RUNNING).update(encrypted_input="")
    count += rows.filter(Q(state__in=OVER) | Q(run__finished_at__isnull=False)).update(
        encrypted_input=""
    )
    if count:
        logger.info("encrypted entries of onboarding wiped count=%d", count)
    forgotten = moment - KEEP_DRAFTS_FOR
    drafts = OnboardingRun.objects.filter(state=RunState.DRAFT, table=None)
    drafts.filter(created_at__lt=forgotten).delete()
    OnboardingTable.objects.filter(started_at=None, created_at__lt=forgotten).delete()
