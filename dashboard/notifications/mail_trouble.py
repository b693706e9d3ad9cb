"""While the mail server refuses what we send: said once, and little is tried, until it is mended.

A refusal that is about us meets every message. So it is kept once, for customers' and colleagues'
mail alike: a notification in each console it was met in, a pause between tries, an end with the
first message that is taken.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from dashboard.common.untrusted_text import storable
from dashboard.consoles.models import Console
from dashboard.notifications import services
from dashboard.notifications.kinds import NotificationKind, register
from dashboard.notifications.models import MailTrouble

logger = logging.getLogger(__name__)

MAIL_REFUSED = register(
    NotificationKind(
        "mail-refused",
        "Mail refused",
        shape="failed",
        order=90,
        help="It does not let us send. By e-mail you hear of it afterwards.",
    )
)

COOL_DOWN = timedelta(minutes=1)
"""Then one message tries whether it was mended."""


def current() -> MailTrouble | None:
    """The trouble that has not ended, if there is one."""
    return MailTrouble.objects.filter(is_over=False).first()


def is_resting() -> bool:
    """Whether a refusal was met so lately that nothing should be tried by itself."""
    return MailTrouble.objects.filter(is_over=False, cool_down_until__gt=timezone.now()).exists()


def record_refusal(console: Console, message: str) -> None:
    """A message of this console was refused for what somebody here can mend; told once."""
    cool_down_until = timezone.now() + COOL_DOWN
    with transaction.atomic():
        trouble = current() or _begin(message)
        MailTrouble.objects.filter(pk=trouble.pk).update(
            message=storable(message), cool_down_until=cool_down_until
        )
        services.post(
            MAIL_REFUSED,
            console,
            "The mail server refuses our messages",
            details=f"{message.rstrip('.')}. Messages wait until this is mended.",
            url=reverse("settings_index"),
            dedupe_key=f"mail-refused:{trouble.pk}:{console.pk}",
        )


def _begin(message: str) -> MailTrouble:
    try:
        with transaction.atomic():
            trouble = MailTrouble.objects.create(message=storable(message))
    except IntegrityError:  # another worker met it at the same moment
        trouble = MailTrouble.objects.get(is_over=False)
    else:
        logger.warning("mail refused trouble=%d", trouble.pk)
    return trouble


def record_taken() -> bool:
    """The mail server took a message; says whether that ended a trouble."""
    return bool(MailTrouble.objects.filter(is_over=False).update(is_over=True))
