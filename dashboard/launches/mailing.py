"""The message that brings a launch link to a customer: queued once, written when it is sent."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext, gettext_noop

from dashboard.audit.models import Actor
from dashboard.launches import services
from dashboard.launches.attempts import lock
from dashboard.launches.models import LaunchLink, LaunchMail, LaunchState, Product
from dashboard.links.mail import email_content
from dashboard.links.mail.email_content import basic_context, language_of
from dashboard.links.mail.mailing import UsedElsewhereError
from dashboard.links.mail.outbox import Outbox, sent_message
from dashboard.links.mail.own_texts import Texts
from dashboard.links.mail.written_email import EmailContent
from dashboard.links.models import MailState
from dashboard.links.progress import NotUsableError
from dashboard.operations.submissions import own_submission

MAIL = "launches.mail"
ASKS = {
    Product.LAUNCH: gettext_noop("%(who)s asks you to set up your integrations"),
    Product.ORBIT: gettext_noop("%(who)s asks you to look after your integrations"),
    Product.MARKETPLACE: gettext_noop("%(who)s asks you to choose integrations"),
}
"""What the customer's page says first, and the message's subject."""
BEGINS = {
    Product.LAUNCH: gettext_noop(
        "%(who)s asks you to set up integrations for %(account)s. It takes a few minutes, and you "
        "can stop and come back."
    ),
    Product.ORBIT: gettext_noop(
        "%(who)s asks you to look after the integrations of %(account)s. You can stop and come "
        "back."
    ),
    Product.MARKETPLACE: gettext_noop(
        "%(who)s asks you to choose integrations for %(account)s. It takes a few minutes, and you "
        "can stop and come back."
    ),
}
"""How the message begins."""


def write(link: LaunchLink) -> EmailContent:
    """The message about a link, in the link's language.

    Raises `DecryptionError` when the link's address can no longer be made.
    """
    return compose(link, Product(link.product), link.url())


def compose(link: Any, product: Product, address: str, own: Texts | None = None) -> EmailContent:
    """The message about a link, or about a made-up one, with `own` words instead of stored ones."""
    with translation.override(language_of(link.language, link.brand)):
        context = basic_context(link, link.brand, address)
        ours = our_texts(product, context["partner"], context["account"])
    message = f"launch-{product}"
    return email_content.render("launches/mail/invitation", message, link, context, ours, own)


def our_texts(product: Product, partner: str, account: str) -> Texts:
    """Our words about a link, in the language that is active."""
    values = {"who": partner, "account": account}
    return Texts(gettext(ASKS[product]) % values, gettext(BEGINS[product]) % values)


def send(
    link: LaunchLink, actor: Actor, *, name: str, email: str, submission: uuid.UUID
) -> LaunchMail:
    """Mail a link to somebody, who is its recipient from now on; pressed twice it is one message.

    While one to them waits to be sent, that is the one. Raises `NotUsableError` and
    `UsedElsewhereError`.
    """
    with transaction.atomic():
        now = lock(link.pk)
        if not now.is_usable:
            raise NotUsableError
        own = own_submission(submission, actor, MAIL, now.console, now.account)
        made: LaunchMail | None = LaunchMail.objects.filter(submission=own).first()
        if made is not None:
            if made.link_id != now.pk or made.recipient != email:
                raise UsedElsewhereError
            return made
        rows = LaunchLink.objects.filter(pk=now.pk)
        rows.update(recipient_name=name, recipient_email=email, moved_at=timezone.now())
        unsent = now.mails.filter(state=MailState.WAITING, recipient=email)
        waiting: LaunchMail | None = unsent.first()
        return waiting or _queue(now, actor, email, own)


def _queue(link: LaunchLink, actor: Actor, email: str, own: uuid.UUID) -> LaunchMail:
    """Store the message; its worker hears of it when the transaction has ended."""
    mail = LaunchMail(link=link, recipient=email, submission=own, published_at=timezone.now())
    mail.actor = actor
    try:
        with transaction.atomic():
            mail.save(force_insert=True)
    except IntegrityError:
        raise UsedElsewhereError from None
    mail.send_on_commit()
    services.audit_link(link, actor, MAIL, recipient=email)
    return mail


def latest(link: LaunchLink) -> LaunchMail | None:
    """The newest message of the link, whatever became of it."""
    mail: LaunchMail | None = link.mails.first()
    return mail


class LaunchOutbox(Outbox[LaunchMail]):
    """Messages about launch links."""

    purpose = "launch-mail"

    def link_of(self, row: LaunchMail) -> LaunchLink:
        """Whose address it holds."""
        return row.link

    def needless(self, row: LaunchMail) -> str:
        """Why the message is not needed any more, in words; empty while it is."""
        if row.link.revoked_at is not None:
            return "The link was revoked."
        if row.link.console.retired_at is not None:
            return "Its console is no longer in use."
        if not row.link.is_usable:
            return "The link has expired."
        return "" if row.recipient == row.link.recipient_email else "The recipient was changed."

    def write(self, row: LaunchMail) -> EmailContent:
        """The message."""
        return write(row.link)

    def taken(self, row: LaunchMail, moment: datetime, *, is_file: bool) -> None:
        """The link is sent, and the timeline says so."""
        link = lock(row.link_id)
        if not is_file:
            fresh = LaunchLink.objects.filter(pk=link.pk, state=LaunchState.CREATED)
            fresh.update(state=LaunchState.SENT)
        self._record(link, row, "mailed", sent_message(row.recipient, is_file=is_file))

    def closed(self, row: LaunchMail, event: str, message: str, why: str) -> None:
        """Why it was not sent stands in the timeline."""
        self._record(lock(row.link_id), row, event, message, why=why)

    def _record(
        self, link: LaunchLink, row: LaunchMail, event: str, message: str, **details: Any
    ) -> None:
        services.record(link, event, message, mail=row.pk, **details)


OUTBOX = LaunchOutbox()
