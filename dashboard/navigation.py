"""The main navigation: each package registers its place, and what stands under it, in `urls.py`.

Pages name their place by the URL name it leads to, so packages of one layer can share one.
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


PLACES: dict[str, Place] = {}
"""By the URL name that a place leads to."""
PLACE_NAMES: dict[str, str] = {}
"""The URL name of a page, and that of its place."""


def register(place: Place) -> None:
    """Put a place into the menu."""
    if PLACES.setdefault(place.url_name, place) != place:
        raise ImproperlyConfigured(f"There are two places for {place.url_name}.")


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


def place_name_of(url_name: str) -> str:
    """The place that a page stands under, by its URL name; empty if it stands under none."""
    return PLACE_NAMES.get(url_name, "")
