"""Which connectors templates and cycles need: rows of their own, beside what is merged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model

from dashboard.mirror.models import (
    Cycle,
    CycleConnector,
    Mirrored,
    MirrorQuerySet,
    Template,
    TemplateConnector,
)

Needed = dict[str, Any]
"""The columns of a connector that a template or a cycle needs."""

OWNERS: dict[type[Mirrored], tuple[type[Model], str]] = {
    Cycle: (CycleConnector, "cycle"),
    Template: (TemplateConnector, "template"),
}


def write_needed(
    rows: MirrorQuerySet, found: Mapping[Hashable, Sequence[Needed]], began: datetime
) -> None:
    """Which connectors templates or cycles need, by Cyclr’s id; of those that a listing filled.

    `rows` were merged with the listing that began then, in the transaction of this call. What an
    older or a newer listing said of a row is left alone.
    """
    model, owner = OWNERS[rows.model]
    told = rows.filter(seen_at=began, gone_at=None, missed=0)
    pks = {pk: cyclr_id for pk, cyclr_id in told.values_list("pk", "cyclr_id") if cyclr_id in found}
    columns = sorted({column for ones in found.values() for one in ones for column in one})
    wanted = {
        (pk, *(one[column] for column in columns))
        for pk, cyclr_id in pks.items()
        for one in found[cyclr_id]
    }
    there: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    known = model._default_manager.filter(**{f"{owner}__in": rows.order_by().values("pk")})
    for pk, *values in known.order_by().values_list("pk", f"{owner}_id", *columns):
        if values[0] in pks:
            there[tuple(values)].append(pk)
    lost = [pk for values, its in there.items() for pk in its[values in wanted :]]
    if lost:
        model._default_manager.filter(pk__in=lost).delete()
    model._default_manager.bulk_create(
        model(**{f"{owner}_id": pk}, **dict(zip(columns, values, strict=True)))
        for pk, *values in sorted(wanted - there.keys(), key=repr)
    )
