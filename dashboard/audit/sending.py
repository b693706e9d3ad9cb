"""The heads of the chains, sent to where whoever edits the database cannot reach them.

Once a day, and when an administrator asks for it: by mail, and by the webhook of a console. What
was sent is a line for each chain, as the log has it; `manage.py verify_audit --heads` reads it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.dispatch import Signal
from django.template.loader import render_to_string
from django.utils import timezone

from dashboard.audit import heads, services
from dashboard.audit.models import Actor, AuditChain, HeadMail, HeadSending
from dashboard.common import mail
from dashboard.common.timing import format_short
from dashboard.consoles.models import Console
from dashboard.jobs.leases import Lease
from dashboard.people.models import User

logger = logging.getLogger(__name__)

EVERY = timedelta(days=1)
KEPT = timedelta(days=30)
NOBODYS = "No console"
"""What the chain of sign-ins and the like is called."""
heads_went = Signal()
"""Sent with `console` and `heads` in the transaction that sends them: for its webhook."""


@dataclass(frozen=True, slots=True)
class NamedHead:
    """How a chain ends now, as people read it."""

    chain: int
    name: str
    sequence: int
    digest: str
    fault: str
    """What its last check found; empty if all is well."""

    @property
    def line(self) -> str:
        """As the log has it."""
        return heads.line_of(self.chain, self.sequence, self.digest)

    def as_json(self) -> dict[str, Any]:
        """As a webhook is told."""
        return {"chain": self.chain, "sequence": self.sequence, "digest": self.digest}


def now() -> list[NamedHead]:
    """How each chain ends."""
    names = dict(Console.objects.values_list("pk", "name"))
    return [
        NamedHead(
            row.number,
            names.get(row.number, f"Console {row.number}") if row.number else NOBODYS,
            row.sequence,
            row.digest,
            row.fault,
        )
        for row in AuditChain.objects.order_by("number")
    ]


# ---- where to ----


def chosen() -> HeadSending:
    """Where they go; an empty row that is not saved if that was never said."""
    found = HeadSending.objects.select_related("webhook_of").first()
    return found or HeadSending()


@transaction.atomic
def send_to(email: str, console: Console | None, by: User) -> bool:
    """Say where they go from now on; whether that is new."""
    row = HeadSending.objects.select_for_update().first() or HeadSending()
    if (row.email, row.webhook_of_id) == (email, console.pk if console else None):
        return False
    before = row.email or "nobody"
    row.email, row.webhook_of = email, console
    row.save()
    services.record(
        Actor.staff(by),
        "audit.heads_to",
        target=email or "nobody",
        before=before,
        webhook_of=console.name if console else "",
    )
    return True


# ---- sending ----


def send(actor: Actor) -> list[str]:
    """Send them to where they go, and record it; to whom in words, empty if to nobody."""
    with transaction.atomic():
        row = HeadSending.objects.select_for_update().first()
        return _send(row, actor) if row else []


def send_due() -> None:
    """Send them if that was not done for a day."""
    with transaction.atomic():
        row = HeadSending.objects.select_for_update().first()
        if row and (row.asked_at is None or row.asked_at < timezone.now() - EVERY):
            _send(row, Actor.system())


def _send(row: HeadSending, actor: Actor) -> list[str]:
    """Call it in a transaction."""
    told = []
    HeadMail.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    if row.email and mail.is_delivered():
        HeadMail.objects.ask(to=row.email)
        told.append(row.email)
    if row.webhook_of is not None:
        queued = heads_went.send(HeadSending, console=row.webhook_of, heads=now())
        if any(is_queued for _, is_queued in queued):
            told.append(f"the webhook of {row.webhook_of}")
    if told:
        row.asked_at = timezone.now()
        row.save(update_fields=["asked_at"])
        services.record(actor, "audit.send_heads", target=", ".join(told))
    return told


def mail_out(lease: Lease[HeadMail]) -> None:
    """Hand the heads of this moment over. What is temporary is raised."""
    job = lease.job
    context = {"heads": now(), "desk": settings.DESK_URL, "at": format_short(timezone.now())}
    message = mail.compose(
        to=job.to,
        subject=f"Cyclr Desk: heads of the audit trail, {timezone.now():%Y-%m-%d}",
        text=render_to_string("audit/heads_mail.txt", context),
        headers={
            "Message-ID": f"<audit-heads-{job.pk}@{mail.sender_domain()}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.hand_over(message)
    lease.finish()


def give_up(lease: Lease[HeadMail], error: BaseException | None) -> None:
    """The mail server took none for a day; the next one goes tomorrow."""
    logger.error("audit heads not mailed error=%s", type(error).__name__)
    why = str(error) if isinstance(error, mail.DeliveryError) else ""
    lease.finish(last_error=why or "The message could not be handed over.")


def last_mail() -> HeadMail | None:
    """The newest message with heads, if there is one."""
    found: HeadMail | None = HeadMail.objects.order_by("-pk").first()
    return found
