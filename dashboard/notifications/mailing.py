"""Notifications by e-mail: the messages to who wants them. A burst is one message, not many."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

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
from dashboard.jobs.leases import Lease, finish_all
from dashboard.notifications import mail_trouble
from dashboard.notifications.addresses import staff_url
from dashboard.notifications.models import Notification, NotificationMail, SendState
from dashboard.notifications.preferences import preferences_for
from dashboard.notifications.retries import final_message
from dashboard.people.models import User

logger = logging.getLogger(__name__)

LONGEST_SUBJECT = 150


def send_to(leases: Sequence[Lease[NotificationMail]]) -> None:
    """Send one person what waits for them, in one message.

    Who left, lost the role in a console or no longer wants the kind gets nothing of it.
    """
    user = leases[0].job.user
    wanted = [lease for lease in leases if _is_wanted(lease.job, user)]
    finish_all([one for one in leases if one not in wanted], state=SendState.DROPPED)
    if not wanted:
        return
    try:
        hand_over(_message(user, [lease.job for lease in wanted]))
    except (MailboxError, UnwritableError) as error:
        what = "The address was refused" if isinstance(error, MailboxError) else "Not written"
        message = str(storable(f"{what}: {error}"))
        finish_all(wanted, state=SendState.FAILED, last_error=message)
        logger.warning("notifications not mailed user=%d error=%s", user.pk, type(error).__name__)
    except OurFaultError as error:
        _wait(wanted, error)
        mail_trouble.record_refusal(wanted[0].job.notification.console, str(error))
    except PutOffError as error:
        _wait(wanted, error)
    else:
        finish_all(wanted, state=SendState.SENT, sent_at=timezone.now(), last_error="")
        mail_trouble.record_taken()
        logger.info("notifications mailed user=%d count=%d", user.pk, len(wanted))


def give_up(lease: Lease[NotificationMail], error: BaseException | None) -> None:
    """A day is over."""
    lease.finish(state=SendState.FAILED, last_error=final_message(lease.job.last_error))


def _is_wanted(mail: NotificationMail, user: User) -> bool:
    notification = mail.notification
    if not user.is_active or notification.console.retired_at is not None:
        return False
    if user.role_in(notification.console_id) is None:
        return False
    if mail.rule is not None and mail.rule.people.filter(pk=user.pk).exists():
        return True
    return preferences_for(notification).filter(user=user).exists()


def _wait(leases: Sequence[Lease[NotificationMail]], error: Exception) -> None:
    for lease in leases:
        lease.retry(error, last_error=str(error))


def _message(user: User, mails: Sequence[NotificationMail]) -> Message:
    """The message as plain text. It leads to staff pages alone, which ask to sign in."""
    first = display_line(mails[0].notification.message)
    subject = first if len(mails) == 1 else f"{len(mails)} notifications"
    end = (
        "You chose to get these by e-mail, or a rule of the console says so. See\n"
        f"{staff_url(reverse('notification_preferences'))}\n"
    )
    reference = f"notices-{user.pk}-{mails[0].pk}-{mails[-1].pk}"
    return compose(
        to=user.email,
        subject=Truncator(f"Cyclr Desk: {subject}").chars(LONGEST_SUBJECT),
        text="\n\n".join([*(_told(mail.notification) for mail in mails), end]),
        headers={
            # The same rows make the same id: a message that was sent twice is known as one.
            "Message-ID": f"<{reference}@{sender_domain()}>",
            "From": sender(),
            "Auto-Submitted": "auto-generated",
        },
    )


def _told(notification: Notification) -> str:
    lines = [
        display_line(notification.message),
        display_line(notification.details),
        f"{format_short(notification.at)} UTC, {display_line(notification.console.name)}",
        staff_url(notification.url),
    ]
    return "\n".join(line for line in lines if line)
