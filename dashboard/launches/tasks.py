"""The workers' part of launch links, and what the dispatcher does for them."""

from __future__ import annotations

from functools import partial

from dashboard.jobs.compiled import AnyRow
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on
from dashboard.launches import attempts
from dashboard.launches.mailing import OUTBOX
from dashboard.launches.models import LaunchAttempt, LaunchMail
from dashboard.links.mail import outbox


@works_on(LaunchAttempt, gives_up=attempts.give_up)
def request_launch(lease: Lease[LaunchAttempt]) -> None:
    """Request one token."""
    attempts.carry_out(lease)


@works_on(LaunchMail, gives_up=OUTBOX.give_up, room=partial(outbox.room, LaunchMail))
def send_launch_mail(lease: Lease[LaunchMail]) -> None:
    """Send one message."""
    OUTBOX.send(lease)


any_attempt = AnyRow(lambda: LaunchAttempt.objects.unused())


@periodic(every=3)
def wipe_launch_attempts() -> None:
    """An encrypted address that nobody fetched is gone within a minute."""
    if any_attempt():
        LaunchAttempt.objects.end_old()
