"""The outbox of messages to customers: a message is a row first, and written when it is sent."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.links import progress, services, timeline
from dashboard.links.models import Link, LinkMail, LinkState, MailKind, MailState
from dashboard.links.progress import NotUsableError
from dashboard.links.services import OtherLinkError
from dashboard.operations.submissions import own_submission


class NoRecipientError(Exception):
    """The link has no e-mail address on file."""


class UsedElsewhereError(Exception):
    """The same person used this submission for another message."""


class AnsweredError(Exception):
    """Nobody asks for a new link any more: a colleague has sent one."""


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
    return _queue(link, actor, kind, number, submission)[0]


def send_link(link: Link, actor: Actor, submission: uuid.UUID) -> LinkMail:
    """Mail a link to its recipient because somebody asked for it; pressed twice it is one message.

    While one waits to be sent, that is the one. Raises `NoRecipientError`, `NotUsableError` and
    `UsedElsewhereError`.
    """
    with transaction.atomic():
        now = progress.lock(link.pk)
        if not now.is_usable:
            raise NotUsableError
        mail = _waiting(now) if now.recipient_email else None
        if mail is not None:
            return mail
        mail, is_new = _queue(now, actor, MailKind.INVITATION, 0, submission)
        if mail.link_id != link.pk:
            raise UsedElsewhereError
        if is_new:
            services.record(now, actor, "links.mail", recipient=mail.recipient)
    return mail


def extend_and_send(link: Link, actor: Actor, submission: uuid.UUID) -> LinkMail:
    """Let a link that has expired work again, and mail it to the address on file.

    Raises as `send_link` does, and `AnsweredError`.
    """
    with transaction.atomic():
        own = _own_submission(link, actor, submission)
        _check_asked(progress.lock(link.pk), link.mails.filter(submission=own))
        services.extend(link, actor)
        return send_link(link, actor, submission)


def send_replacement(link: Link, actor: Actor, submission: uuid.UUID) -> Link:
    """A new link instead of one that was revoked, mailed to the address on file; made once.

    Over the connectors of the old one that are not connected yet. Raises `NoRecipientError`,
    `AnsweredError`, `UsedElsewhereError`, and `NotUsableError` when nothing is left to connect.
    """
    try:
        return _replacement(link, actor, submission)
    except OtherLinkError:
        raise UsedElsewhereError from None


def _replacement(link: Link, actor: Actor, submission: uuid.UUID) -> Link:
    own = own_submission(submission, actor, services.CREATE, link.console, link.account)
    with transaction.atomic():
        old = progress.lock(link.pk)
        _check_asked(old, Link.objects.filter(submission=own))
        if not old.recipient_email:
            raise NoRecipientError
        items = old.items.filter(connected_at=None, account_connector__gone_at=None)
        connectors = [item.account_connector for item in items.select_related("account_connector")]
        if not connectors or old.is_retired:
            raise NotUsableError
        made = services.create_link(
            actor,
            old.account,
            connectors,
            recipient_email=old.recipient_email,
            recipient_name=old.recipient_name,
            message=old.message,
            language=old.language,
            ticket_url=old.ticket_url,
            has_reminders=old.has_reminders,
            submission=submission,
        )
        send_link(made, actor, uuid.uuid5(submission, "mail"))
        if Link.objects.filter(pk=old.pk, is_new_link_asked=True).update(is_new_link_asked=False):
            timeline.record(old, "replaced", f"A new link was sent by {actor.name}", link=made.pk)
    return made


def mark_sent(link: Link, actor: Actor) -> bool:
    """Somebody sent the link in another way: by chat, in a ticket. Says whether that was news."""
    with transaction.atomic():
        now = progress.lock(link.pk)
        is_only_file = now.is_only_file and now.state == LinkState.SENT
        if not (now.state == LinkState.CREATED or is_only_file) or not now.is_usable:
            return False
        progress.move(now, LinkState.SENT)
        Link.objects.filter(pk=now.pk, sent_at=None).update(sent_at=timezone.now())
        Link.objects.filter(pk=now.pk).update(is_only_file=False)
        timeline.record(now, "sent", f"Sent another way, says {actor.name}")
        services.record(now, actor, "links.sent")
    return True


def latest(link: Link) -> LinkMail | None:
    """The newest message of the link, whatever became of it."""
    mail: LinkMail | None = link.mails.order_by("-created_at", "-pk").first()
    return mail


def _check_asked(link: Link, made: QuerySet[Any]) -> None:
    """Raises `AnsweredError` if the customer does not wait for a link, and not for this one."""
    if link.connected_at is None and not link.is_new_link_asked and not made.exists():
        raise AnsweredError


def _own_submission(link: Link, actor: Actor, submission: uuid.UUID) -> uuid.UUID:
    return own_submission(submission, actor, "links.mail", link.console, link.account)


def _waiting(link: Link) -> LinkMail | None:
    rows = link.mails.filter(kind=MailKind.INVITATION, state=MailState.WAITING)
    mail: LinkMail | None = rows.filter(recipient=link.recipient_email).first()
    return mail


def _queue(
    link: Link, actor: Actor, kind: MailKind, number: int, submission: uuid.UUID | None
) -> tuple[LinkMail, bool]:
    """The message, and whether it is new."""
    if not link.recipient_email:
        raise NoRecipientError
    own = _own_submission(link, actor, submission) if submission else None
    mail = LinkMail(
        link=link, kind=kind, number=number, recipient=link.recipient_email, submission=own
    )
    mail.actor = actor
    # The messages of a campaign and reminders are sent off by the dispatcher, a few at a time.
    is_urgent = kind == MailKind.INVITATION and link.run_id is None
    mail.published_at = timezone.now() if is_urgent else None
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError:
        same = LinkMail.objects.filter(submission=own) if own else None
        if kind == MailKind.REMINDER:
            same = LinkMail.objects.filter(link=link, kind=kind, number=number)
        existing = same.first() if same is not None else None
        if existing is None:
            raise
        return existing, False
    if is_urgent:
        mail.send_on_commit()
    return mail, True
