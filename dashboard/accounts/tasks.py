"""The workers' part of accounts: reading what a page waits for."""

from __future__ import annotations

from django.utils import timezone

from dashboard.accounts import reading
from dashboard.accounts.models import AccountReading
from dashboard.consoles.refusals import end_unanswered
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on


@works_on(AccountReading, gives_up=end_unanswered)
def read_account(lease: Lease[AccountReading]) -> None:
    """Read the users or the usage of one account."""
    reading.carry_out(lease)


@periodic(every=60)
def forget_readings() -> None:
    """Who the users are is the customer's data: gone after an hour."""
    AccountReading.objects.filter(created_at__lt=timezone.now() - reading.KEPT).delete()
