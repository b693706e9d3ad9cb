"""The chain of the trail: each entry holds on to the one before it, so that no edit goes unseen.

An entry gets its place as the last thing of the transaction that writes it. The head of its chain
is locked only then, after all else: acts wait for each other for no longer than a commit takes, and
as every transaction takes that lock last, and several in the order of their numbers, none waits in
a circle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, timedelta

from django.db import connection, transaction
from django.utils import timezone

from dashboard.audit.models import AuditChain, AuditEntry, ChainedEntry
from dashboard.common.databases.before_commit import do_before_commit

VERSION = 1
"""Of the canonical form: one that says more gets another number."""
AT_A_TIME = 1000
LEFT_OVER_FOR = timedelta(days=1)
"""Processes of a version without chains may write for so long after the upgrade."""


def number_of(entry: AuditEntry) -> int:
    """The number of the chain that the entry belongs to."""
    return entry.console_id or 0


def digest_of(entry: AuditEntry, chain: int, sequence: int, previous: str) -> str:
    """SHA-256 over everything that the entry says, its place, and the digest before."""
    told = [
        *(VERSION, chain, sequence, previous),
        *(entry.pk, entry.at.astimezone(UTC).isoformat(timespec="microseconds")),
        *(entry.actor_kind, entry.actor_user_id, entry.actor_link, entry.actor_name),
        *(entry.console_id, entry.action, entry.target, entry.target_url, entry.account_name),
        *(entry.result, entry.details),
        *(entry.search_text, entry.actor_search, entry.account_search),
    ]
    canonical = json.dumps(told, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def place_before_commit(entries: Iterable[AuditEntry]) -> None:
    """Give the entries their places when this transaction commits."""
    for entry in entries:
        do_before_commit(_place_written, entry.pk)


def _place_written(pks: Sequence[int]) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # foreign keys lock rows: before the heads are locked
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for start in range(0, len(pks), AT_A_TIME):
        # Read again: what a database keeps may differ from what it was given.
        some = AuditEntry.objects.filter(pk__in=pks[start : start + AT_A_TIME])
        place(list(some.order_by("pk")))


def place(entries: Sequence[AuditEntry]) -> None:
    """Append the entries to their chains; call it in a transaction."""
    by_chain: dict[int, list[AuditEntry]] = {}
    for entry in entries:
        by_chain.setdefault(number_of(entry), []).append(entry)
    for number, some in sorted(by_chain.items()):
        head = lock(number)
        sequence, digest, places = head.sequence, head.digest, []
        for entry in some:
            sequence += 1
            digest = digest_of(entry, number, sequence, digest)
            places.append(ChainedEntry(entry=entry, chain=number, sequence=sequence, digest=digest))
        ChainedEntry.objects.bulk_create(places)
        AuditChain.objects.filter(pk=number).update(sequence=sequence, digest=digest)


def lock(number: int) -> AuditChain:
    """The head of a chain, until the transaction ends; a new chain has none yet."""
    heads = AuditChain.objects.select_for_update()
    head = heads.filter(pk=number).first()
    if head is None:
        AuditChain.objects.bulk_create([AuditChain(number=number)], ignore_conflicts=True)
        head = heads.get(pk=number)
    return head


def place_left_over() -> int:
    """Give places to entries without one; how many there were. Safe to repeat and to break off."""
    count = last = 0
    while True:
        with transaction.atomic():
            rows = AuditEntry.objects.filter(place=None, pk__gt=last).order_by("pk")
            some = list(rows[:AT_A_TIME])
            place(some)
        count += len(some)
        if len(some) < AT_A_TIME:
            return count
        last = some[-1].pk


def is_upgrading() -> bool:
    """Whether processes of a version without chains may still write entries."""
    first = AuditChain.objects.filter(pk=0).first()
    return first is not None and timezone.now() < first.began_at + LEFT_OVER_FOR
