"""The workers' part of links, and what the dispatcher does for them again and again."""

from __future__ import annotations

import logging
from functools import partial

from django.db.models import F, Q, QuerySet

from dashboard.jobs.compiled import AnyRow
from dashboard.jobs.leases import Lease
from dashboard.jobs.periodic import periodic
from dashboard.jobs.working import works_on
from dashboard.links import deletions, link_notifications
from dashboard.links.attempts import checking, confirming, sign_in_tokens
from dashboard.links.mail import delivery, outbox, reminders
from dashboard.links.models import (
    AccountCheck,
    ConnectAttempt,
    Link,
    LinkItem,
    LinkMail,
)

logger = logging.getLogger(__name__)

AT_ONCE = 100


@works_on(ConnectAttempt, gives_up=sign_in_tokens.give_up)
def request_sign_in_token(lease: Lease[ConnectAttempt]) -> None:
    """Request one sign-in token."""
    sign_in_tokens.carry_out(lease)


@works_on(AccountCheck, gives_up=checking.give_up, plans=AccountCheck.objects.begin)
def check_account(lease: Lease[AccountCheck]) -> None:
    """Ask Cyclr once for all started items of an account."""
    checking.carry_out(lease)


@works_on(LinkMail, gives_up=delivery.OUTBOX.give_up, room=partial(outbox.room, LinkMail))
def send_mail(lease: Lease[LinkMail]) -> None:
    """Send one message of the outbox."""
    delivery.OUTBOX.send(lease)


@periodic(every=10)
def confirm_late() -> None:
    """Confirm started items that the normal sync found, for instance hours after the start.

    What was read before the start does not count: an attempt writes its own reading to the
    mirror, so that whatever stands there with a later `seen_at` was read after it. Expired links
    count, since the customer did it in time.
    """
    if any_lost():
        _lost().update(was_authenticated=False)
    if any_found():
        rows = _found().select_related("link__account", "link__console", "account_connector")
        for item in rows.order_by("pk")[:AT_ONCE]:
            confirming.confirm(item, is_authenticated=True)


def _started() -> QuerySet[LinkItem]:
    read_since = Q(account_connector__seen_at__gte=F("started_at"))
    read_since |= Q(account_connector__authenticated_since__gte=F("started_at"))
    return LinkItem.objects.filter(
        read_since,
        connected_at=None,
        started_at__isnull=False,
        link__revoked_at=None,
        link__console__retired_at=None,
        account_connector__gone_at=None,
    )


def _lost() -> QuerySet[LinkItem]:
    return _started().filter(was_authenticated=True, account_connector__authenticated=False)


def _found() -> QuerySet[LinkItem]:
    return _started().filter(was_authenticated=False, account_connector__authenticated=True)


any_lost, any_found = AnyRow(_lost), AnyRow(_found)


@periodic(every=2)
def follow_deletions() -> None:
    """Bring links in line with what the mirror says of their connectors and accounts."""
    for pk in deletions.out_of_line():
        deletions.follow(pk)


any_attempt = AnyRow(lambda: ConnectAttempt.objects.unused())


@periodic(every=3)
def wipe_attempts() -> None:
    """An encrypted address that nobody fetched is gone within a minute."""
    if any_attempt():
        ConnectAttempt.objects.end_old()


@periodic(every=60)
def keep_reminding() -> None:
    """Put the reminders that are due into the outbox."""
    queued = reminders.queue_due()
    if queued:
        logger.info("reminders queued count=%d", queued)


@periodic(every=60)
def tell_of_expiring() -> None:
    """Tell staff of links that end within a day, unfinished; each end is told once."""
    told = link_notifications.tell_of_expiring(Link.objects.all())
    if told:
        logger.info("told of expiring links count=%d", told)
