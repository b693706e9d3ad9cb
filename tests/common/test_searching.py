"""Letters as people type them: what search finds and what is the same name."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.common.searching import (
    fill_search_text,
    is_same,
    normalize_for_search,
    search_text,
    sort_name,
    squeeze,
)
from dashboard.links import services
from dashboard.mirror.models import Account
from dashboard.people.models import Role
from tests.factories import make_account, make_link, make_operation, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Zielona Wyspa Żaglówki", "zaglowki"),
        ("Zielona Wyspa Żaglówki", "ŻAGLÓWKI wyspa"),
        ("Łódź Øl Đakovo", "lodz ol dakovo"),
        ("Moulin des Prés", "des pres"),
        ("Moulin des Pre\u0301s", "prés"),
        ("Açúcar & Sal", "acucar &"),
        ("Harbour Books", "books harbour"),
        ("Kestrel & Finch Opticians", "Kestrel  & Finch"),
        ("Kestrel & Finch Opticians", "kestrel&finch"),
        ("Kestrel & Finch Opticians", "finch,kestrel"),
        ("Straße 7", "strasse"),
        ("Strasse 7", "straße"),
        ("Müller Söhne", "mueller soehne"),
        ("Müller Söhne", "muller"),
        ("Mueller", "Müller"),
        ("Smørrebrød", "smoerrebroed"),
        ("Smørrebrød", "smorrebrod"),
        ("Ægir Œuvre", "aegir oeuvre"),
        ("İstanbul Işık", "istanbul isik"),
        ("ISTANBUL", "ıstanbul"),
        ("ΣΊΣΥΦΟΣ", "σισυφος"),
        ("Ζαχαροπλαστείο", "zacharoplasteio"),
        ("Москва Ёлка", "елка moskva"),
        ("Moskva", "Москва"),
        ("ＡＣＭＥ　ﬁx", "acme fix"),
        ("O’Brien’s", "obriens"),
        ("OBrien", "o'brien"),
        ("Power Point", "powerpoint"),
        ("Coca-Cola", "coca cola"),
        ("A.B.C. Ltd", "abc"),
        ("AT&T", "at&t"),
        ("!!!", "!!"),
        ("soft\u00adhyphen", "softhyphen"),
        ("نَصّ", "نص"),
    ],
)
def test_an_account_is_found_as_people_type_its_name(name: str, typed: str) -> None:
    account = make_account(name=name)
    make_account(name="Somebody Else")

    assert list(Account.objects.search(typed)) == [account]


@pytest.mark.parametrize("typed", ["が", "हिन्दू", "Harbour Tea", "bookshop"])
def test_other_letters_and_words_find_nothing(typed: str) -> None:
    make_account(name="か हिन्दी Harbour Books")

    assert not Account.objects.search(typed)


@pytest.mark.parametrize("cyclr_id", ["0042", "acme/eu", "a_b%c", "shop-1042.example", "ÜBER-7"])
def test_an_id_is_found_as_it_is_written(cyclr_id: str) -> None:
    account = make_account(cyclr_id=cyclr_id)
    make_account(cyclr_id="42")

    assert list(Account.objects.search(cyclr_id)) == [account]


def test_no_words_find_everything() -> None:
    account = make_account()

    assert list(Account.objects.search("  ")) == [account]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Casa Almendra", '"CASA  Almendra"'),
        ("E-mail address", "Email-Address"),
        ("José", "JOSE"),
        ("!", " ! "),
    ],
)
def test_names_are_the_same_however_they_are_written(one: str, other: str) -> None:
    assert is_same(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [("Casa A", "Casa B"), ("!", "?"), ("か", "が"), ("", "a")]
)
def test_names_of_other_letters_are_not_the_same(one: str, other: str) -> None:
    assert not is_same(one, other)


@given(st.text())
def test_normalizing_twice_changes_nothing_more(text: str) -> None:
    normal = normalize_for_search(text)

    assert normalize_for_search(normal) == normal
    assert "\x00" not in normal
    search_text(text).encode()
    assert squeeze(squeeze(text)) == squeeze(text)


@pytest.mark.parametrize("typed", ["ines.acucar", "acucar ines", "ünes", "INES@"])
def test_a_link_is_found_by_its_recipient(client: Client, typed: str) -> None:
    viewer = make_user(Role.VIEWER)
    link = make_link(recipient_email="ines.acucar@x.example", recipient_name="İnês Açúcar")
    client.force_login(viewer)

    page = client.get(reverse("link_list"), {"q": typed}).content.decode()

    assert (link.get_absolute_url() in page) is (typed != "ünes")


def test_a_changed_recipient_is_found(client: Client) -> None:
    lead = make_user(Role.LEAD)
    link = make_link(recipient_email="old@x.example")
    details = {name: getattr(link, name) for name in services.DETAILS}
    details["recipient_name"] = "Zoë"

    version = services.details_version(link)
    services.edit(link, Actor.staff(lead), details, version=version)

    assert link.search_text == "old@x.example\noldxexample\nzoe"


def test_what_was_done_is_found_without_accents(client: Client) -> None:
    lead = make_user(Role.LEAD, name="José Łoś")
    client.force_login(lead)
    audit.record(Actor.staff(lead), "edited", target="Crème Brûlée", account_name="Müller")
    make_operation(title="Install Crème")

    for asked in ({"q": "brulee creme"}, {"who": "los jose"}, {"account": "mueller"}):
        assert "Crème Brûlée" in client.get(reverse("audit_list"), asked).content.decode()
    assert "Crème" not in client.get(reverse("audit_list"), {"account": "miller"}).content.decode()
    assert "Crème" in client.get(reverse("operation_list"), {"q": "creme"}).content.decode()


def test_rows_of_the_release_before_get_their_search_text() -> None:
    accounts = [make_account(name=f"Prés {n}") for n in range(3)]
    Account.objects.update(search_text="prés")

    fill_search_text(Account, {"search_text": lambda row: search_text(row.name, row.cyclr_id)})

    assert set(Account.objects.search("pres")) == set(accounts)


@pytest.mark.parametrize("between", [" ", "-"])
@pytest.mark.parametrize("page", ["link_list", "account_list", "operation_list", "library_list"])
def test_a_whole_mail_is_searched_for_and_breaks_no_list(
    client: Client, page: str, between: str
) -> None:
    """A database refuses conditions that are nested a thousand deep."""
    client.force_login(make_user(Role.VIEWER))
    make_account(name="word0 word1")

    answer = client.get(reverse(page), {"q": between.join(f"word{n}" for n in range(1500))})

    assert answer.status_code == 200


def test_names_that_nobody_looks_for_stand_last_in_lists() -> None:
    ordinary = ["4 Seasons", "Açúcar & Sal", "ember", "Żaglówki", "Zoo", "Ёлка", "やまぶき文具店"]
    others = [
        "   ",
        "=1+1",
        "<script>",
        "{{ 7*7 }}",
        "Invoice \u202egnp.exe",
        "👩‍👩‍👧‍👦 Family Store",
    ]
    for name in reversed(ordinary + others):
        account = make_account(name=name)
        assert account.sort_name == sort_name(name)

    names = [account.name for account in Account.objects.order_by("sort_name", "pk")]

    assert names[:5] == ordinary[:5]
    assert set(names[:7]) == set(ordinary)
    assert set(names[7:]) == set(others)
