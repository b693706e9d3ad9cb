"""Notices by e-mail: who wants which, and the messages. A burst is one message, not many."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from dashboard.common.foreign import as_line, storable
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
from dashboard.common.timing import short_words
from dashboard.consoles.models import Console
from dashboard.jobs.leases import Lease, finish_all
from dashboard.notices import mail_trouble
from dashboard.notices.addresses import staff_url
from dashboard.notices.kinds import KINDS
from dashboard.notices.models import Notice, NoticeMail, NoticeWish, SendState
from dashboard.people.models import User

logger = logging.getLogger(__name__)

GATHER_FOR = timedelta(seconds=30)
"""A message waits so long for what happens right after, so that both are one."""
LONGEST_SUBJECT = 150

Wish = tuple[int | None, str]
"""A console's id, or None for all of them, and a kind of notice."""


# ---- wishes ----


def wishes_of(user: User) -> set[Wish]:
    """What this person wants by e-mail."""
    return set(user.notice_wishes.values_list("console_id", "kind"))


def set_wishes(user: User, consoles: Iterable[Console | None], wishes: Iterable[Wish]) -> None:
    """Want these and no others of these consoles (None: of all); other consoles' wishes stay."""
    ids = [console.pk if console else None for console in consoles]
    here = Q(console__in=[one for one in ids if one is not None])
    if None in ids:
        here |= Q(console=None)
    wanted = {(console_id, kind) for console_id, kind in wishes if console_id in ids}
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        user.notice_wishes.filter(here).delete()
        NoticeWish.objects.bulk_create(
            NoticeWish(user=user, console_id=console_id, kind=str(KINDS[kind]))
            for console_id, kind in sorted(wanted, key=str)
        )


def queue(notice: Notice) -> None:
    """Put the notice into the outbox for everybody who wants it; they are looked at when sent."""
    wishes = _wishes_for(notice)
    people = User.objects.filter(is_active=True, pk__in=wishes.values("user"))
    due = timezone.now() + GATHER_FOR
    NoticeMail.objects.bulk_create(
        NoticeMail(notice=notice, user_id=pk, not_before=due)
        for pk in people.values_list("pk", flat=True)
    )


def _wishes_for(notice: Notice) -> QuerySet[NoticeWish]:
    here = Q(console=None) | Q(console=notice.console_id)
    return NoticeWish.objects.filter(here, kind=notice.kind)


# ---- sending ----


def send_to(leases: Sequence[Lease[NoticeMail]]) -> None:
    """Send one person what waits for them, in one message.

    Who left, lost the role in a console or no longer wants the kind gets nothing of it.
    """
    user = leases[0].job.user
    wanted = [lease for lease in leases if _is_wanted(lease.job.notice, user)]
    finish_all([one for one in leases if one not in wanted], state=SendState.DROPPED)
    if not wanted:
        return
    try:
        hand_over(_message(user, [lease.job for lease in wanted]))
    except (MailboxError, UnwritableError) as error:
        what = "The address was refused" if isinstance(error, MailboxError) else "Not written"
        words = str(storable(f"{what}: {error}"))
        finish_all(wanted, state=SendState.FAILED, last_error=words)
        logger.warning("notices not mailed user=%d error=%s", user.pk, type(error).__name__)
    except OurFaultError as error:
        _wait(wanted, error)
        mail_trouble.note_refusal(wanted[0].job.notice.console, str(error))
    except PutOffError as error:
        _wait(wanted, error)
    else:
        finish_all(wanted, state=SendState.SENT, sent_at=timezone.now(), last_error="")
        mail_trouble.note_taken()
        logger.info("notices mailed user=%d count=%d", user.pk, len(wanted))


def give_up(lease: Lease[NoticeMail], error: BaseException | None) -> None:
    """A day is over."""
    lease.finish(state=SendState.FAILED, last_error=words_of_end(lease.job.last_error))


def words_of_end(words: str) -> str:
    """Why something was not sent, when it is given up."""
    return f"{words} It was tried for a day." if words else "It could not be sent for a day."


def _is_wanted(notice: Notice, user: User) -> bool:
    if not user.is_active or notice.console.retired_at is not None:
        return False
    if user.role_in(notice.console_id) is None:
        return False
    return _wishes_for(notice).filter(user=user).exists()


def _wait(leases: Sequence[Lease[NoticeMail]], error: Exception) -> None:
    for lease in leases:
        lease.retry(error, last_error=str(error))


def _message(user: User, mails: Sequence[NoticeMail]) -> Message:
    """The message as plain text. It leads to staff pages alone, which ask to sign in."""
    first = as_line(mails[0].notice.words)
    subject = first if len(mails) == 1 else f"{len(mails)} notices"
    end = (
        f"You chose to get these by e-mail. Change that at\n{staff_url(reverse('notice_wishes'))}\n"
    )
    reference = f"notices-{user.pk}-{mails[0].pk}-{mails[-1].pk}"
    return compose(
        to=user.email,
        subject=Truncator(f"Cyclr Desk: {subject}").chars(LONGEST_SUBJECT),
        text="\n\n".join([*(_told(mail.notice) for mail in mails), end]),
        headers={
            # The same rows make the same id: a message that was sent twice is known as one.
            "Message-ID": f"<{reference}@{sender_domain()}>",
            "From": sender(),
            "Auto-Submitted": "auto-generated",
        },
    )


def _told(notice: Notice) -> str:
    lines = [
        as_line(notice.words),
        as_line(notice.details),
        f"{short_words(notice.at)} UTC, {as_line(notice.console.name)}",
        staff_url(notice.url),
    ]
    return "\n".join(line for line in lines if line)
