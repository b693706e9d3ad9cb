"""The main navigation: each package registers its place, and what stands under it, in `urls.py`.

Pages name their place by the URL name it leads to, so packages of one layer can share one. There
each package also registers its commands: what the command palette offers to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern

Patterns = TypeVar("Patterns", bound=Iterable[URLPattern])


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the main navigation. Groups are set apart; `order` sorts within one."""

    label: str
    url_name: str
    icon: str
    group: int
    order: int


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do, as the command palette offers it; it leads to the page where it is done.

    `words` are others that it is found by. Where `is_of_account` is set, the address takes an
    account's key, and the label goes before the account's name: “Create link for”. Whether a person
    may do it is said by the role above the page's view.
    """

    label: str
    url_name: str
    icon: str
    order: int
    words: str = ""
    is_of_account: bool = False


PLACES: dict[str, Place] = {}
"""By the URL name that a place leads to."""
PLACE_NAMES: dict[str, str] = {}
"""The URL name of a page, and that of its place."""
COMMANDS: dict[str, Command] = {}
"""By the URL name that a command leads to."""


def register(place: Place) -> None:
    """Put a place into the menu."""
    if PLACES.setdefault(place.url_name, place) != place:
        raise ImproperlyConfigured(f"There are two places for {place.url_name}.")


def offer(*commands: Command) -> None:
    """Put commands into the palette."""
    for command in commands:
        if COMMANDS.setdefault(command.url_name, command) != command:
            raise ImproperlyConfigured(f"There are two commands for {command.url_name}.")


def under(place_name: str, patterns: Patterns) -> Patterns:
    """The same patterns; while one of them is shown, this place is the current one."""
    for pattern in patterns:
        name = pattern.name or ""
        if PLACE_NAMES.setdefault(name, place_name) != place_name:
            raise ImproperlyConfigured(f"{name} stands under {PLACE_NAMES[name]} already.")
    return patterns


def places() -> list[Place]:
    """All places, in the order of the menu."""
    import_module(settings.ROOT_URLCONF)  # an error may be answered before any address was read
    return sorted(PLACES.values(), key=lambda place: (place.group, place.order))


def commands() -> list[Command]:
    """All commands, in the order of the palette."""
    import_module(settings.ROOT_URLCONF)
    return sorted(COMMANDS.values(), key=lambda command: command.order)


def place_name_of(url_name: str) -> str:
    """The place that a page stands under, by its URL name; empty if it stands under none."""
    return PLACE_NAMES.get(url_name, "")
