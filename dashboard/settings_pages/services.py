"""Adding colleagues, and the keys that stored secrets still need."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.db.models.functions import Substr
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common import sealing
from dashboard.consoles.models import Console
from dashboard.links.models import Link
from dashboard.operations.models import Operation
from dashboard.people.models import Membership, Role, User

logger = logging.getLogger(__name__)


class HasRoleError(Exception):
    """This person holds a role there already; `membership` says which."""

    def __init__(self, membership: Membership) -> None:
        super().__init__(str(membership))
        self.membership = membership


def give_role(user: User, role: Role, console: Console | None) -> Membership:
    """A role in this console, or in all of them. Raises `HasRoleError` if there is one."""
    with transaction.atomic():
        held = Membership.objects.select_related("console").filter(user=user, console=console)
        if (membership := held.first()) is not None:
            raise HasRoleError(membership)
        membership = Membership.objects.create(user=user, role=role, console=console)
        audit.record(
            Actor.system(),
            "gave a role",
            console=console,
            target=user.shown_name,
            role=role.label,
            email=user.email,
        )
    return membership


def add_person(
    email: str, password: str, *, name: str, role: Role, console: Console | None
) -> User:
    """A new colleague with a role in this console, or in all of them."""
    with transaction.atomic():
        user = User.objects.create_user(email, password, name=name)
        give_role(user, role, console)
    logger.info("person added user=%d", user.pk)
    return user


@dataclass(frozen=True, slots=True)
class NeededKey:
    """A key that is not in the settings any more, and how much still needs it."""

    key_id: str
    links: int
    operations: int
    consoles: int

    def __str__(self) -> str:
        counted = (
            (self.links, "open link"),
            (self.operations, "operation"),
            (self.consoles, "console"),
        )
        needs = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in counted if n]
        return f"{self.key_id} ({', '.join(needs)})"


def dropped_keys() -> list[NeededKey]:
    """Keys that open links, sealed entries or sealed console secrets need and nobody has."""
    # Also those of a console that is not in the settings now: it may come back.
    live = Link.objects.filter(revoked_at=None, connected_at=None, expires_at__gt=timezone.now())
    links = _counted(live, F("key_id"))
    operations = _counted(Operation.objects.exclude(sealed_input=""), _key_of("sealed_input"))
    sealed = Console.objects.current().exclude(sealed_client_secret="")
    consoles = _counted(sealed, _key_of("sealed_client_secret"))
    return [
        NeededKey(key, links.get(key, 0), operations.get(key, 0), consoles.get(key, 0))
        for key in sorted({*links, *operations, *consoles} - set(sealing.known_key_ids()))
    ]


def _key_of(column: str) -> Substr:
    """The key's id out of `v1.<eight hex digits>.<the rest>`."""
    return Substr(column, 4, 8)


def _counted(rows: QuerySet[Any], key: F | Substr) -> dict[str, int]:
    counted = rows.order_by().annotate(key=key).values("key").annotate(n=Count("pk"))
    return {row["key"]: row["n"] for row in counted}
