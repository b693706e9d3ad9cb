"""Reminders of links: when one is due, and the customer's wish to get no more of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from dashboard.audit.models import Actor
from dashboard.common import timing
from dashboard.links import progress, services, timeline
from dashboard.links.mail import mailing
from dashboard.links.models import Link, LinkMail, MailKind, MailState

AFTER_DAYS = (1, 3, 6)
"""Days from the newest invitation to each reminder."""
OPENS, CLOSES = 9, 17
"""Hours of the customer's day between which reminders leave."""
AT_ONCE = 200


def zone_of(link: Link) -> tzinfo:
    """The time zone of the link's account; UTC when nobody knows it."""
    return timing.zone(link.account.timezone) or UTC


def is_daytime(moment: datetime, zone: tzinfo) -> bool:
    """Whether a reminder may leave now, by the customer's clock."""
    return OPENS <= moment.astimezone(zone).hour < CLOSES


def next_daytime(moment: datetime, zone: tzinfo) -> datetime:
    """The next moment at which a reminder may leave; `moment` itself if it may now."""
    if is_daytime(moment, zone):
        return moment
    local = moment.astimezone(zone)
    day = local if local.hour < OPENS else local + timedelta(days=1)
    return day.replace(hour=OPENS, minute=0, second=0, microsecond=0).astimezone(UTC)


def due_number(invited_at: datetime, newest: int, moment: datetime) -> int | None:
    """Which reminder is due, if any; of several that were missed the newest alone.

    `newest`: the highest number that was queued before, 0 for none.
    """
    passed = sum(moment >= invited_at + timedelta(days=days) for days in AFTER_DAYS)
    return passed if passed > newest else None


def queue_due() -> int:
    """Put the reminders that are due into the outbox; says how many. Each number goes once."""
    moment = timezone.now()
    queued = 0
    for link in _candidates(moment):
        number = due_number(link.invited_at, link.newest, moment)
        zone = zone_of(link)
        if number is None or not is_daytime(moment, zone) or _was_written_today(link, moment, zone):
            continue
        mailing.queue_mail(link, Actor.system(), MailKind.REMINDER, number=number)
        queued += 1
        if queued >= AT_ONCE:
            break
    return queued


def end(link: Link, *, how: str = "", label: dict[str, Any] | None = None) -> None:
    """The customer wants no more reminders of this link; asked twice it is noted once.

    `how` says by which way, `label` is that of a visitor who is likely not the customer.
    """
    label = label or {}
    message = "The customer wants no more reminders"
    if label:
        message = f"Reminders ended by {label.get('staff') or 'what is likely a machine'}"
    with transaction.atomic():
        progress.lock(link.pk)
        rows = Link.objects.filter(pk=link.pk, reminders_ended_at=None)
        if not rows.update(reminders_ended_at=timezone.now()):
            return
        timeline.record(
            link, "unsubscribed", message, None, **({"why": how} if how else {}) | label
        )
        services.record(link, Actor.link(link.pk), "links.unsubscribe")
    link.refresh_from_db(fields=["reminders_ended_at"])


def begin_again(link: Link, actor: Actor) -> bool:
    """Somebody here lets reminders go on that were ended; says whether they were."""
    with transaction.atomic():
        now = progress.lock(link.pk)
        rows = Link.objects.filter(pk=now.pk, reminders_ended_at__isnull=False)
        if not now.is_usable or not rows.update(reminders_ended_at=None, has_reminders=True):
            return False
        timeline.record(now, "reminding", f"Reminders begun again by {actor.name}")
        services.record(now, actor, "links.remind")
    return True


def was_ended_by(link: Link) -> str:
    """Who ended the reminders, in words; empty while they have not been ended."""
    if link.reminders_ended_at is None:
        return ""
    line = link.events.filter(event="unsubscribed").first()
    if line is not None and line.is_robot:
        return "Ended by what is likely a mail scanner"
    staff = line.details.get("staff") if line is not None else ""
    return f"Ended by {staff or 'the customer'}"


def _candidates(moment: datetime) -> list[Any]:
    """Usable links that were mailed to their present recipient, and whose next reminder is due.

    With `invited_at`, and `newest`: the number of the last reminder, 0 before the first.
    """
    to_recipient = Q(mails__recipient=F("recipient_email"))
    invited = to_recipient & Q(mails__kind=MailKind.INVITATION, mails__state=MailState.SENT)
    links = Link.objects.open().filter(
        console__undecided_since=None,
        has_reminders=True,
        reminders_ended_at=None,
        sent_at__lte=moment - timedelta(days=AFTER_DAYS[0]),
    )
    links = links.exclude(recipient_email="").annotate(
        invited_at=Max("mails__sent_at", filter=invited),
        newest=Coalesce(Max("mails__number", filter=Q(mails__kind=MailKind.REMINDER)), 0),
        taken=Coalesce(Max("mails__pk", filter=invited), 0),
        bounced=Coalesce(
            Max("mails__pk", filter=to_recipient & Q(mails__state=MailState.BOUNCED)), 0
        ),
    )
    is_due = Q()
    for newest, days in enumerate(AFTER_DAYS):
        is_due |= Q(newest=newest, invited_at__lte=moment - timedelta(days=days))
    # A bounce ends them, until a later message to the same address was taken.
    links = links.filter(is_due, bounced__lt=F("taken"))
    return list(links.select_related("account", "console").order_by("pk"))


def _was_written_today(link: Link, moment: datetime, zone: tzinfo) -> bool:
    """Whether the recipient gets another message of this account's links today, by their clock."""
    mails = LinkMail.objects.filter(
        link__account_id=link.account_id,
        recipient=link.recipient_email,
        state__in=[MailState.WAITING, MailState.SENT],
    )
    today = moment.astimezone(zone).date()
    lately = mails.filter(Q(created_at__gt=moment - timedelta(days=2)) | Q(state="waiting"))
    lately |= mails.filter(sent_at__gt=moment - timedelta(days=2))
    return any(
        mail.state == MailState.WAITING
        or (mail.sent_at or mail.created_at).astimezone(zone).date() == today
        for mail in lately
    )
