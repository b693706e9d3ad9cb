"""The main navigation: what stands in it, and which place each page belongs to."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver, path, resolve, reverse

from dashboard import navigation
from dashboard.navigation import Place
from dashboard.people.access import decision_on

WITHOUT_A_PLACE = {
    "notification_list",
    "notification_bell",
    "notification_seen",
    "notification_preferences",
    "profile",
    "profile_end_session",
    "profile_end_others",
    "app_add",
    "factor_later",
    "factor_remove",
    "passkey_rename",
    "passkey_add",
    "password_change",
    "reauthenticate",
    "recovery_codes",
    "search",
    "security",
    "shortcut_list",
    "session_stay",
    "sign_out",
}
"""Staff's pages that are reached from the frame around every page."""


def page() -> None:
    """Stands for a view."""


def patterns() -> list[URLPattern]:
    """All addresses."""
    parts = [part for part in get_resolver().url_patterns if isinstance(part, URLResolver)]
    found = [one for part in parts for one in part.url_patterns]
    assert len(found) > 50
    return [one for one in found if isinstance(one, URLPattern)]


def test_every_page_of_staff_stands_under_one_place() -> None:
    places = {place.url_name for place in navigation.places()}

    for pattern in patterns():
        decision = decision_on(pattern.callback)
        assert decision is not None
        is_staffs = decision.at_least is not None
        place = navigation.place_name_of(pattern.name or "")

        if is_staffs and pattern.name not in WITHOUT_A_PLACE:
            assert place in places, pattern.name
        else:
            assert not place, pattern.name


def test_what_stands_under_a_place_exists() -> None:
    assert set(navigation.PLACE_NAMES) <= {pattern.name for pattern in patterns()}


def test_a_place_belongs_to_the_package_that_answers_its_address() -> None:
    for place in navigation.places():
        view = resolve(reverse(place.url_name)).func

        assert navigation.place_name_of(place.url_name) == place.url_name
        assert view.__module__.startswith("dashboard.")


def test_no_two_places_stand_at_the_same_position() -> None:
    positions = [(place.group, place.order) for place in navigation.places()]

    assert len(set(positions)) == len(positions)


def test_a_page_cannot_stand_under_two_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "PLACE_NAMES", {})
    navigation.under("one", [path("page/", page, name="page")])  # type: ignore[arg-type]

    with pytest.raises(ImproperlyConfigured, match="page stands under one already"):
        navigation.under("two", [path("page/", page, name="page")])  # type: ignore[arg-type]


def test_a_place_is_not_registered_in_two_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigation, "PLACES", {})
    navigation.register(Place("Links", "link_list", "link", group=1, order=3))

    with pytest.raises(ImproperlyConfigured, match="two places for link_list"):
        navigation.register(Place("Letters", "link_list", "link", group=1, order=3))
