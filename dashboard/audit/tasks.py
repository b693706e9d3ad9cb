"""The workers' part of the audit trail: the daily check, and what is older than it is kept."""

from __future__ import annotations

from celery import shared_task

from dashboard.audit import checking
from dashboard.jobs.messages import DeskTask
from dashboard.jobs.periodic import periodic


@shared_task(base=DeskTask)
def check_chain(number: int) -> None:
    """Check a piece of a chain; a second run checks the same again."""
    checking.check_piece(number)


@periodic(every=60)
def keep_checking() -> None:
    """Have each chain checked once a day."""
    checking.ask_due()
