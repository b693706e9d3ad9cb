"""Whether the trail is as it was written: each chain from its beginning to its head."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from dashboard.audit import heads
from dashboard.audit.chain import digest_of, number_of
from dashboard.audit.models import NOTHING_BEFORE, AuditChain, AuditEntry, ChainedEntry

AT_A_TIME = 1000
Heads = dict[int, list[heads.Head]]
"""What was kept or sent elsewhere of one chain, by its number in it."""
PRUNE = "audit.prune"
"""The act of the retention: its entry says up to which place it may delete."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a chain, up to which all is well."""

    sequence: int
    digest: str


@dataclass(frozen=True, slots=True)
class Checked:
    """How far a check came, and what it found; without a fault and `is_whole`, all is well."""

    place: Place
    is_whole: bool = True
    fault: str = ""


class BadEntryError(Exception):
    """The first entry that is not as it was written; the message names it and says why."""


def numbers() -> list[int]:
    """Every chain there is, or was: also one whose head somebody deleted."""
    known = set(AuditChain.objects.values_list("number", flat=True))
    known |= set(ChainedEntry.objects.order_by().values_list("chain", flat=True).distinct())
    try:
        known |= {head.chain for head in heads.kept()}
    except heads.HeadFileError:
        known |= {0}  # its check says so
    return sorted(known)


def check(
    number: int,
    start: Place | None = None,
    *,
    seconds: float | None = None,
    outside: Sequence[heads.Head] = (),
) -> Checked:
    """Check a chain from its beginning, or on from `start`, for so many seconds at most.

    `outside`: heads that were sent to elsewhere, besides those of the file.
    """
    place = start or Place(0, NOTHING_BEFORE)
    try:
        head = AuditChain.objects.filter(pk=number).first()
        if head is None:
            raise BadEntryError("The head of the chain is gone.")
        written: Heads = {}
        for one in [*heads.kept(), *outside]:
            if one.chain == number:
                written.setdefault(one.sequence, []).append(one)
        if place.sequence < head.pruned_sequence:
            place = Place(head.pruned_sequence, head.pruned_digest)
            _compare(place, f"No. {place.sequence}", written)
        ends = time.monotonic() + seconds if seconds else None
        while place.sequence < head.sequence:
            place = _check_next(number, place, head.sequence, written)
            if ends and time.monotonic() >= ends and place.sequence < head.sequence:
                return Checked(place, is_whole=False)
        _check_end(head, place, written)
    except (BadEntryError, heads.HeadFileError) as error:
        return Checked(place, fault=str(error))
    return Checked(place)


def unplaced() -> str:
    """What is wrong if an entry stands in no chain; empty if none does."""
    pk = AuditEntry.objects.filter(place=None).order_by("pk").values_list("pk", flat=True).first()
    return f"Entry {pk} stands in no chain: it was not written by Cyclr Desk." if pk else ""


def headless() -> str:
    """What is wrong if a chain has lost its head, which no check begins with; empty if none has."""
    known = set(AuditChain.objects.values_list("number", flat=True))
    gone = [number for number in numbers() if number not in known]
    return f"The head of chain {gone[0]} is gone." if gone else ""


def _check_next(number: int, place: Place, until: int, written: Heads) -> Place:
    """Check the next entries; the place of the last of them."""
    rows = ChainedEntry.objects.filter(chain=number, sequence__gt=place.sequence)
    places = list(rows.filter(sequence__lte=until).order_by("sequence")[:AT_A_TIME])
    if not places:
        raise BadEntryError(f"No. {place.sequence + 1} and all that follow are gone.")
    entries = _read([one.entry_id for one in places])
    for one in places:
        if one.sequence != place.sequence + 1:
            if _is_pruned(number, one.sequence - 1):  # by the retention, meanwhile
                return _pruned_place(number)
            raise BadEntryError(f"No. {place.sequence + 1} is gone.")
        entry = entries.get(one.entry_id)
        named = f"No. {one.sequence} (entry {one.entry_id})"
        if entry is None:
            if _is_pruned(number, one.sequence):  # since its place was read
                return _pruned_place(number)
            raise BadEntryError(f"{named} is gone, or cannot be read.")
        if number_of(entry) != number:
            raise BadEntryError(f"{named} was moved to another console.")
        if digest_of(entry, number, one.sequence, place.digest) != one.digest:
            raise BadEntryError(f"{named} is not what was written.")
        place = Place(one.sequence, one.digest)
        _compare(place, named, written)
    return place


def _compare(place: Place, named: str, written: Heads) -> None:
    """What was kept or sent elsewhere of this place must be the same."""
    for head in written.get(place.sequence, []):
        if head.digest != place.digest:
            when = "from outside" if head.at == heads.UNKNOWN else f"of {head.at:%Y-%m-%d}"
            raise BadEntryError(f"{named} is not what the head {when} holds.")


def _check_end(head: AuditChain, place: Place, written: Heads) -> None:
    if (place.sequence, place.digest) != (head.sequence, head.digest):
        raise BadEntryError(f"The head of the chain does not fit No. {place.sequence}.")
    last = max(written, default=0)
    if last > head.sequence:
        raise BadEntryError(
            f"It ends at No. {head.sequence}, and a head that was kept is No. {last}: "
            "entries were cut off at the end."
        )
    if head.pruned_sequence > head.sequence:
        raise BadEntryError("More was taken out by the retention than there was.")
    if head.pruned_sequence and head.pruned_sequence > _may_be_pruned(head.number):
        raise BadEntryError(
            f"All up to No. {head.pruned_sequence} is gone, and no act of the retention says so."
        )
    if ChainedEntry.objects.filter(chain=head.number, sequence__lte=head.pruned_sequence).exists():
        raise BadEntryError(f"Entries up to No. {head.pruned_sequence} are said to be gone.")
    # `unplaced` finds entries without a place; this, places behind the end.
    if ChainedEntry.objects.filter(chain=head.number, sequence__gt=head.sequence).exists():
        now = AuditChain.objects.get(pk=head.number).sequence
        behind = ChainedEntry.objects.filter(chain=head.number, sequence__gt=now)
        if behind.exists():
            raise BadEntryError(f"There are entries behind the head of the chain, No. {now}.")


def _may_be_pruned(number: int) -> int:
    """The place up to which the retention said that it deletes."""
    where = Q(console=number) if number else Q(console=None)
    acts = AuditEntry.objects.filter(where, action=PRUNE).order_by("-pk")
    told = [act.details.get("up_to") for act in acts if isinstance(act.details, dict)]
    return max((one for one in told if isinstance(one, int)), default=0)


def _is_pruned(number: int, sequence: int) -> bool:
    return AuditChain.objects.filter(pk=number, pruned_sequence__gte=sequence).exists()


def _pruned_place(number: int) -> Place:
    head = AuditChain.objects.get(pk=number)
    return Place(head.pruned_sequence, head.pruned_digest)


def _read(pks: list[int]) -> dict[int, AuditEntry]:
    """The entries by key; one that cannot be read is left out."""
    try:
        return AuditEntry.objects.in_bulk(pks)
    except (ValueError, TypeError, AttributeError, OverflowError):
        found: dict[int, AuditEntry] = {}
        for pk in pks:
            try:
                found |= AuditEntry.objects.in_bulk([pk])
            except (ValueError, TypeError, AttributeError, OverflowError):
                continue
        return found
