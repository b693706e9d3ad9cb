"""The workers' part of the audit trail: the daily check, and what is older than it is kept."""

from __future__ import annotations

from celery import shared_task

from dashboard.audit import checking, sending
from dashboard.audit.models import HeadMail
from dashboard.jobs.leases import Lease
from dashboard.jobs.messages import DeskTask
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on


@shared_task(base=DeskTask)
def check_chain(number: int) -> None:
    """Check a piece of a chain; a second run checks the same again."""
    checking.check_piece(number)


@periodic(every=60)
def keep_checking() -> None:
    """Have each chain checked once a day."""
    checking.ask_due()


@periodic(every=300)
def keep_sending_heads() -> None:
    """Have the heads of all chains sent to outside once a day."""
    sending.send_due()


@works_on(HeadMail, gives_up=sending.give_up)
def mail_heads(lease: Lease[HeadMail]) -> None:
    """Mail the heads of all chains to one address."""
    sending.mail_out(lease)
