"""Over whom somebody may decide: an Admin of all consoles over everybody, of one over its roles."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet

from dashboard.consoles.models import Console
from dashboard.people.models import Membership, Role, User


def require_admin_of_all(user: User) -> None:
    """Raise `PermissionDenied` unless the person administers everything."""
    if not user.is_admin_of_all:
        raise PermissionDenied


def may_decide_in(user: User, console: Console | None) -> bool:
    """Whether the person gives and takes roles in this console, or in all of them."""
    if console is None:
        return user.is_admin_of_all
    return user.role_in(console) == Role.ADMIN


def places_of(user: User) -> list[Console | None]:
    """Where the person may give a role; `None` is all consoles."""
    places: list[Console | None] = [None] if user.is_admin_of_all else []
    return places + [one for one in user.consoles if may_decide_in(user, one)]


def people_seen_by(user: User) -> QuerySet[User]:
    """Everybody, for an Admin of all; else those with a role in the person's consoles."""
    here = Membership.objects.select_related("console").order_by("console__name")
    people = User.objects.order_by("-is_active", "name", "email")
    if not user.is_admin_of_all:
        consoles = [one for one in user.consoles if may_decide_in(user, one)]
        here = here.filter(console__in=consoles) | here.filter(console=None)
        people = people.filter(pk__in=here.order_by().values("user"))
    return people.prefetch_related(Prefetch("memberships", queryset=here, to_attr="visible_roles"))


def administrators_left(but: User) -> bool:
    """Whether somebody else administers all consoles.

    Locks them until the transaction ends, so that two cannot go at once.
    """
    lock_administrators()
    admins = Membership.objects.filter(console=None, role=Role.ADMIN)
    return admins.filter(user__is_active=True).exclude(user=but).exists()


def lock_administrators() -> None:
    """Have nobody else change who administers all consoles until the transaction ends."""
    admins = Membership.objects.filter(console=None, role=Role.ADMIN)
    list(admins.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
