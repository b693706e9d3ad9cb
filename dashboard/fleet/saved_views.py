"""Saved views and chosen columns: what the list offers, and what is kept of an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common.prepared import columns_of, instance_of, prepared
from dashboard.consoles.models import Console
from dashboard.fleet.drawing import ALL_COLUMNS, USUAL, Column
from dashboard.fleet.models import ColumnChoice, SavedView
from dashboard.people.models import Role, User

KEPT = ("q", "connector", "state", "why", "tag", "sort", "columns", "console")
"""What of an address says what a list shows, and not where in it one is."""
LONGEST_QUERY = 2000
MOST = 100
"""Views of one person."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A view as the list offers it."""

    view: SavedView
    may_remove: bool


# ---- columns ----


def named(keys: str) -> tuple[Column, ...]:
    """The columns of these keys, in their own order; none if no key is known."""
    wanted = set(keys.split(","))
    found = [column for column in ALL_COLUMNS if column.key in wanted]
    return (ALL_COLUMNS[0], *(one for one in found if one != ALL_COLUMNS[0])) if found else ()


def keys_of(columns: Sequence[Column]) -> str:
    """As addresses have them."""
    return ",".join(column.key for column in columns)


def kept_columns(user: User) -> str:
    """What the person chose last; empty if nothing."""
    found = _columns_kept_for(user.pk)
    return str(found[0][0]) if found else ""


@prepared
def _columns_kept_for(user: int) -> QuerySet[Any, Any]:
    return ColumnChoice.objects.filter(user=user).values_list("columns")


def keep_columns(user: User, columns: Sequence[Column]) -> None:
    """Show them to this person from now on; the usual ones are no choice."""
    if tuple(columns) == USUAL:
        ColumnChoice.objects.filter(user=user).delete()
    else:
        ColumnChoice.objects.update_or_create(user=user, defaults={"columns": keys_of(columns)})


# ---- views ----


def kept_query(query: str) -> str:
    """What a view keeps of an address's query; `ValueError` if that is too long."""
    asked = QueryDict(query)
    found = urlencode([(key, asked[key]) for key in KEPT if asked.get(key)])
    if len(found) > LONGEST_QUERY:
        raise ValueError("Too long")
    return found


_OF_OWNER = ("id", "name", "email")
"""What of whose it is is shown."""


def offered_to(user: User) -> list[Offered]:
    """The person's own views and the shared ones, by name."""
    found = _seen_by(user.pk, [console.pk for console in user.consoles])
    return [_offered(user, values) for values in found]


def _offered(user: User, values: Sequence[Any]) -> Offered:
    end = len(values) - len(_OF_OWNER)
    view = instance_of(SavedView, values[:end])
    view.user = User.from_db(None, _OF_OWNER, values[end:])
    return Offered(view, may_remove(user, view))


@prepared
def _seen_by(user: int, consoles: list[int]) -> QuerySet[Any, Any]:
    views = SavedView.objects.seen_by(user, consoles)
    return views.values_list(*columns_of(SavedView), *(f"user__{name}" for name in _OF_OWNER))


def may_share(user: User, console: Console | int | None) -> bool:
    """Whether somebody is a Lead where the view would be seen."""
    role = user.role_in(console)
    return role is not None and role >= Role.LEAD


def may_remove(user: User, view: SavedView) -> bool:
    """Whose it is; and Leads, where it is shared."""
    return view.user_id == user.pk or (view.is_shared and may_share(user, view.console_id))


def shares(user: User, name: str) -> bool:
    """Whether the person has a view of that name, and it is shared."""
    return SavedView.objects.filter(user=user, name=name, is_shared=True).exists()


def save(user: User, name: str, query: str, *, is_shared: bool, console: Console | None) -> bool:
    """Keep a view in place of the person's own one of that name; False if there are too many."""
    with transaction.atomic():
        own = SavedView.objects.filter(user=user)
        if own.exclude(name=name).count() >= MOST:
            return False
        values = {"query": query, "is_shared": is_shared, "console": console if is_shared else None}
        view, _ = own.update_or_create(user=user, name=name, defaults=values)
        if is_shared:
            _record(user, "fleet.view.share", view)
    return True


def remove(user: User, view: SavedView) -> None:
    """Take it away; of a shared one that is recorded."""
    with transaction.atomic():
        if view.is_shared:
            _record(user, "fleet.view.remove", view)
        view.delete()


def _record(user: User, action: str, view: SavedView) -> None:
    audit.record(Actor.staff(user), action, console=view.console, target=view.name)
