"""Where a browser may be led back to."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from dashboard.common.addresses import own_path, path_here

OURS = ["/", "/accounts/?q=a%20b&page=2", "/links/7/#item-3", "/accounts/?q=Łódź"]
FOREIGN = [
    "",
    "accounts/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "https://evil.example/",
    "javascript:alert(1)",
    "/accounts/\r\nSet-Cookie: a=b",
    "/accounts/\u202egpj.exe",
    "/accounts/?q=" + "a" * 3000,
]


@pytest.mark.parametrize("address", OURS)
def test_a_path_of_ours_is_gone_back_to(address: str) -> None:
    assert own_path(address) == address


@pytest.mark.parametrize("address", FOREIGN)
def test_no_other_address_is_gone_back_to(address: str) -> None:
    assert own_path(address) == ""


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("http://testserver/accounts/?q=a", "/accounts/?q=a"),
        ("https://testserver/accounts/", "/accounts/"),
        ("http://testserver//evil.example/", ""),
        ("http://evil.example/accounts/", ""),
        ("http://testserver@evil.example/", ""),
        ("ftp://testserver/accounts/", ""),
        ("http://[testserver/", ""),
        ("http://testserver", ""),
        ("", ""),
    ],
)
def test_a_page_is_gone_back_to_if_it_is_of_this_site(address: str, path: str) -> None:
    assert path_here(RequestFactory().get("/"), address) == path
