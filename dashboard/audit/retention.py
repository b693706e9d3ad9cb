"""How long the trail is kept: what is older goes, in small sets, and the chain stays checkable."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from dashboard.audit import services
from dashboard.audit.chain import lock
from dashboard.audit.models import Actor, AuditChain, AuditEntry, AuditPruning, AuditRetention
from dashboard.audit.models import ChainedEntry as Placed
from dashboard.audit.verification import PRUNE
from dashboard.consoles.models import Console
from dashboard.people.models import User

logger = logging.getLogger(__name__)

SHORTEST, LONGEST = 30, 36_500
"""Days."""
AT_A_TIME = 500
MOST_AT_ONCE = 20
"""Sets of one chain in one go: the next go takes the rest."""


def days() -> int | None:
    """For how many days the trail is kept; None: for ever."""
    kept = AuditRetention.objects.first()
    return kept.days if kept else None


@transaction.atomic
def keep_for(new: int | None, by: User) -> bool:
    """Keep the trail for so many days from now on; says whether that is another number."""
    kept = AuditRetention.objects.select_for_update().first() or AuditRetention(pk=1)
    if kept.days == new:
        return False
    before, kept.days = kept.days, new
    kept.save()
    services.record(
        Actor.staff(by),
        "audit.keep_for",
        target=f"{new} days" if new else "for ever",
        target_url="/settings/retention/",
        before=before,
        days=new,
    )
    return True


def prune(number: int, older_than_days: int) -> int:
    """Delete what is older from one chain; how many entries went.

    What it is about to do is recorded first, in the same chain: a deletion that no such entry tells
    of is found by the check.
    """
    up_to = _last_old(number, older_than_days)
    if up_to is None:
        return 0
    services.record(
        Actor.system(),
        PRUNE,
        console=Console.objects.filter(pk=number).first() if number else None,
        target=f"older than {older_than_days} days",
        up_to=up_to,
    )
    gone = 0
    for _ in range(MOST_AT_ONCE):
        some = _prune_some(number, up_to)
        gone += some
        if not some:
            break
    logger.info("audit trail pruned chain=%d entries=%d", number, gone)
    return gone


def _last_old(number: int, days: int) -> int | None:
    """The place up to which all is older: the chain is cut at one place, whatever clocks said."""
    head = AuditChain.objects.filter(pk=number).first()
    if head is None:
        return None
    rows = Placed.objects.filter(chain=number).order_by("sequence")
    end = timezone.now() - timedelta(days=days)
    most = rows.values_list("sequence", "entry__at")[: AT_A_TIME * MOST_AT_ONCE]
    last = None
    for sequence, at in most:
        if at is None or at >= end or sequence >= head.sequence:
            break
        last = sequence
    return last


@transaction.atomic
def _prune_some(number: int, up_to: int) -> int:
    head = lock(number)
    old = Placed.objects.filter(chain=number, sequence__lte=up_to).order_by("sequence")
    some = list(old[:AT_A_TIME])
    if not some:
        return 0
    last = some[-1]
    AuditPruning.objects.create(chain=number, up_to=last.sequence)
    pks = [one.entry_id for one in some]
    for rows in (AuditEntry.objects.filter(pk__in=pks), Placed.objects.filter(pk__in=pks)):
        rows._raw_delete(rows.db)  # entries first: the triggers look at places
    AuditPruning.objects.filter(pk=number).delete()
    head.pruned_sequence, head.pruned_digest = last.sequence, last.digest
    head.save(update_fields=["pruned_sequence", "pruned_digest"])
    return len(some)
