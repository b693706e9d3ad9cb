"""The daily check of each chain, in pieces, and what the last one found."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from dashboard.audit import chain, heads, retention, verification
from dashboard.audit.models import AuditChain
from dashboard.audit.verification import Checked, Place
from dashboard.consoles.models import Console
from dashboard.jobs.messages import Message

logger = logging.getLogger(__name__)

EVERY = timedelta(days=1)
ASKED_FOR = timedelta(minutes=5)
"""After so long a check that was asked for and has not come on is asked for again."""
PIECE = 20.0
"""Seconds of a check that a worker does at a time."""
MESSAGE = Message("dashboard.audit.tasks.check_chain", "bulk")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the page says of the trail."""

    checked_at: datetime | None
    """When the chain was checked that was so least lately; None if one never was."""
    entries: int
    faults: list[tuple[str, str]]
    """The names of chains that are not as they were written, and why."""


def ask_due() -> None:
    """Have the chains checked that were not for a day."""
    now = timezone.now()
    due = AuditChain.objects.filter(
        Q(checked_at=None) | Q(checked_at__lt=now - EVERY),
        Q(asked_at=None) | Q(asked_at__lt=now - ASKED_FOR),
    )
    for number in due.values_list("number", flat=True):
        AuditChain.objects.filter(pk=number).update(asked_at=now)
        MESSAGE.send(number)


def check_piece(number: int) -> None:
    """Go on with the check of a chain; after its last piece old entries go and the head is kept."""
    row = AuditChain.objects.filter(pk=number).first()
    if row is None:
        return
    if number == 0 and chain.is_upgrading() and (count := chain.place_left_over()):
        logger.info("audit entries of the version before placed entries=%d", count)
    start = Place(row.check_sequence, row.check_digest) if row.check_sequence else None
    checked = verification.check(number, start, seconds=PIECE)
    if not checked.is_whole:
        AuditChain.objects.filter(pk=number).update(
            asked_at=timezone.now(),
            check_sequence=checked.place.sequence,
            check_digest=checked.place.digest,
        )
        MESSAGE.send(number)
        return
    if number == 0 and not checked.fault:
        fault = verification.unplaced() or verification.headless()
        checked = Checked(checked.place, fault=fault)
    _note(number, checked)
    if not checked.fault and (days := retention.days()):
        retention.prune(number, days)


def _note(number: int, checked: Checked) -> None:
    """Keep what was found, and where the chain ends."""
    fault = checked.fault
    if not fault:
        try:
            heads.keep(number, checked.place.sequence, checked.place.digest)
        except heads.HeadFileError as error:
            fault = str(error)
    if fault:
        logger.error("audit trail damaged chain=%d why=%s", number, fault)
    AuditChain.objects.filter(pk=number).update(
        checked_at=timezone.now(),
        checked_sequence=checked.place.sequence,
        check_sequence=0,
        check_digest="",
        fault=fault,
    )


def verdict(numbers: list[int]) -> Verdict | None:
    """What the last checks of these chains found; None if nothing was ever recorded in them."""
    rows = list(AuditChain.objects.filter(pk__in=numbers).order_by("number"))
    if not rows:
        return None
    moments = [row.checked_at for row in rows]
    known = [at for at in moments if at is not None]
    bad = {row.number: row.fault for row in rows if row.fault}
    names = dict(Console.objects.filter(pk__in=bad).values_list("pk", "name")) if bad else {}
    return Verdict(
        checked_at=min(known) if len(known) == len(moments) else None,
        entries=sum(row.checked_sequence - row.pruned_sequence for row in rows if row.checked_at),
        faults=[(names.get(number, "No console"), fault) for number, fault in bad.items()],
    )
