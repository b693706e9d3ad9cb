"""The outbox of messages to customers: a message is a row first, and written when it is sent."""

from __future__ import annotations

import uuid

from django.db import IntegrityError, transaction

from dashboard.audit.models import Actor
from dashboard.links.models import Link, LinkMail, MailKind


class NoRecipientError(Exception):
    """The link has no e-mail address on file."""


def queue_mail(
    link: Link,
    actor: Actor,
    kind: MailKind = MailKind.INVITATION,
    *,
    number: int = 0,
    submission: uuid.UUID | None = None,
) -> LinkMail:
    """Put a message to the link's recipient into the outbox; the same submission is one message.

    `number`: which reminder it is. Raises `NoRecipientError`.
    """
    if not link.recipient_email:
        raise NoRecipientError
    mail = LinkMail(
        link=link, kind=kind, number=number, recipient=link.recipient_email, submission=submission
    )
    mail.actor = actor
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError:
        same = LinkMail.objects.filter(submission=submission) if submission else None
        if kind == MailKind.REMINDER:
            same = LinkMail.objects.filter(link=link, kind=kind, number=number)
        existing = same.first() if same is not None else None
        if existing is None:
            raise
        return existing
    return mail
