"""The workers' part of the team's pages."""

from __future__ import annotations

from dashboard.jobs.leases import Lease
from dashboard.jobs.working import works_on
from dashboard.team import mailing
from dashboard.team.models import InvitationMail


@works_on(InvitationMail, gives_up=mailing.give_up)
def send_invitation(lease: Lease[InvitationMail]) -> None:
    """Send one invitation; a second run does nothing."""
    mailing.send(lease)
