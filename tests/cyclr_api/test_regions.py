"""The regions in which Cyclr runs."""

from __future__ import annotations

from typing import Any

import pytest

from cyclr_api import REGIONS, Client, Region, region


def test_the_regions_are_as_documented() -> None:
    assert [(one.name, one.console_host, one.api_url) for one in REGIONS.values()] == [
        ("US", "my.cyclr.com", "https://api.cyclr.com"),
        ("US2", "us2.cyclr.com", "https://api.us2.cyclr.com"),
        ("UK", "my.cyclr.uk", "https://api.cyclr.uk"),
        ("EU", "eu.cyclr.com", "https://api.eu.cyclr.com"),
        ("APAC", "apac.cyclr.com", "https://api.apac.cyclr.com"),
    ]


def test_a_region_makes_a_client() -> None:
    for one in REGIONS.values():
        assert Client(one.api_url, client_id="a", client_secret="b").api_url == one.api_url


def test_a_region_is_found_whatever_its_case() -> None:
    assert region(" Uk ") is REGIONS["uk"]
    assert region("uk").service_domain == "{partner}-h.cyclr.uk"
    assert region("us2").service_domain is None


def test_an_unknown_region_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="'moon', only us, us2, uk, eu, apac"):
        region("moon")


def test_the_regions_cannot_be_changed() -> None:
    regions: Any = REGIONS
    with pytest.raises(TypeError):
        regions["moon"] = Region("Moon", "Tycho", "moon.example", "https://api.moon.example")
