"""What the shell around every staff page shows: places, person, console, trouble."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import NoReverseMatch

from dashboard import navigation
from dashboard.common.page_addresses import page_address
from dashboard.common.untrusted_text import initials
from dashboard.consoles.models import Console
from dashboard.navigation import Place
from dashboard.people.access import every_console_for, may_open
from dashboard.people.models import User

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A place as this page shows it; `current` is the value of `aria-current`, or empty."""

    place: Place
    url: str
    current: str
    starts_group: bool


@dataclass(frozen=True, slots=True)
class Switch:
    """A console that may be looked at instead, or all of them."""

    label: str
    url: str
    is_current: bool


class Shell:
    """Read when a template asks, so a page without the shell costs nothing. Never raises."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def person(self) -> User | None:
        """Who is signed in."""
        try:
            user = self._request.user
            return user if isinstance(user, User) else None
        except (AttributeError, DatabaseError):
            return None

    @cached_property
    def name(self) -> str:
        """Their name or address."""
        return self.person.display_name if self.person else ""

    @cached_property
    def initials(self) -> str:
        """Two letters for the round mark."""
        return initials(self.name)

    @cached_property
    def role(self) -> str:
        """The role's word, in the console in view or the highest."""
        if not self.person:
            return ""
        try:
            role = self.person.role_in(self.console) if self.console else None
            role = role or self.person.highest_role
        except DatabaseError:
            return ""
        return str(role.label) if role else "No role"

    @cached_property
    def consoles(self) -> list[Console]:
        """The current consoles the person may see."""
        if not self.person:
            return []
        try:
            return self.person.consoles
        except DatabaseError as error:
            logger.warning("shell without consoles error=%s", type(error).__name__)
            return []

    @cached_property
    def console(self) -> Console | None:
        """The console in view: the one the address names, that of the thing shown, or the only one.

        One that was retired is in view while what it had is read.
        """
        asked = self._request.GET.get("console", "")
        if not asked:
            asked = str(getattr(self._request, "console_in_view", ""))
        for console in self.consoles:
            if str(console.pk) == asked:
                return console
        if self.person and self.person.reads_retired and asked.isdigit():
            return every_console_for(self.person).filter(pk=asked).first()
        return self.consoles[0] if len(self.consoles) == 1 else None

    @cached_property
    def is_choice(self) -> bool:
        """Whether there is more than one console to look at."""
        return len(self.consoles) > 1

    @cached_property
    def switches(self) -> list[Switch]:
        """Where the page leads with another console in view; from one thing's page, to its list."""
        match = self._request.resolver_match
        is_list = match is not None and not match.kwargs and self._request.method == "GET"
        place = navigation.place_name_of((match.url_name if match else "") or "")
        path = self._request.path if is_list else page_address(place or "overview")
        chosen = self.console.pk if self.console else None
        return [
            Switch("All consoles", path, is_current=chosen is None),
            *(
                Switch(one.name, f"{path}?console={one.pk}", is_current=one.pk == chosen)
                for one in self.consoles
            ),
        ]

    @cached_property
    def trouble(self) -> Console | None:
        """The first console in view that has not answered for a while."""
        in_view = [self.console] if self.console else self.consoles
        return next((console for console in in_view if console.trouble_since), None)

    @cached_property
    def may_decide(self) -> bool:
        """Whether the person may say which console the settings mean."""
        return self.person is not None and self.person.is_admin_of_all

    @cached_property
    def nav(self) -> list[Entry]:
        """The main navigation: what the person's role may open."""
        match = self._request.resolver_match
        name = (match.url_name if match else "") or ""
        current_place = navigation.place_name_of(name)
        entries: list[Entry] = []
        chosen = self.console
        is_chosen = chosen is not None and (self.is_choice or chosen.retired_at is not None)
        in_view = f"?console={chosen.pk}" if chosen and is_chosen else ""
        for place in navigation.places():
            current = "true" if place.url_name == current_place else ""
            current = "page" if place.url_name == name else current
            is_new_group = bool(entries) and entries[-1].place.group != place.group
            try:
                if self._leads_to(place):
                    url = page_address(place.url_name) + in_view
                    entries.append(Entry(place, url, current, is_new_group))
            except NoReverseMatch:
                logger.error("navigation without an address name=%s", place.url_name)
        return entries

    def _leads_to(self, place: Place) -> bool:
        """Whether the person may open it; while roles cannot be read each page says so itself."""
        try:
            return self.person is not None and may_open(self.person, place.url_name)
        except DatabaseError:
            return True


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""
    return {"shell": Shell(request)}
