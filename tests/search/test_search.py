"""The search over everything: what it finds, for whom, and what it costs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import resolve, reverse

from dashboard import navigation
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account
from dashboard.people.access import decision_on
from dashboard.people.models import Role, User
from dashboard.search.finding import MOST, Hit, find
from tests.factories import (
    make_account,
    make_account_connector,
    make_connector,
    make_console,
    make_cycle,
    make_link,
    make_operation,
    make_template,
    make_user,
)

pytestmark = pytest.mark.django_db
HOSTILE = '<img src=x onerror=alert(1)>"\u202etxt'
SWAP = {"HX-Request": "true"}


@pytest.fixture
def account() -> Account:
    return make_account(name="Harbour Books", cyclr_id="shop-1042.example")


def found(user: User, text: str) -> dict[str, list[Hit]]:
    return {group.heading: group.hits for group in find(user, text)}


def urls(user: User, text: str, heading: str) -> list[str]:
    return [hit.url for hit in found(user, text).get(heading, [])]


def page_of(user: User, text: str = "", **headers: str) -> str:
    client = Client()
    client.force_login(user)
    response = client.get(reverse("search"), {"q": text}, headers=headers)
    assert response.status_code == 200
    return str(response.content.decode())


# ---- things ----


@pytest.mark.parametrize(
    "text", ["harbour", "BOOKS harb", "shop-1042", "shop-1042.example", "hàrbour"]
)
def test_an_account_is_found_by_name_and_by_id(account: Account, text: str) -> None:
    assert urls(make_user(), text, "Accounts") == [account.get_absolute_url()]


def test_the_exact_id_comes_first_then_names_that_begin_like_it(account: Account) -> None:
    console = account.console
    old = make_account(console=console, name="Abbey & Harbour")
    exact = make_account(console=console, name="Zebra", cyclr_id="Harbour")

    assert urls(make_user(), "Harbour", "Accounts") == [
        exact.get_absolute_url(),
        account.get_absolute_url(),
        old.get_absolute_url(),
    ]


def test_a_connector_is_found_by_its_name_its_account_and_its_number(account: Account) -> None:
    installed = make_account_connector(account=account, name="Big shop", cyclr_id=77123)
    make_account_connector(name="Elsewhere")
    user = make_user()

    for text in ("big", "harbour big", "77123"):
        assert urls(user, text, "Installed connectors") == [installed.get_absolute_url()], text
    assert urls(user, "harbour", "Installed connectors") == []


def test_a_link_is_found_by_customer_recipient_and_address(account: Account) -> None:
    link = make_link(account=account, recipient_email="mara@customer.example")
    user = make_user()

    for text in ("harbour", "mara@customer.example", f"Please open {link.url()}, thanks."):
        assert urls(user, text, "Links") == [link.get_absolute_url()], text


def test_what_else_has_a_name_or_an_id_is_found(account: Account) -> None:
    console = account.console
    entry = make_connector(console=console, name="Klaviyo", release_id=4321)
    cycle = make_cycle(account=account, name="Orders to ledger")
    template = make_template(console=console, name="Orders to mail")
    operation = make_operation(account=account, title="Install Klaviyo")
    user = make_user()

    assert urls(user, "klav", "Library") == [entry.get_absolute_url()]
    assert urls(user, "4321", "Library") == [entry.get_absolute_url()]
    assert urls(user, "ledger", "Cycles") == [cycle.get_absolute_url()]
    assert urls(user, cycle.cyclr_id, "Cycles") == [cycle.get_absolute_url()]
    assert urls(user, template.cyclr_id, "Templates") == [template.get_absolute_url()]
    assert urls(user, operation.reference, "Operations") == [operation.get_absolute_url()]


def test_another_console_s_things_are_not_found(account: Account) -> None:
    make_account_connector(account=account, name="Harbour shop", cyclr_id=5)
    link = make_link(account=account)
    make_cycle(account=account, name="Harbour cycle")
    operation = make_operation(account=account)
    user = make_user(Role.ADMIN, console=make_console())

    for text in ("harbour", "harbour shop", "5", link.url(), operation.reference):
        assert set(found(user, text)) <= {"Actions", "Pages"}, text


def test_no_more_than_a_few_of_a_kind_are_shown(account: Account) -> None:
    for _ in range(MOST + 3):
        make_account(console=account.console, name="Harbour Inn")

    assert len(urls(make_user(), "harbour", "Accounts")) == MOST


@pytest.mark.parametrize("text", ["%", "_", "'", "\x00", "…", "0" * 30, "9" * 18, "(", "x" * 5000])
def test_whatever_is_typed_is_answered(account: Account, text: str) -> None:
    page_of(make_user(), text)
    page_of(make_user(), text, **SWAP)


# ---- actions and pages ----


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        (Role.VIEWER, set()),
        (Role.AGENT, {"Install connector in", "Create link for", "Install template in"}),
        (Role.LEAD, {"Install connector in", "Create link for", "Install template in", "Edit"}),
    ],
)
def test_the_role_in_the_account_s_console_says_what_may_be_done_with_it(
    account: Account, role: Role, offered: set[str]
) -> None:
    user = make_user(role, console=account.console)
    Console.objects.exclude(pk=account.console_id).delete()

    labels = {hit.label for hit in found(user, "harbour")["Accounts"]}
    assert labels == {""}
    assert {hit.label for hit in found(user, "harbour").get("Actions", [])} == offered


def test_nothing_is_done_with_an_account_that_is_gone(account: Account) -> None:
    account.gone_at = account.seen_at
    account.save()

    assert "Actions" not in found(make_user(), "harbour")


def test_every_command_leads_to_a_page_that_lets_in_who_is_offered_it(account: Account) -> None:
    for role in Role:
        user = make_user(role)
        client = Client()
        client.force_login(user)
        hits = found(user, "")["Actions"] + found(user, "harbour").get("Actions", [])
        for hit in hits:
            assert client.get(hit.url).status_code == 200, hit.url


def test_a_command_is_not_offered_to_who_may_not_open_it() -> None:
    viewer = {hit.label for hit in found(make_user(Role.VIEWER), "")["Actions"]}
    lead = {hit.label for hit in found(make_user(Role.LEAD), "")["Actions"]}

    assert "Create account" not in viewer
    assert "Create account" in lead


def test_pages_are_found_by_the_beginning_of_their_words() -> None:
    user = make_user()

    assert urls(user, "conn", "Pages") == [reverse("connector_list")]
    assert urls(user, "customer", "Actions") == [reverse("onboarding_new")]


def test_every_command_names_a_page() -> None:
    for command in navigation.commands():
        args = [0] if command.is_of_account else []
        assert decision_on(resolve(reverse(command.url_name, args=args)).func) is not None


# ---- how it is drawn ----


def test_the_palette_gets_options_and_the_page_gets_links(account: Account) -> None:
    options = page_of(make_user(), "harbour", **SWAP)
    page = page_of(make_user(), "harbour")

    assert options.strip().startswith('<div id="palette-hits" role="listbox"')
    assert len(re.findall(r'role="option"', options)) == 4
    assert 'data-for="harbour"' in options
    assert "<h1>Search</h1>" in page
    assert f'<a class="hit" href="{account.get_absolute_url()}"' in page
    assert "<dialog" in page
    assert 'id="palette"' in page


def test_names_from_outside_stay_text() -> None:
    account = make_account(name=HOSTILE, cyclr_id=HOSTILE + "1")
    make_account_connector(account=account, name=HOSTILE)
    make_cycle(account=account, name=HOSTILE)

    for headers in ({}, SWAP):
        page = page_of(make_user(), HOSTILE, **headers)
        assert "<img" not in page
        assert "\u202e" not in re.sub(r'(value|data-for)="[^"]*"', "", page)


def test_nothing_found_says_what_was_looked_for() -> None:
    assert "Nothing matches “nobody”" in page_of(make_user(), "nobody", **SWAP)
    assert "Nothing found" in page_of(make_user(), "nobody")


def test_it_asks_as_often_for_many_as_for_one(
    account: Account, django_assert_max_num_queries: Any
) -> None:
    for _ in range(7):
        one = make_account(console=account.console, name="Harbour Inn")
        make_link(account=one)
        make_cycle(make_account_connector(account=one, name="Harbour"), name="Harbour")
    user = User.objects.get(pk=make_user().pk)

    with django_assert_max_num_queries(9):
        find(user, "harbour")


# ---- keyboard shortcuts ----


def test_single_keys_are_switched_off_and_on_per_person() -> None:
    user, other = make_user(Role.VIEWER), make_user(Role.VIEWER)
    client = Client()
    client.force_login(user)
    url = reverse("shortcut_list")
    assert "data-single-keys" not in client.get(url).content.decode()

    client.post(url)
    assert 'data-single-keys="off"' in client.get(url).content.decode()
    other.refresh_from_db()
    assert other.has_single_keys

    client.post(url, {"single_keys": "on"})
    assert "data-single-keys" not in client.get(url).content.decode()


def test_what_is_typed_into_the_palette_stands_in_no_address(client: Client) -> None:
    client.force_login(make_user(Role.AGENT))
    link = make_link()
    page = client.get("/").content.decode()
    dialog = page[page.index('id="palette"') : page.index('id="palette-hits"')]
    assert f'hx-post="{reverse("search")}"' in dialog
    assert "hx-get" not in dialog

    posted = client.post(reverse("search"), {"q": link.url()}, headers=SWAP)
    assert link.get_absolute_url() in posted.content.decode()
