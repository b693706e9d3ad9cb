"""Mail to somebody whose sign-in was changed: if it was not them, they learn of it here."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common import mail
from dashboard.common.timing import format_short
from dashboard.jobs.leases import Lease
from dashboard.people.models import User
from dashboard.people.signals import password_set
from dashboard.sign_in.models import SecurityMail

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
CHANGES = {
    "changed their password": "Your password was changed",
    "set a password": "Your password was set by an administrator of the server",
    "added an authenticator app": "An authenticator app was added",
    "added a passkey": "A passkey was added",
    "removed an authenticator app": "Your authenticator app was removed",
    "removed a passkey": "A passkey was removed",
    "removed all second factors": "All your second factors were removed",
    "made new recovery codes": "New recovery codes were made, and the old ones have ended",
    "used a recovery code": "One of your recovery codes was used",
    "linked single sign-on": "Your company’s sign-in was linked to your account",
    "changed their address": "The address that you sign in with was changed",
}
"""What people are told of, by the act as the trail has it."""


def tell(user: User, action: str, *, to: str = "") -> None:
    """Have the person told, if they are told of such acts; at an address that was theirs, if given.

    Call it in the transaction of the act. Without a mail server nobody is.
    """
    if action not in CHANGES or not mail.is_delivered():
        return
    with transaction.atomic():
        SecurityMail.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
        job = SecurityMail.objects.create(user=user, action=action, to=to or user.email)
        job.send_on_commit()


@receiver(password_set)
def on_password_set(sender: object, user: User, **_: Any) -> None:
    """Somebody at the server's command line gave the person another password."""
    tell(user, "set a password")


def send(lease: Lease[SecurityMail]) -> None:
    """Hand one over, and record it. What is temporary is raised."""
    job = lease.job
    what = CHANGES.get(job.action, "")
    if not what:  # of another release
        lease.finish()
        return
    context = {
        "person": job.user,
        "what": what,
        "at": format_short(job.created_at),
        "desk": settings.DESK_URL,
    }
    message = mail.compose(
        to=job.to,
        subject=f"Cyclr Desk: {what[0].lower()}{what[1:]}",
        text=render_to_string("sign_in/security_mail.txt", context),
        headers={
            # The same row makes the same id: a message that was sent twice is known as one.
            "Message-ID": f"<security-{job.pk}@{mail.sender_domain()}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.hand_over(message)
    with transaction.atomic():
        lease.finish()
        audit.record(
            Actor.system(),
            "told by mail of a change of their sign-in",
            target=job.user.display_name,
            change=job.action,
        )


def give_up(lease: Lease[SecurityMail], error: BaseException | None) -> None:
    """The mail server took none for a day."""
    logger.warning("notice of a sign-in not mailed error=%s", type(error).__name__)
    lease.finish(last_error="The message could not be handed over.")
