"""Addresses of rows' pages are those that `reverse` finds."""

from urllib.parse import quote

import pytest
from django.urls import NoReverseMatch, reverse, set_script_prefix
from django.urls.base import get_script_prefix

from dashboard.common.page_addresses import page_address
from tests.support.every_address import CONVERTER, every_address


@pytest.mark.parametrize(
    ("url_name", "keys"),
    [
        ("account_list", ()),
        ("connector_detail", (4711,)),
        ("connector_detail", (10,)),
        ("operation_detail", ("a0b0-0",)),
        ("method_call", (100, 20)),
    ],
)
def test_it_is_the_address_that_reverse_finds(url_name: str, keys: tuple[int | str, ...]) -> None:
    assert page_address(url_name, *keys) == reverse(url_name, args=keys)


def test_a_prefix_that_changes_is_heeded() -> None:
    page_address("connector_detail", 7)
    before = get_script_prefix()
    set_script_prefix("/desk/")
    try:
        assert page_address("connector_detail", 7) == "/desk/connectors/7/"
    finally:
        set_script_prefix(before)


@pytest.mark.parametrize(("url_name", "keys"), [("no_such_page", ()), ("connector_detail", (1, 2))])
def test_a_page_that_is_not_there_is_no_address(url_name: str, keys: tuple[int | str, ...]) -> None:
    with pytest.raises(NoReverseMatch):
        page_address(url_name, *keys)


def test_no_address_holds_what_markup_would_have_to_escape() -> None:
    paths = [one.route for one in every_address() if not one.route.startswith("^")]
    routes = [CONVERTER.sub("0", path) for path in paths]

    assert len(routes) > 100
    assert [route for route in routes if quote(route) != route] == []
