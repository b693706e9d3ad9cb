"""The workers' part of setting up consoles."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from dashboard.console_setup import checking
from dashboard.console_setup.models import ConsoleCheck
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on

KEPT = timedelta(days=1)


@works_on(ConsoleCheck, gives_up=checking.give_up)
def check_console(lease: Lease[ConsoleCheck]) -> None:
    """Try credentials, and save those that work."""
    checking.carry_out(lease)


@periodic(every=3600)
def forget_checks() -> None:
    """What was typed is kept for a day, so that somebody can go on with it."""
    ConsoleCheck.objects.filter(finished_at__lt=timezone.now() - KEPT).delete()
