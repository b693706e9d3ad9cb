"""The search box: terms, free words, and what is told of the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.search_terms import parse, without
from dashboard.mirror.models import Account, SyncRun
from dashboard.people.models import Role
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_user,
)
from tests.pages import HOSTILE, assert_only_letters, signed_in, text_of

URL = "/connectors/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer() -> Client:
    return signed_in(make_user(Role.VIEWER))


@pytest.fixture
def acme() -> Account:
    console = make_console()
    SyncRun.objects.create(console=console, finished_at=timezone.now())
    return make_account(console=console, name="Acme Büro", cyclr_id="eu:1")


def found(viewer: Client, search: str, **more: str) -> set[str]:
    return {row.name for row in viewer.get(URL, {"q": search} | more).context["page"]}


@pytest.mark.parametrize(
    ("search", "terms", "text"),
    [
        ("is:broken acme", [("is", "broken")], "acme"),
        ('connector:"Google Drive" x', [("connector", "Google Drive")], "x"),
        ("IS:Gone", [("is", "Gone")], ""),
        ('connector:"Google', [("connector", "Google")], ""),
        ("eu:1 https://x.example/y", [], "eu:1 https://x.example/y"),
        ("thisis:broken? -is:gone", [], "thisis:broken? -is:gone"),
        ("is:rubbish tea", [], "tea"),
        ("is: tea", [], "tea"),
        ("since:7d since:2026-02-30", [("since", "7d")], ""),
        ("", [], ""),
    ],
)
def test_a_search_is_taken_apart(search: str, terms: list[tuple[str, str]], text: str) -> None:
    parsed = parse(search)

    assert [(term.key, term.value) for term in parsed.terms] == terms
    assert parsed.text == text


def test_what_is_not_understood_is_told() -> None:
    (bad_value,), (bad_key,) = parse("is:rubbish").notes, parse("colour:red").notes

    assert bad_value.startswith("“is:rubbish” narrows nothing: is: takes broken, authenticated")
    assert bad_key.startswith("“colour:” is searched for as text. Keys are is:, connector:")
    assert parse("since:").notes[0].endswith(", or a day, such as since:7d")
    assert not parse("acme is:broken").notes


def test_a_term_is_taken_out_as_it_was_written() -> None:
    search = 'tea is:broken  connector:"Google Drive" house'
    first, second = parse(search).terms

    assert without(search, first) == 'tea connector:"Google Drive" house'
    assert without(search, second) == "tea is:broken house"


def test_each_term_narrows_the_list(viewer: Client, acme: Account) -> None:
    now = timezone.now()
    other = make_account(console=acme.console, name="Other")
    make_account_connector(account=acme, name="Broken", connector_name="HubSpot")
    make_account_connector(
        account=acme,
        name="Fine",
        connector_name="Google Drive",
        connector_version="2.1",
        authenticated=True,
        authenticated_since=now - timedelta(days=3),
        proven_at=now,
    )
    make_account_connector(
        account=other,
        name="Dead",
        connector_name="Slack",
        connector_version="20",
        authenticated=True,
        authenticated_since=now - timedelta(days=30),
        test_failed_at=now,
        why_broken="consent",
    )
    make_account_connector(
        account=other, name="Ours", connector_name="Ours", is_native=True, gone_at=now
    )

    assert found(viewer, "is:broken") == {"Broken", "Dead"}
    assert found(viewer, "is:native") == found(viewer, "is:gone") == {"Ours"}
    assert found(viewer, "connector:hub") == {"Broken"}
    assert found(viewer, 'connector:"drive google"') == {"Fine"}
    assert found(viewer, "account:buro") == found(viewer, "account:eu:1") == {"Broken", "Fine"}
    assert found(viewer, "version:2") == {"Fine"}
    assert found(viewer, "tested:dead") == {"Dead"}
    assert found(viewer, "tested:working") == {"Fine"}
    assert found(viewer, "tested:never") == {"Broken", "Ours"}
    assert found(viewer, "since:7d") == {"Fine", "Dead", "Ours"}
    assert found(viewer, "why:consent") == {"Dead"}
    assert found(viewer, "tag:vip") == set()
    assert found(viewer, "is:broken slack") == {"Dead"}
    assert found(viewer, "is:broken", state="not-working") == {"Dead"}
    assert found(viewer, "is:rubbish") == {"Broken", "Fine", "Dead", "Ours"}


def test_since_is_from_when_a_connector_is_in_its_state(viewer: Client, acme: Account) -> None:
    now = timezone.now()
    long_ago, lately = now - timedelta(days=30), now - timedelta(days=2)
    fixed = {"account": acme, "authenticated": True, "authenticated_since": long_ago}
    for name, moments in {
        "Failing for weeks": {"failing_since": long_ago, "test_failed_at": lately},
        "Failing": {"failing_since": lately, "test_failed_at": now},
        "Failed once": {"test_failed_at": lately},
        "Works": {},
        "Gone": {"gone_at": now},
    }.items():
        make_account_connector(name=name, **fixed, **moments)

    assert found(viewer, "since:7d") == {"Failing", "Failed once", "Gone"}
    assert found(viewer, "is:broken tested:dead since:7d") == {"Failing", "Failed once"}


@pytest.mark.parametrize(
    "typed", ["zendusk", "ZENDUESK", '"sell zendüsk"', "zen-düsk", "Zendu\u0308sk"]
)
def test_a_kind_is_found_as_people_type_it(viewer: Client, acme: Account, typed: str) -> None:
    make_account_connector(account=acme, name="Main", connector_name="Zendüsk Sell")
    make_account_connector(account=acme, name="Zendüsk Sell, copied", connector_name="Kvasir")

    assert found(viewer, f"connector:{typed}") == {"Main"}


def test_a_kind_that_is_nowhere_finds_nothing(viewer: Client, acme: Account) -> None:
    make_account_connector(account=acme, name="🙂", connector_name="Kvasir")

    assert found(viewer, "connector:🙂") == set()
    assert found(viewer, "connector:日本") == set()


def test_a_version_is_found_with_and_without_its_v(viewer: Client, acme: Account) -> None:
    for version in ("2", "2.1", "v2", "V2.0", "20", "v20", "SuiteTalk REST", "2_1"):
        make_account_connector(account=acme, name=version, connector_version=version)

    assert found(viewer, "version:2") == found(viewer, "version:v2") == {"2", "2.1", "v2", "V2.0"}
    assert found(viewer, 'version:"suitetalk rest"') == {"SuiteTalk REST"}
    assert found(viewer, "version:2_") == set()


def test_links_narrow_the_list(viewer: Client, acme: Account) -> None:
    rows = {name: make_account_connector(account=acme, name=name) for name in ("A", "B", "C", "D")}
    past = timezone.now() - timedelta(days=1)
    make_link(connectors=[rows["A"]])
    make_link(connectors=[rows["B"]], expires_at=past)
    make_link(connectors=[rows["C"]], revoked_at=past)

    assert found(viewer, "link:open") == {"A"}
    assert found(viewer, "link:expired") == {"B"}
    assert found(viewer, "link:revoked") == {"C"}
    assert found(viewer, "link:connected") == set()
    assert found(viewer, "link:none") == {"D"}


def test_terms_are_chips_that_can_be_removed(viewer: Client, acme: Account) -> None:
    make_account_connector(account=acme, name="Broken")

    html = text_of(viewer.get(URL, {"q": "is:broken bro colour:red", "sort": "name"}))

    assert 'aria-label="Remove filter: is: broken"' in html
    assert 'href="?q=bro+colour%3Ared&amp;sort=name"' in html
    assert "“colour:” is searched for as text" in html


@pytest.mark.parametrize("value", HOSTILE)
def test_values_are_only_letters(viewer: Client, acme: Account, value: Any) -> None:
    assert_only_letters(text_of(viewer.get(URL, {"q": f'connector:"{value}" {value}'})))


def test_a_term_looks_for_its_accounts_once(viewer: Client, acme: Account) -> None:
    make_account_connector(account=acme)

    with CaptureQueriesContext(connection) as asked:
        viewer.get(URL, {"q": "account:acme is:broken"})

    looks = [one for one in asked if 'FROM "mirror_account" WHERE' in one["sql"]]
    assert len(looks) == 1
