"""Keys that stored secrets need, and re-encrypting them with the current one."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Substr
from django.utils import timezone

from dashboard.accounts.models import AccountReading
from dashboard.bulk.models import BulkRow
from dashboard.common import encryption
from dashboard.connectors.models import LookUp
from dashboard.console_setup.models import ConsoleCheck
from dashboard.consoles.models import Console
from dashboard.consoles.services import decrypted_secret
from dashboard.cycles.models import IncidentReading, TransactionReading
from dashboard.launches.models import LaunchLink
from dashboard.links.models import Link
from dashboard.methods.models import ChoiceLookUp, MethodCall, SavedCall
from dashboard.notifications.models import Webhook
from dashboard.onboarding.models import OnboardingStep
from dashboard.operations.models import Operation
from dashboard.sessions.models import Session
from dashboard.sign_in import seeds_at_rest
from dashboard.team.models import InvitationMail

logger = logging.getLogger(__name__)

ENCRYPTED: tuple[tuple[type[models.Model], str], ...] = (
    (Operation, "encrypted_input"),
    (BulkRow, "encrypted_input"),
    (Console, "encrypted_client_secret"),
    (Webhook, "encrypted_url"),
    (Webhook, "encrypted_secret"),
    (Webhook, "encrypted_previous_secret"),
    (LookUp, "encrypted_answer"),
    (ChoiceLookUp, "encrypted_answer"),
    (MethodCall, "encrypted_input"),
    (MethodCall, "encrypted_answer"),
    (SavedCall, "encrypted_input"),
    (IncidentReading, "encrypted_answer"),
    (AccountReading, "encrypted_answer"),
    (TransactionReading, "encrypted_answer"),
    (OnboardingStep, "encrypted_input"),
    (ConsoleCheck, "encrypted_client_secret"),
    (Session, "encrypted_data"),
    (InvitationMail, "encrypted_token"),
)
"""Every column that is encrypted for longer than a minute; its row says what it is bound to."""

AT_ONCE = 500


def live_links() -> tuple[QuerySet[Link], QuerySet[LaunchLink]]:
    """Links, of both kinds, whose address is derived from a key and still works."""
    moment = timezone.now()
    links: QuerySet[Link] = Link.objects.filter(
        revoked_at=None, connected_at=None, expires_at__gt=moment
    )
    launches: QuerySet[LaunchLink] = LaunchLink.objects.filter(
        revoked_at=None, expires_at__gt=moment
    )
    return links, launches


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
            (self.entries, "encrypted entry"),
            (self.consoles, "console"),
        )
        needs = [f"{n} {_plural(word, n)}" for n, word in counted if n]
        return f"{self.key_id} ({', '.join(needs)})"


def dropped_keys() -> list[NeededKey]:
    """Keys that open links, encrypted entries or encrypted console secrets need and nobody has."""
    # Also those of a console that is not in the settings now: it may come back.
    links: Counter[str] = Counter()
    for live in live_links():
        links.update(_counted(live, F("key_id")))
    entries: dict[str, int] = {}
    for model, column in ENCRYPTED:
        if model in {Console, Session}:  # whose session cannot be read signs in again
            continue
        rows = model._default_manager.exclude(**{column: ""})
        if model is Webhook:  # nobody could give one of a retired console a new secret
            rows = rows.filter(console__retired_at=None)
        for key, count in _counted(rows, _key_of(column)).items():
            entries[key] = entries.get(key, 0) + count
    for seed in seeds_at_rest.all_of_them():
        entries[seed.key_id] = entries.get(seed.key_id, 0) + 1
    encrypted = Console.objects.current().exclude(encrypted_client_secret="")
    consoles = _counted(encrypted, _key_of("encrypted_client_secret"))
    return [
        NeededKey(key, links.get(key, 0), entries.get(key, 0), consoles.get(key, 0))
        for key in sorted({*links, *entries, *consoles} - set(encryption.known_key_ids()))
    ]


@dataclass(frozen=True, slots=True)
class RotatedKeys:
    """What came of re-encrypting. `waiting`: links that need an older key until they end."""

    anew: int
    broken: int
    waiting: int


def rotate_keys() -> RotatedKeys:
    """Encrypt every stored secret with the current key; those of ended keys cannot be opened.

    May run beside everything else and again: a row that changes meanwhile is left as it is then.
    """
    anew = broken = 0
    current = encryption.current_key_id()
    for model, column in ENCRYPTED:
        rows = model._default_manager.exclude(**{column: ""})
        rows = rows.annotate(encrypted_with=_key_of(column)).exclude(encrypted_with=current)
        for row in rows.order_by("pk").iterator(chunk_size=AT_ONCE):
            encrypted = getattr(row, column)
            try:
                bound_to = associated_data_of(row, column)
                plain = (
                    decrypted_secret(row)
                    if isinstance(row, Console)
                    else encryption.decrypt(encrypted, associated_data=bound_to)
                )
                value = encryption.encrypt(plain, associated_data=bound_to)
            except encryption.DecryptionError:
                broken += 1
                continue
            same = model._default_manager.filter(pk=row.pk, **{column: encrypted})
            anew += same.update(**{column: value})
    for seed in seeds_at_rest.all_of_them():
        if seed.key_id != current:
            is_anew = seed.encrypt_anew()
            anew, broken = anew + is_anew, broken + (not is_anew)
    waiting = sum(live.exclude(key_id=current).count() for live in live_links())
    logger.info("re-encrypted rows=%d broken=%d links=%d", anew, broken, waiting)
    return RotatedKeys(anew, broken, waiting)


def associated_data_of(row: Any, column: str) -> str:
    """What the value is bound to; rows with several say it of each column."""
    of_column = getattr(row, "associated_data_of", None)
    return str(of_column(column) if of_column else row.associated_data)


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
