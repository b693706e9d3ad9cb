"""Sending one message of the outbox: claim, write, hand over, note what came of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from dashboard.bulk import services as bulk
from dashboard.common.claims import unclaimed
from dashboard.common.mail import (
    MailboxError,
    OurFaultError,
    PutOffError,
    UnwritableError,
    hand_over,
    is_delivered,
)
from dashboard.common.sealing import SealBrokenError
from dashboard.links import letters, reminders, services
from dashboard.links.models import Link, LinkMail, LinkState, MailKind, MailState
from dashboard.notices import mail_trouble

CLAIM = timedelta(seconds=90)
"""Longer than a task may take: who claims it later can be sure that nobody is at it."""
GIVE_UP_AFTER = timedelta(days=1)
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
PIECE = 8
"""Letters of a link's address by which it is known in what a mail server says."""

LOST_KEY = "This link’s address is no longer available. Create a new link."


def send(mail_id: int) -> None:
    """Send one message if it waits and nobody else is at it.

    Done twice at the same time one of them finds it claimed. Should a worker die between the mail
    server's yes and our note, it is sent once more, with the same Message-ID.
    """
    moment = timezone.now()
    claimed_until = moment + CLAIM
    rows = LinkMail.objects.filter(pk=mail_id, state=MailState.WAITING, not_before__lte=moment)
    rows = rows.filter(unclaimed(moment))
    if not rows.update(claimed_until=claimed_until, tries=F("tries") + 1):
        return
    mail = LinkMail.objects.select_related("link__console", "link__account").get(pk=mail_id)
    if needless := _needless(mail):
        _mine(mail).update(state=MailState.DROPPED, error=needless, claimed_until=None)
        return
    if mail.created_at < moment - GIVE_UP_AFTER:
        _fail(mail, mail.error or "It could not be sent for a day.")
        return
    if (later := _too_early(mail, moment)) is not None:
        _mine(mail).update(not_before=later, claimed_until=None, tries=F("tries") - 1)
        return
    try:
        message_id = letters.message_id_of(mail)
        message = letters.as_message(letters.write(mail.link, MailKind(mail.kind)), message_id)
    except SealBrokenError:
        _fail(mail, LOST_KEY)
        return
    except UnwritableError as error:
        _fail(mail, str(error))
        return
    if not _mine(mail).update(message_id=message_id):
        return
    try:
        hand_over(message)
    except PutOffError as error:
        _put_off(mail, str(error))
    except OurFaultError as error:
        _hold(mail, _without_address(str(error), mail.link))
    except MailboxError as error:
        _bounce(mail, _without_address(str(error), mail.link))
    except UnwritableError as error:
        _fail(mail, str(error))
    else:
        _note_sent(mail)


def _without_address(words: str, link: Link) -> str:
    """A filter's refusal may quote the link's address, whole or broken over lines: cut there."""
    token, said = link.token(), words.lower()
    pieces = (token[place : place + PIECE] for place in range(len(token) - PIECE + 1))
    places = [place for piece in pieces if (place := said.find(piece)) >= 0]
    return f"{words[: min(places)]}…" if places else words


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


def _mine(mail: LinkMail) -> QuerySet[LinkMail]:
    """The row as long as this claim holds."""
    return LinkMail.objects.filter(
        pk=mail.pk, state=MailState.WAITING, claimed_until=mail.claimed_until
    )


def _put_off(mail: LinkMail, words: str, pause: timedelta | None = None) -> None:
    """Until later, for a day at most; without a `pause` later and later."""
    moment = timezone.now()
    words = _without_address(words, mail.link)
    pause = pause or min(SHORTEST_PAUSE * 2 ** min(mail.tries - 1, 10), LONGEST_PAUSE)
    if moment + pause > mail.created_at + GIVE_UP_AFTER:
        _fail(mail, words)
        return
    _mine(mail).update(not_before=moment + pause, claimed_until=None, error=words)


def _hold(mail: LinkMail, words: str) -> None:
    """What is refused is about us: said once, and a campaign makes no more that would be."""
    with transaction.atomic():
        mail_trouble.note_refusal(mail.link.console, words)
        if mail.link.run_id is not None:
            bulk.halt(mail.link.run_id, f"{words.rstrip('.')}. Mend that before you resume it.")
    _put_off(mail, words, mail_trouble.RESTS_FOR)  # few try meanwhile


def _note_sent(mail: LinkMail) -> None:
    moment = timezone.now()
    with transaction.atomic():
        if mail_trouble.note_taken():
            _let_go(moment)
        link = services.lock(mail.link_id)
        is_file = not is_delivered()
        if not _mine(mail).update(
            state=MailState.SENT, is_file=is_file, sent_at=moment, claimed_until=None, error=""
        ):
            return
        was_sent = link.state != LinkState.CREATED and not link.is_only_file
        Link.objects.filter(pk=link.pk).update(is_only_file=is_file and not was_sent)
        Link.objects.filter(pk=link.pk, sent_at=None).update(sent_at=moment)
        services.move(link, LinkState.SENT)
        link.note("mailed", _sent_words(mail, is_file=is_file), mail=mail.pk)


def _sent_words(mail: LinkMail, *, is_file: bool) -> str:
    what = "Reminder " if mail.kind == MailKind.REMINDER else ""
    if is_file:
        words = f"{what}written to a file, not mailed to {mail.recipient}: no mail server is set"
    else:
        words = f"{what}mailed to {mail.recipient}"
    return words[0].upper() + words[1:]


def _let_go(moment: datetime) -> None:
    """The trouble is over: what it held back leaves now, not when its next try would be."""
    held = LinkMail.objects.filter(state=MailState.WAITING, tries__gt=0, not_before__gt=moment)
    held.update(not_before=moment)


def _bounce(mail: LinkMail, said: str) -> None:
    words = f"{mail.recipient} cannot be reached by mail"
    _close(mail, MailState.BOUNCED, said, "bounced", words, why=f"The mail server said: {said}")


def _fail(mail: LinkMail, why: str) -> None:
    words = f"The message to {mail.recipient} was not sent"
    _close(mail, MailState.FAILED, why, "unmailed", words, why=why)


def _close(
    mail: LinkMail, state: MailState, error: str, event: str, words: str, *, why: str
) -> None:
    with transaction.atomic():
        link = services.lock(mail.link_id)
        if _mine(mail).update(state=state, error=error, claimed_until=None):
            link.note(event, words, why=why, mail=mail.pk)
