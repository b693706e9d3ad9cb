"""What an administrator may switch off: each package registers its features in `urls.py`.

A feature names the addresses that are closed while it is off. Everything else follows from that:
menus, palette and buttons ask `people.access.may_open`, which asks here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern

from dashboard.common.errors import ClosedError

Patterns = TypeVar("Patterns", bound=Iterable[URLPattern])


@dataclass(frozen=True, slots=True)
class Feature:
    """One switch. `help` says what is gone while it is off, and what goes on."""

    key: str
    label: str
    help: str
    order: int


FEATURES: dict[str, Feature] = {}
"""By key. Keys are stored: they do not change."""
FEATURES_OF_PAGES: dict[str, tuple[str, ...]] = {}
"""The URL name of a page, and the keys of the features that it takes."""


class SwitchedOffError(ClosedError):
    """A feature that is switched off was asked for, in this console or, without a name, in all."""

    heading = "This is switched off"

    def __init__(self, feature: Feature, console_name: str = "") -> None:
        super().__init__(feature.key)
        self.feature = feature
        self.console_name = console_name

    @property
    def who(self) -> str:
        """Who can switch it on."""
        if self.console_name:
            return f"an administrator of {self.console_name}"
        return "an administrator of all consoles"

    @property
    def message(self) -> str:
        """For people and programs."""
        where = f"in {self.console_name}" if self.console_name else "in all consoles"
        return (
            f"“{self.feature.label}” is switched off {where}. "
            f"Ask {self.who}: it can be switched on in Settings, Features."
        )


def register(feature: Feature) -> Feature:
    """Offer a switch in the settings."""
    if FEATURES.setdefault(feature.key, feature) != feature:
        raise ImproperlyConfigured(f"There are two features {feature.key}.")
    return feature


def closes(feature: Feature, *url_names: str) -> None:
    """While the feature is off, pages with these URL names are closed."""
    for name in url_names:
        known = FEATURES_OF_PAGES.get(name, ())
        if feature.key not in known:
            FEATURES_OF_PAGES[name] = (*known, feature.key)


def part_of(feature: Feature, patterns: Patterns) -> Patterns:
    """The same patterns; all of them are closed while the feature is off."""
    closes(feature, *(pattern.name or "" for pattern in patterns))
    return patterns


def every() -> list[Feature]:
    """All features, as the settings list them."""
    import_module(settings.ROOT_URLCONF)
    return sorted(FEATURES.values(), key=lambda feature: feature.order)


def of_page(url_name: str) -> tuple[Feature, ...]:
    """The features that a page takes."""
    return tuple(FEATURES[key] for key in FEATURES_OF_PAGES.get(url_name, ()))
