"""Who may do what: the decision above each view, and what a person may see.

Every view carries a decision, `@role_required(Role.…)` or `@open_to_all`. `AccessMiddleware`
enforces it and refuses a view without one. The decorators only mark, so they stand anywhere in
the pile: `functools.wraps`, which every decorator of Django's uses, hands the mark on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import resolve, reverse

from dashboard.common.errors import ClosedError
from dashboard.common.htmx import HtmxRequest
from dashboard.consoles.models import Console, ConsoleQuerySet, name_of
from dashboard.features import services as features
from dashboard.features.registry import of_page
from dashboard.people.models import Role, User

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

View = TypeVar("View", bound=Callable[..., Any])
Thing = TypeVar("Thing", bound="Model", covariant=True)


class StaffRequest(HtmxRequest):
    """A request behind `@role_required`: somebody is signed in."""

    user: User


@dataclass(frozen=True, slots=True)
class Access:
    """The decision on a view: at least this role somewhere, or, with `None`, anybody."""

    at_least: Role | None


def role_required(role: Role) -> Callable[[View], View]:
    """Only for people who hold this role, or a higher one, in some console.

    What the view then touches is fetched by `get_for`, which asks for the role in *its* console.
    """

    def mark(view: View) -> View:
        view.access = Access(role)  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: View) -> View:
    """For everybody, signed in or not: sign-in, health, the customers' pages."""
    view.access = Access(None)  # type: ignore[attr-defined]
    return view


def decision_on(view: Callable[..., Any]) -> Access | None:
    """The decision a view carries, if any."""
    access = getattr(view, "access", None)
    return access if isinstance(access, Access) else None


def lets_in(decision: Access, user: User) -> bool:
    """Whether the person holds a role somewhere that is high enough for the decision."""
    role = user.highest_role
    return decision.at_least is None or (role is not None and role >= decision.at_least)


def may_open(user: User, url_name: str) -> bool:
    """Whether the page of this name lets the person in, by the decision on its view."""
    decision = _decision_on_page(url_name, 0, settings.ROOT_URLCONF)
    return decision is not None and lets_in(decision, user) and is_on(user, url_name)


def is_on(user: User, url_name: str, console: Console | int | None = None) -> bool:
    """Whether all that the page takes is switched on, in this console or in any of the person's."""
    asked = of_page(url_name)
    if not asked or not user.switched_off:
        return True
    if console is None:
        return features.first_off(asked, user.consoles, user.switched_off) is None
    console_id = console.pk if isinstance(console, Console) else console
    return not any(features.is_off(one, console_id, user.switched_off) for one in asked)


def may_open_in(user: User, url_name: str, console: Console | int) -> bool:
    """The same for a page about one thing of a console, named by its key: the role held there."""
    decision = _decision_on_page(url_name, 1, settings.ROOT_URLCONF)
    role = user.role_in(console)
    is_allowed = bool(decision and role and role >= (decision.at_least or role))
    return is_allowed and is_on(user, url_name, console)


@cache
def _decision_on_page(url_name: str, keys: int, urlconf: str) -> Access | None:
    """Every page asks for each entry of the menu, and resolving takes a tenth of a short page."""
    address = reverse(url_name, urlconf, args=["0"] * keys)
    return decision_on(resolve(address, urlconf).func)


def consoles_for(user: User, at_least: Role = Role.VIEWER) -> QuerySet[Console]:
    """The current consoles in which the person holds at least this role.

    While the page of something retired is read (`User.reads_retired`), those as well.
    """
    if user.reads_retired and at_least == Role.VIEWER:
        return every_console_for(user)
    return every_console_for(user, at_least).current()


def console_named(request: StaffRequest, consoles: Sequence[Console]) -> Console:
    """The one of these that the address names, or the first; `Http404` for another's."""
    asked = request.GET.get("console", "")
    for console in consoles:
        if asked in {"", str(console.pk)}:
            return console
    raise Http404


def administered_console(request: StaffRequest, pk: int) -> Console:
    """This console, if the person administers it; else `Http404`."""
    return get_object_or_404(consoles_for(request.user, Role.ADMIN), pk=pk)


def every_console_for(user: User, at_least: Role = Role.VIEWER) -> ConsoleQuerySet:
    """The same, retired ones among them: for pages that tell of what was."""
    held = {console_id for console_id, role in user.roles.items() if role >= at_least}
    every: ConsoleQuerySet = Console.objects.all()
    if user.asked_features and user.switched_off:
        keys = {one.key for one in user.asked_features}
        every = every.exclude(pk__in=[pk for key, pk in user.switched_off if key in keys and pk])
    if None in held:
        return every
    return every.filter(pk__in=[console_id for console_id in held if console_id is not None])


