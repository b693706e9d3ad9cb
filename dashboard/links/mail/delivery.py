"""Sending the messages about links: what is not needed any more, and what the timeline says."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from dashboard.bulk import services as bulk
from dashboard.links import progress, timeline
from dashboard.links.mail import email_content, reminders
from dashboard.links.mail.outbox import Outbox, sent_message
from dashboard.links.mail.written_email import EmailContent
from dashboard.links.models import Link, LinkMail, LinkState, MailKind


class LinkOutbox(Outbox[LinkMail]):
    """Invitations and reminders."""

    purpose = "mail"

    def link_of(self, row: LinkMail) -> Link:
        """Whose address it holds."""
        return row.link

    def needless(self, row: LinkMail) -> str:
        """Why the message is not needed any more, in words; empty while it is."""
        link = row.link
        if link.connected_at is not None:
            return "Everything is connected by now."
        if link.revoked_at is not None:
            return "The link was revoked."
        if link.emptied_at is not None or not link.items.left().exists():
            return "Everything that is left on it was deleted in Cyclr."
        if link.console.retired_at is not None:
            return "Its console is no longer in use."
        if not link.is_usable:
            return "The link has expired."
        if row.recipient != link.recipient_email:
            return "The recipient was changed."
        if row.kind != MailKind.REMINDER:
            return ""
        if link.reminders_ended_at is not None or not link.has_reminders:
            return "No more reminders are wanted."
        later = link.mails.filter(kind=MailKind.INVITATION, created_at__gt=row.created_at)
        return "A newer message was sent." if later.exists() else ""

    def later(self, row: LinkMail) -> datetime | None:
        """When a reminder that met the night may leave; None if it may now."""
        if row.kind != MailKind.REMINDER:
            return None
        moment = timezone.now()
        opens = reminders.next_daytime(moment, reminders.zone_of(row.link))
        return opens if opens > moment else None

    def write(self, row: LinkMail) -> EmailContent:
        """The message."""
        return email_content.write(row.link, MailKind(row.kind))

    def held(self, row: LinkMail, message: str) -> None:
        """A campaign makes no more that would be refused."""
        if row.link.run_id is not None:
            bulk.halt(row.link.run_id, f"{message.rstrip('.')}. Mend that before you resume it.")

    def taken(self, row: LinkMail, moment: datetime, *, is_file: bool) -> None:
        """The link is sent, and the timeline says so."""
        link = progress.lock(row.link_id)
        was_sent = link.state != LinkState.CREATED and not link.is_only_file
        Link.objects.filter(pk=link.pk).update(is_only_file=is_file and not was_sent)
        Link.objects.filter(pk=link.pk, sent_at=None).update(sent_at=moment)
        progress.move(link, LinkState.SENT)
        what = "Reminder " if row.kind == MailKind.REMINDER else ""
        message = sent_message(row.recipient, is_file=is_file, what=what)
        timeline.record(link, "mailed", message, mail=row.pk)

    def closed(self, row: LinkMail, event: str, message: str, why: str) -> None:
        """Why it was not sent stands in the timeline."""
        link = progress.lock(row.link_id)
        timeline.record(link, event, message, why=why, mail=row.pk)


OUTBOX = LinkOutbox()
