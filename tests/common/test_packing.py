"""Pages go out packed, to who takes that, and never alike in length."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.people.models import Role
from tests.factories import make_account, make_account_connector, make_console, make_user
from tests.pages import signed_in

pytestmark = pytest.mark.django_db
PACKED = {"Accept-Encoding": "gzip, deflate, br"}
NAMED = 8
"""The flag of a gzip header for a name."""
MOST = 25_000
"""Bytes of a visit but the first."""


@pytest.fixture
def full() -> tuple[Client, list[str]]:
    """A browser, and the addresses of pages with as many rows as they show."""
    console = make_console()
    accounts = [make_account(console=console, name=f"Ärger & Söhne {n} GmbH") for n in range(60)]
    for one in accounts:
        make_account_connector(account=one)
    for number in range(12):
        last = make_account_connector(account=accounts[0], name=f"<b>Second & {number}</b>")
    lists = [reverse(name) for name in ("overview", "connector_list", "account_list")]
    pages = [*lists, accounts[0].get_absolute_url(), last.get_absolute_url()]
    return signed_in(make_user(Role.ADMIN)), pages


def test_the_pages_that_staff_live_in_weigh_little_and_say_the_same(
    full: tuple[Client, list[str]],
) -> None:
    browser, pages = full
    for url in pages:
        packed = browser.get(url, headers=PACKED)

        assert packed["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in packed["Vary"]
        assert len(packed.content) < MOST, url
        assert int(packed["Content-Length"]) == len(packed.content)
        assert b"</html>" in gzip.decompress(packed.content)
    assert browser.get(pages[1]).content.count(b"<tr") > 50


def test_who_takes_nothing_packed_gets_plain_pages(full: tuple[Client, list[str]]) -> None:
    browser, pages = full

    plain = browser.get(pages[0], headers={"Accept-Encoding": "identity"})

    assert "Content-Encoding" not in plain
    assert b"</html>" in plain.content


def test_the_length_of_a_page_does_not_tell_what_is_in_it() -> None:
    packed = [Client().get(reverse("sign_in"), headers=PACKED).content for _ in range(30)]

    # What pads it stands where a file's name would.
    assert all(page[3] & NAMED for page in packed)
    assert len({page[10:].index(0) for page in packed}) > 10


def test_streams_and_files_are_left_as_they_are(full: tuple[Client, list[str]]) -> None:
    browser, _ = full

    answer = browser.post(reverse("connector_export"), headers=PACKED)

    assert answer.status_code == 200
    assert "Content-Encoding" not in answer
