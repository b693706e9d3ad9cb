"""Sending one message of the outbox: claim, write, hand over, note what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from dashboard.bulk import services as bulk
from dashboard.common.encryption import DecryptionError
from dashboard.common.mail import (
    MailboxError,
    OurFaultError,
    PutOffError,
    UnwritableError,
    hand_over,
    is_delivered,
)
from dashboard.jobs.leases import Lease
from dashboard.links import progress, timeline
from dashboard.links.mail import email_content, reminders
from dashboard.links.models import Link, LinkMail, LinkState, MailKind, MailState
from dashboard.notifications import mail_trouble

PIECE = 8
"""Letters of a link's address by which it is known in what a mail server says."""

LOST_KEY = "This link’s address is no longer available. Create a new link."


def send(lease: Lease[LinkMail]) -> None:
    """Send one message.

    Should a worker die between the mail server's yes and our note, it is sent once more, with the
    same Message-ID.
    """
    mail = lease.job
    if needless := _needless(mail):
        lease.finish(state=MailState.DROPPED, last_error=needless)
        return
    if (later := _too_early(mail, timezone.now())) is not None:
        lease.postpone(later)
        return
    try:
        message_id = email_content.message_id_of(mail)
        message = email_content.as_message(
            email_content.write(mail.link, MailKind(mail.kind)), message_id
        )
    except DecryptionError:
        _fail(lease, LOST_KEY)
        return
    except UnwritableError as error:
        _fail(lease, str(error))
        return
    lease.write(message_id=message_id)
    try:
        hand_over(message)
    except PutOffError as error:
        _put_off(lease, error)
    except OurFaultError as error:
        _hold(lease, error)
    except MailboxError as error:
        _bounce(lease, _without_address(str(error), mail.link))
    except UnwritableError as error:
        _fail(lease, str(error))
    else:
        _record_sent(lease)


def give_up(lease: Lease[LinkMail], error: BaseException | None) -> None:
    """It was tried for a day, or is needed no longer."""
    if needless := _needless(lease.job):
        lease.finish(state=MailState.DROPPED, last_error=needless)
        return
    _fail(lease, lease.job.last_error or "It could not be sent for a day.")


def _without_address(message: str, link: Link) -> str:
    """A filter's refusal may quote the link's address, whole or broken over lines: cut there."""
    token, said = link.token(), message.lower()
    pieces = (token[place : place + PIECE] for place in range(len(token) - PIECE + 1))
    places = [place for piece in pieces if (place := said.find(piece)) >= 0]
    return f"{message[: min(places)]}…" if places else message


def _needless(mail: LinkMail) -> str:
    """Why the message is not needed any more, in words; empty while it is."""
    link = mail.link
    if link.connected_at is not None:
        return "Everything is connected by now."
    if link.revoked_at is not None:
        return "The link was revoked."
    if link.emptied_at is not None or not link.items.left().exists():
        return "Everything that is left on it was deleted in Cyclr."
    if not link.is_usable:
        return "The link has expired."
    if mail.recipient != link.recipient_email:
        return "The recipient was changed."
    if mail.kind != MailKind.REMINDER:
        return ""
    if link.reminders_ended_at is not None or not link.has_reminders:
        return "No more reminders are wanted."
    later = link.mails.filter(kind=MailKind.INVITATION, created_at__gt=mail.created_at)
    return "A newer message was sent." if later.exists() else ""


def _too_early(mail: LinkMail, moment: datetime) -> datetime | None:
    """When a reminder that met the night may leave; None if it may now."""
    if mail.kind != MailKind.REMINDER:
        return None
    opens = reminders.next_daytime(moment, reminders.zone_of(mail.link))
    return opens if opens > moment else None


def _put_off(lease: Lease[LinkMail], error: Exception, pause: timedelta | None = None) -> None:
    """Until later, for a day at most; without a `pause` later and later."""
    message = _without_address(str(error), lease.job.link)
    lease.retry(error, pause=pause, last_error=message)


def _hold(lease: Lease[LinkMail], error: OurFaultError) -> None:
    """What is refused is about us: said once, and a campaign makes no more that would be."""
    link = lease.job.link
    message = _without_address(str(error), link)
    with transaction.atomic():
        mail_trouble.record_refusal(link.console, message)
        if link.run_id is not None:
            bulk.halt(link.run_id, f"{message.rstrip('.')}. Mend that before you resume it.")
    _put_off(lease, error, mail_trouble.COOL_DOWN)  # few try meanwhile


def _record_sent(lease: Lease[LinkMail]) -> None:
    mail, moment = lease.job, timezone.now()
    with transaction.atomic():
        if mail_trouble.record_taken():
            _let_go(moment)
        link = progress.lock(mail.link_id)
        is_file = not is_delivered()
        lease.finish(state=MailState.SENT, is_file=is_file, sent_at=moment, last_error="")
        was_sent = link.state != LinkState.CREATED and not link.is_only_file
        Link.objects.filter(pk=link.pk).update(is_only_file=is_file and not was_sent)
        Link.objects.filter(pk=link.pk, sent_at=None).update(sent_at=moment)
        progress.move(link, LinkState.SENT)
        timeline.record(link, "mailed", _sent_message(mail, is_file=is_file), mail=mail.pk)


def _sent_message(mail: LinkMail, *, is_file: bool) -> str:
    what = "Reminder " if mail.kind == MailKind.REMINDER else ""
    if is_file:
        message = f"{what}written to a file, not mailed to {mail.recipient}: no mail server is set"
    else:
        message = f"{what}mailed to {mail.recipient}"
    return message[0].upper() + message[1:]


def _let_go(moment: datetime) -> None:
    """The trouble is over: what it held back leaves now, not when its next try would be."""
    held = LinkMail.objects.filter(state=MailState.WAITING, tries__gt=0, not_before__gt=moment)
    held.update(not_before=moment)


def _bounce(lease: Lease[LinkMail], said: str) -> None:
    message = f"{lease.job.recipient} cannot be reached by mail"
    _close(lease, MailState.BOUNCED, said, "bounced", message, why=f"The mail server said: {said}")


def _fail(lease: Lease[LinkMail], why: str) -> None:
    message = f"The message to {lease.job.recipient} was not sent"
    _close(lease, MailState.FAILED, why, "unmailed", message, why=why)


def _close(
    lease: Lease[LinkMail], state: MailState, error: str, event: str, message: str, *, why: str
) -> None:
    with transaction.atomic():
        link = progress.lock(lease.job.link_id)
        lease.finish(state=state, last_error=error)
        timeline.record(link, event, message, why=why, mail=lease.job.pk)
