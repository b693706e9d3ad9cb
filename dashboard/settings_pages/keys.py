"""Keys that stored secrets need, and sealing them anew with the current one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Substr
from django.utils import timezone

from dashboard.bulk.models import BulkRow
from dashboard.common import sealing
from dashboard.connectors.models import LookUp
from dashboard.consoles.models import Console
from dashboard.consoles.services import unsealed_secret
from dashboard.links.models import Link
from dashboard.notices.models import Webhook
from dashboard.operations.models import Operation

logger = logging.getLogger(__name__)

SEALED: tuple[tuple[type[models.Model], str], ...] = (
    (Operation, "sealed_input"),
    (BulkRow, "sealed_input"),
    (Console, "sealed_client_secret"),
    (Webhook, "sealed_secret"),
    (LookUp, "sealed_answer"),
)
"""Every column that is sealed for longer than a minute; its row says `seal_place`."""

AT_ONCE = 500


def live_links() -> QuerySet[Link]:
    """Links whose address is derived from a key and still works."""
    links: QuerySet[Link] = Link.objects.filter(
        revoked_at=None, connected_at=None, expires_at__gt=timezone.now()
    )
    return links


@dataclass(frozen=True, slots=True)
class NeededKey:
    """A key that is not in the settings any more, and how much still needs it."""

    key_id: str
    links: int
    entries: int
    consoles: int

    def __str__(self) -> str:
        counted = (
            (self.links, "open link"),
            (self.entries, "sealed entry"),
            (self.consoles, "console"),
        )
        needs = [f"{n} {_plural(word, n)}" for n, word in counted if n]
        return f"{self.key_id} ({', '.join(needs)})"


def dropped_keys() -> list[NeededKey]:
    """Keys that open links, sealed entries or sealed console secrets need and nobody has."""
    # Also those of a console that is not in the settings now: it may come back.
    links = _counted(live_links(), F("key_id"))
    entries: dict[str, int] = {}
    for model, column in SEALED:
        if model is Console:
            continue
        rows = model._default_manager.exclude(**{column: ""})
        if model is Webhook:  # nobody could give one of a retired console a new secret
            rows = rows.filter(console__retired_at=None)
        for key, count in _counted(rows, _key_of(column)).items():
            entries[key] = entries.get(key, 0) + count
    sealed = Console.objects.current().exclude(sealed_client_secret="")
    consoles = _counted(sealed, _key_of("sealed_client_secret"))
    return [
        NeededKey(key, links.get(key, 0), entries.get(key, 0), consoles.get(key, 0))
        for key in sorted({*links, *entries, *consoles} - set(sealing.known_key_ids()))
    ]


@dataclass(frozen=True, slots=True)
class Resealed:
    """What came of sealing anew. `waiting`: links that need an older key until they end."""

    anew: int
    broken: int
    waiting: int


def reseal() -> Resealed:
    """Seal every stored secret with the current key; those of ended keys cannot be opened.

    May run beside everything else and again: a row that changes meanwhile is left as it is then.
    """
    anew = broken = 0
    current = sealing.current_key_id()
    for model, column in SEALED:
        rows = model._default_manager.exclude(**{column: ""})
        rows = rows.annotate(sealed_with=_key_of(column)).exclude(sealed_with=current)
        for row in rows.order_by("pk").iterator(chunk_size=AT_ONCE):
            sealed = getattr(row, column)
            try:
                plain = (
                    unsealed_secret(row)
                    if isinstance(row, Console)
                    else sealing.unseal(sealed, bound_to=row.seal_place)
                )
                value = sealing.seal(plain, bound_to=row.seal_place)
            except sealing.SealBrokenError:
                broken += 1
                continue
            same = model._default_manager.filter(pk=row.pk, **{column: sealed})
            anew += same.update(**{column: value})
    waiting = live_links().exclude(key_id=current).count()
    logger.info("sealed anew rows=%d broken=%d links=%d", anew, broken, waiting)
    return Resealed(anew, broken, waiting)


def _plural(word: str, count: int) -> str:
    if count == 1:
        return word
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _key_of(column: str) -> Substr:
    """The key's id out of `v1.<eight hex digits>.<the rest>`."""
    return Substr(column, 4, 8)


def _counted(rows: QuerySet[Any], key: F | Substr) -> dict[str, int]:
    counted = rows.order_by().annotate(key=key).values("key").annotate(n=Count("pk"))
    return {row["key"]: row["n"] for row in counted}