def look_at_console(request: HttpRequest, user: User) -> None:
    """Raise `Http404` if the address names a console (`?console=`) that is not there for them.

    One that was retired is there to be read.
    """
    asked = request.GET.get("console", "")
    if not (asked.isascii() and asked.isdigit()):
        return
    if any(str(console.pk) == asked for console in user.consoles):
        return
    retired = every_console_for(user).filter(pk=asked).first() if len(asked) < 19 else None
    if retired is None:
        raise Http404
    if request.method not in {"GET", "HEAD"}:
        raise RetiredError(retired)
    user.reads_retired = True


def look_at_features(request: HttpRequest, user: User) -> None:
    """Raise `SwitchedOffError` if what the page takes is off in all consoles that are in view."""
    match = request.resolver_match
    asked = of_page((match.url_name if match else "") or "")
    if not asked or not user.switched_off:
        return
    named = request.GET.get("console", "")
    in_view = [one for one in user.consoles if str(one.pk) == named] or user.consoles
    error = features.first_off(asked, in_view, user.switched_off)
    if error is not None:
        raise error
    user.asked_features = asked


class RetiredError(ClosedError):
    """Something of a retired console was to be changed."""

    heading = "This console is retired"

    def __init__(self, console: Console | int) -> None:
        super().__init__()
        self.console = console

    @property
    def message(self) -> str:
        """For people and programs."""
        return (
            f"What {name_of(self.console)} had can be read, and is not changed any more. "
            "An administrator can restore the console in Settings, Consoles."
        )


class Scoped(Protocol[Thing]):
    """A queryset or manager that can leave out what a person may not see."""

    def visible_to(self, user: User, /) -> QuerySet[Thing]: ...


def get_for(
    request: HttpRequest, things: Scoped[Thing], at_least: Role = Role.VIEWER, **lookup: Any
) -> Thing:
    """The one thing, if it is within the person's consoles.

    Read alone, also what a retired console had; else that raises `RetiredError`. Raises `Http404`
    if it is not there for them, and `PermissionDenied` if they see it but hold too low a role in
    its console.
    """
    user = request.user
    if not isinstance(user, User):
        raise PermissionDenied
    try:
        thing = _found_switched_off(things, user, lookup) or _found(things, user, lookup)
    except Http404:
        thing = _found_retired(things, user, lookup)
        if at_least != Role.VIEWER or request.method not in {"GET", "HEAD"}:
            raise RetiredError(_console_of(thing)) from None
    require_role(user, thing, at_least)
    in_view = _console_of(thing)
    request.console_in_view = in_view if isinstance(in_view, int) else in_view.pk  # type: ignore[attr-defined]
    return thing


def _found(things: Scoped[Thing], user: User, lookup: dict[str, Any]) -> Thing:
    try:
        return get_object_or_404(things.visible_to(user), **lookup)
    except (ValueError, OverflowError, ValidationError):
        raise Http404 from None


def _found_switched_off(things: Scoped[Thing], user: User, lookup: dict[str, Any]) -> Thing | None:
    """Of a console where what the page takes is off, so that the page can say so."""
    if not (user.asked_features and user.switched_off):
        return None
    asked, user.asked_features = user.asked_features, ()
    try:
        return _found(things, user, lookup)
    except Http404:
        return None
    finally:
        user.asked_features = asked


def _found_retired(things: Scoped[Thing], user: User, lookup: dict[str, Any]) -> Thing:
    """What belongs to a console that was retired stays readable, and nothing more."""
    user.reads_retired = True
    try:
        return _found(things, user, lookup)
    except Http404:
        user.reads_retired = False
        raise


def require_role(user: User, thing: object, at_least: Role) -> None:
    """Raise `PermissionDenied` unless the person holds the role in the thing's console."""
    console = _console_of(thing)
    role = user.role_in(console)
    if role is None or role < at_least:
        raise PermissionDenied
    if user.asked_features and user.switched_off:
        for one in user.asked_features:
            features.require(one, console, user.switched_off)


def _console_of(thing: object) -> Console | int:
    if isinstance(thing, Console):
        return thing
    console_id = getattr(thing, "console_id", None)
    if isinstance(console_id, int):
        return console_id
    console = getattr(thing, "console", None)
    if not isinstance(console, Console):
        raise TypeError(f"{type(thing).__name__} does not say which console it belongs to.")
    return console
