"""Giving, changing and taking roles. Each act and its audit entry are one transaction."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.people.models import Membership, Role, User
from dashboard.team.invitations import NotPossibleError
from dashboard.team.scope import administrators_left, lock_administrators, may_decide_in

LAST_ADMIN = "Nobody else is Admin of all consoles. Make a colleague Admin of all consoles first."


class HasRoleError(Exception):
    """This person holds a role there already; `membership` says which."""

    def __init__(self, membership: Membership) -> None:
        super().__init__(str(membership))
        self.membership = membership


def give(user: User, role: Role, console: Console | None, by: Actor) -> Membership:
    """A role in this console, or in all of them. Raises `HasRoleError` if there is one."""
    with transaction.atomic():
        held = Membership.objects.select_related("console").filter(user=user, console=console)
        if (membership := held.first()) is not None:
            raise HasRoleError(membership)
        membership = Membership.objects.create(user=user, role=role, console=console)
        _record(by, "people.give_role", user, console, role=role.label)
    return membership


def set_role(
    user: User, role: Role | None, console: Console | None, *, was: Role | None, by: User
) -> bool:
    """Have the person hold this role there, or none; says whether that changed anything.

    `was`: what they held when the page was drawn. Nobody raises themselves. Raises
    `NotPossibleError`.
    """
    if not may_decide_in(by, console):
        raise NotPossibleError("You cannot change a role there.")
    try:
        with transaction.atomic():
            return _set(user, role, console, was, by)
    except IntegrityError:
        raise NotPossibleError("Somebody else changed this at the same moment.") from None


def _set(
    user: User, role: Role | None, console: Console | None, was: Role | None, by: User
) -> bool:
    """Within the transaction of `set_role`."""
    if console is None:
        lock_administrators()  # before their single rows: two who demote each other would hang
    rows = Membership.objects.filter(user=user, console=console)
    held = rows.select_for_update().first()
    current = Role(held.role) if held is not None else None
    if current == role:
        return False
    if current != was:
        now = current.label if current else "no role"
        raise NotPossibleError(f"Somebody else changed this meanwhile: it is {now} now.")
    if user.pk == by.pk and role is not None and (current is None or role > current):
        raise NotPossibleError("Nobody can raise their own role: ask another Admin.")
    is_admin_of_all = console is None and current == Role.ADMIN and user.is_active
    if is_admin_of_all and not administrators_left(but=user):
        raise NotPossibleError(LAST_ADMIN)
    actor = Actor.staff(by)
    if role is None:
        rows.delete()
        _record(actor, "people.remove_role", user, console, role=current.label if current else "")
    elif current is None:
        give(user, role, console, actor)
    else:
        rows.update(role=role)
        _record(actor, "people.change_role", user, console, role=role.label, was=current.label)
    return True


def _record(actor: Actor, action: str, user: User, console: Console | None, **details: str) -> None:
    audit.record(
        actor,
        action,
        console=console,
        target=user.display_name,
        target_url=f"/settings/people/{user.pk}/",
        email=user.email,
        **details,
    )
