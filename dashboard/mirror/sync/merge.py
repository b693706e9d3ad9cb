"""Bringing rows in line with a listing.

Listings are compared with a plain read; only rows that differ are locked, a few hundred at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from dashboard.common.chunks import chunks
from dashboard.common.inserting import insert_unknown
from dashboard.mirror.models import Mirrored, MirrorQuerySet
from dashboard.mirror.sync.limits import BATCH
from dashboard.mirror.writing import (
    FILLED,
    confirm,
    differences,
    fill,
    fill_new,
    is_missed,
    is_newer,
    miss,
)

T = TypeVar("T")


@dataclass(slots=True)
class Written:
    """What a merge did."""

    made: int = 0
    changed: int = 0
    gone: int = 0
    skipped: int = 0
    """Elements of the listing that could not be read."""
    before: dict[int, Any] = field(default_factory=dict)
    """By key: the rows that were changed, as they were."""


def merge(
    rows: MirrorQuerySet,
    found: dict[Hashable, dict[str, Any]],
    *,
    key: Callable[[Any], Hashable],
    make: Callable[[Any], Any],
    began: datetime,
    is_complete: bool | Callable[[Any], bool],
) -> Written:
    """Bring rows in line with a listing that began at `began`, or several: then with the first.

    `found` maps each row's key to column values; `make` builds a new row from its key. Where it
    `is_complete`, for all rows or for this one, a row that is not in the listing counts as missed.
    """
    existing = {key(row): row for row in rows}
    new: list[Hashable] = []
    changed: dict[int, dict[str, Any] | None] = {}
    same: list[int] = []
    for found_key, values in found.items():
        row = existing.get(found_key)
        if row is None:
            new.append(found_key)
        elif is_newer(row, began):
            continue
        elif row.missed or row.gone_at or differences(row, values):
            changed[row.pk] = values
        else:
            same.append(row.pk)
    lacking = [row for its_key, row in existing.items() if its_key not in found]
    counted = filter(is_complete, lacking) if callable(is_complete) else lacking * is_complete
    changed |= {row.pk: None for row in counted if is_missed(row, began)}
    before = {row.pk: row for row in existing.values() if row.pk in changed}
    written = Written(made=len(new), before=before)
    for keys in parts(new):  # ten thousand rows at a time would stay the process's for good
        made = [_made(make(one), found[one], began) for one in keys]
        insert_unknown(made)
    for changes in parts(list(changed.items())):
        _rewrite(rows, dict(changes), began, written)
    for pks in parts(same):
        confirm(rows.filter(pk__in=pks), began)
    return written


def _made(row: Mirrored, values: dict[str, Any], began: datetime) -> Mirrored:
    fill_new(row, values, began)
    return row


def _rewrite(
    rows: MirrorQuerySet,
    changes: dict[int, dict[str, Any] | None],
    began: datetime,
    written: Written,
) -> None:
    """Lock these rows, look at them again and write; None stands for "not in the listing"."""
    moment = timezone.now()
    columns = set(FILLED)
    touched = []
    with transaction.atomic():
        locked = rows.filter(pk__in=changes).order_by("pk").select_for_update(no_key=True)
        for row in locked:
            values = changes[row.pk]
            if values is not None and not is_newer(row, began):
                columns |= fill(row, values, began, moment)
            elif values is None and is_missed(row, began):
                written.gone += miss(row, began, moment)
            else:
                continue
            touched.append(row)
        # Each of them is there, and locked. It is ten times as fast as bulk_update's CASE WHEN.
        rows.model._default_manager.bulk_create(
            touched, update_conflicts=True, unique_fields=["id"], update_fields=sorted(columns)
        )
    written.changed += len(touched)


def parts(things: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at a time as one transaction locks and writes."""
    return chunks(things, BATCH)
