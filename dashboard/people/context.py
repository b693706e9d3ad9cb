"""What the shell around every staff page shows: places, person, console, trouble."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from dashboard.common.foreign import initials
from dashboard.consoles.models import Console
from dashboard.people.access import consoles_for, may_open
from dashboard.people.models import Role, User

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the main navigation; `nouns` are the first words of the URL names it covers."""

    word: str
    url_name: str
    icon: str
    nouns: str
    starts_group: bool = False


PLACES = (
    Place("Overview", "overview", "layout-dashboard", "overview"),
    Place(
        "Accounts",
        "account_list",
        "building",
        "account|install(?!_many)|onboard|link_account|link_new|link_panel",
        starts_group=True,
    ),
    Place("Connectors", "connector_list", "plug", "connector|method|fleet"),
    Place("Library", "library_list", "book", "library|install_many"),
    Place("Links", "link_list", "link", "link(?!_account|_new|_panel)|campaign"),
    Place("Templates", "template_list", "template", "template", True),
    Place("Cycles", "cycle_list", "repeat", "cycle|transaction|incident"),
    Place("Operations", "operation_list", "list-check", "operation|bulk", True),
    Place("Audit", "audit_list", "shield", "audit"),
    Place("Settings", "settings_index", "settings", "settings|console|person|people|brand|proof"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A place as this page shows it; `current` is the value of `aria-current`, or empty."""

    place: Place
    url: str
    current: str


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
        return self.person.shown_name if self.person else ""

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
            return list(consoles_for(self.person))
        except DatabaseError as error:
            logger.warning("shell without consoles error=%s", type(error).__name__)
            return []

    @cached_property
    def console(self) -> Console | None:
        """The console in view: the one the address names, or the only one."""
        asked = self._request.GET.get("console", "")
        for console in self.consoles:
            if str(console.pk) == asked:
                return console
        return self.consoles[0] if len(self.consoles) == 1 else None

    @cached_property
    def trouble(self) -> Console | None:
        """The first console in view that has not answered for a while."""
        in_view = [self.console] if self.console else self.consoles
        return next((console for console in in_view if console.trouble_since), None)

    @cached_property
    def may_decide(self) -> bool:
        """Whether the person may say which console the settings mean."""
        return self.person is not None and self.person.roles.get(None) == Role.ADMIN

    @cached_property
    def nav(self) -> list[Entry]:
        """The main navigation: what the person's role may open."""
        match = self._request.resolver_match
        name = (match.url_name if match else "") or ""
        entries = []
        for place in PLACES:
            current = ""
            if name == place.url_name:
                current = "page"
            elif re.match(rf"(?:{place.nouns})(?:s?_|s?$)", name):
                current = "true"
            try:
                if self._leads_to(place):
                    entries.append(Entry(place, reverse(place.url_name), current))
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
