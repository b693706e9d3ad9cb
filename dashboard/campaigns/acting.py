"""Acting on all links of a campaign that are not finished: resend, extend, revoke."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.bulk import services as bulk
from dashboard.bulk.models import BulkRun
from dashboard.common.chunks import IDS_AT_A_TIME, chunks
from dashboard.links.models import (
    ConnectAttempt,
    Link,
    LinkEvent,
    LinkMail,
    LinkState,
    MailKind,
    MailState,
)
from dashboard.links.services import LONGEST
from dashboard.operations import submitting
from dashboard.operations.models import Operation
from dashboard.operations.submissions import own_submission

NOT_AGAIN_WITHIN = timedelta(hours=1)
"""Who was written to so lately is not written to again by a press of *Resend*."""


def unfinished(run: BulkRun) -> QuerySet[Link]:
    """Links of a campaign that were neither connected nor revoked; expired ones count."""
    links: QuerySet[Link] = Link.objects.filter(run=run, connected_at=None, revoked_at=None)
    return links


def extendable(run: BulkRun) -> QuerySet[Link]:
    """Links of a campaign that more time would help: something is left to connect with them."""
    return unfinished(run).filter(emptied_at=None)


def not_opened(run: BulkRun) -> QuerySet[Link]:
    """Links that nobody opened, with an address to write to, not written to in the last hour."""
    is_lately = Q(state=MailState.WAITING) | Q(created_at__gt=timezone.now() - NOT_AGAIN_WITHIN)
    lately = LinkMail.objects.filter(is_lately, link=OuterRef("pk"))
    links = extendable(run).filter(
        expires_at__gt=timezone.now(),
        state__in=[LinkState.CREATED, LinkState.SENT],
    )
    return links.exclude(recipient_email="").exclude(Exists(lately))


def send_again(run: BulkRun, actor: Actor, submission: uuid.UUID) -> int:
    """Put a message to everyone who did not open their link into the outbox; how many.

    The same submission again writes to nobody twice.
    """
    asked = own_submission(submission, actor, "links.resend", run.console)
    with transaction.atomic():
        BulkRun.objects.select_for_update(no_key=True).get(pk=run.pk)  # two leads at once
        mails = []
        for link in not_opened(run).order_by("pk"):
            own = uuid.uuid5(asked, str(link.pk))
            mail = LinkMail(
                link=link,
                kind=MailKind.INVITATION,
                recipient=link.recipient_email,
                submission=own,
            )
            mail.actor = actor
            mails.append(mail)
        LinkMail.objects.bulk_create(mails, batch_size=IDS_AT_A_TIME, ignore_conflicts=True)
        if mails:
            _record(run, actor, "resend", len(mails))
    return len(mails)


def extend_all(run: BulkRun, actor: Actor, by: timedelta) -> int:
    """Let all unfinished links work for so long from now, those that expired too; how many.

    None is shortened. Pressed twice it does nothing more.
    """
    moment = timezone.now()
    until = moment + min(by, LONGEST)
    shorter = Q(expires_at__lt=until - timedelta(minutes=1))
    columns = {"expires_at": until, "is_new_link_asked": False, "moved_at": moment}
    with transaction.atomic():
        pks = _locked(extendable(run).filter(shorter))
        for some in chunks(pks):
            Link.objects.filter(pk__in=some).update(**columns)
        _record_all(pks, moment, "extended", f"Extended by {actor.name}")
        if pks:
            _record(run, actor, "extend", len(pks))
    return len(pks)


def revoke_all(run: BulkRun, actor: Actor) -> int:
    """End all unfinished links at once, and make none that were not made yet; how many ended."""
    moment = timezone.now()
    bulk.end(run, actor)
    begun = Operation.objects.active().filter(bulk_row__run=run)
    for operation in begun.select_related("console", "account"):
        submitting.cancel(operation, actor)
    with transaction.atomic():
        pks = _locked(unfinished(run))
        for some in chunks(pks):
            Link.objects.filter(pk__in=some).update(revoked_at=moment, moved_at=moment)
            ConnectAttempt.objects.filter(item__link__in=some).end()
        _record_all(pks, moment, "revoked", f"Revoked by {actor.name}")
        if pks:
            _record(run, actor, "revoke", len(pks))
    return len(pks)


def _locked(links: QuerySet[Link]) -> list[int]:
    """Their ids, held until the transaction ends; always in the same order."""
    held = links.select_for_update(no_key=True).order_by("pk")
    return list(held.values_list("pk", flat=True))


def _record_all(pks: Sequence[int], moment: datetime, event: str, message: str) -> None:
    lines = [LinkEvent(link_id=pk, at=moment, event=event, message=message) for pk in pks]
    LinkEvent.objects.bulk_create(lines, batch_size=IDS_AT_A_TIME)


def _record(run: BulkRun, actor: Actor, action: str, count: int) -> None:
    audit.record(
        actor,
        f"links.{action}_all",
        console=run.console,
        target=run.title,
        target_url=run.get_absolute_url(),
        result=f"{count} link{'' if count == 1 else 's'}",
        run=run.reference,
    )
