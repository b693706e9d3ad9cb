"""Adding colleagues."""

from __future__ import annotations

import logging

from django.db import transaction

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
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
            target=user.display_name,
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
