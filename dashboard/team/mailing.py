"""The message that invites a colleague: handed over by a worker, its token forgotten with it."""

from __future__ import annotations

import logging

from django.utils import timezone

from dashboard.common import encryption
from dashboard.common.mail import (
    MailboxError,
    Message,
    OurFaultError,
    PutOffError,
    UnwritableError,
    compose,
    hand_over,
    sender,
    sender_domain,
)
from dashboard.common.timing import format_short
from dashboard.common.untrusted_text import display_line, storable
from dashboard.jobs.leases import Lease
from dashboard.notifications import mail_trouble
from dashboard.notifications.models import SendState
from dashboard.notifications.retries import final_message
from dashboard.people.models import Role
from dashboard.team.invitations import url_of
from dashboard.team.models import Invitation, InvitationMail

logger = logging.getLogger(__name__)


def send(lease: Lease[InvitationMail]) -> None:
    """Send one invitation, unless it is not open any more or another one was sent meanwhile."""
    job = lease.job
    invitation = job.invitation
    if not invitation.is_open or invitation.token_hash != job.token_hash:
        lease.finish(state=SendState.DROPPED, encrypted_token="")
        return
    try:
        token = encryption.decrypt(job.encrypted_token, associated_data=job.associated_data)
        hand_over(_message(invitation, token, job.pk))
    except encryption.DecryptionError:
        _fail(lease, "Its key was removed: send the invitation again.")
    except MailboxError as error:
        _fail(lease, f"The address was refused: {error}")
    except UnwritableError as error:
        _fail(lease, f"Not written: {error}")
    except OurFaultError as error:
        lease.retry(error, last_error=str(error))
        if invitation.console is not None:
            mail_trouble.record_refusal(invitation.console, str(error))
    except PutOffError as error:
        lease.retry(error, last_error=str(error))
    else:
        lease.finish(
            state=SendState.SENT, sent_at=timezone.now(), last_error="", encrypted_token=""
        )
        mail_trouble.record_taken()
        logger.info("invitation mailed invitation=%d", invitation.pk)


def give_up(lease: Lease[InvitationMail], error: BaseException | None) -> None:
    """A day is over."""
    _fail(lease, final_message(lease.job.last_error))


def _fail(lease: Lease[InvitationMail], message: str) -> None:
    lease.finish(state=SendState.FAILED, last_error=str(storable(message)), encrypted_token="")


def _message(invitation: Invitation, token: str, number: int) -> Message:
    by = display_line(invitation.invited_by.display_name)
    where = f"in {display_line(invitation.console.name)}" if invitation.console else "everywhere"
    return compose(
        to=invitation.email,
        subject="You are invited to Cyclr Desk",
        text=(
            f"{by} invites you to Cyclr Desk, as {Role(invitation.role).label} {where}.\n\n"
            "Choose your password here:\n\n"
            f"{url_of(token)}\n\n"
            f"The address works once, until {format_short(invitation.expires_at)} UTC. If you do "
            "not know what this is about, ignore it: without a password nothing happens.\n"
        ),
        headers={
            # The same row makes the same id: a message that was sent twice is known as one.
            "Message-ID": f"<invitation-{invitation.pk}-{number}@{sender_domain()}>",
            "From": sender(),
            "Auto-Submitted": "auto-generated",
        },
    )
