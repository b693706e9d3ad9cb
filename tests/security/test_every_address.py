"""Every address there is, found in the URL conf: by role, console, account and method.

An address that is new has to be decided on here, or these tests fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from dashboard.audit.models import AuditEntry
from dashboard.people.access import Access
from dashboard.people.models import Membership, Role
from tests.factories import make_user
from tests.pages import nothing_changes, signed_in, writes
from tests.support.every_address import Address, every_address
from tests.support.world import KEYS, NO_THING, World

pytestmark = pytest.mark.django_db

STAFF = [one for one in every_address() if one.is_of_staff]
KEYED = [one for one in STAFF if set(one.keys.values()) - set(NO_THING)]
HTMX = {"HX-Request": "true"}


OPEN = {
    "health": ("healthz", "readyz", "security_txt", "csp_report"),
    "signing in and out": (
        *("sign_in", "sign_out", "passkey_sign_in", "passkey_options", "mfa_authenticate"),
        *("company_begin", "company_away", "company_back", "company_leave"),
        *("password_forgotten", "password_new", "password_link", "session_state"),
    ),
    "who holds the address": (
        *("invitation", "invitation_accepted", "error_webhook_post"),
        *("public_link", "link_continue", "link_ask", "link_reminders", "link_glued"),
        *("entry_new", "entry_wait", "attempt_wait", "link_return"),
        *("launch_page", "launch_continue", "launch_wait"),
    ),
    "pictures and colours of customers' pages": ("brand_logo", "brand_css", "connector_icon"),
    "who holds a token: tests/api/test_access.py": (
        *("api_document", "api_root", "api_nothing", "mcp"),
        *("api_account_list", "api_account", "api_account_refresh"),
        *("api_connector_list", "api_connector", "api_connector_refresh"),
        *("api_alarm_list", "api_alarm", "api_link_list", "api_link"),
        *("api_operation_list", "api_operation"),
    ),
}
"""Addresses that ask for no role, by why not."""


@pytest.fixture
def mine() -> World:
    return World("own")


@pytest.fixture
def other(mine: World) -> World:
    return World("other")


def send(browser: Client, address: Address, url: str) -> dict[str, int]:
    """What it answers to each method that it takes, also asked for by htmx; undone afterwards."""
    answers = {}
    with transaction.atomic():
        if address.reads:
            answers["GET"] = browser.get(url).status_code
            answers["part"] = browser.get(url, headers=HTMX).status_code
        if address.posts:
            answers["POST"] = browser.post(url).status_code
        transaction.set_rollback(True)
    return answers


def wrong(
    browser: Client, asked: Iterable[tuple[Address, str]], allowed: set[int]
) -> dict[str, Any]:
    """By address, what was answered and is not allowed, and what was written."""
    found: dict[str, Any] = {}
    for address, url in asked:
        with writes() as written:
            answers = send(browser, address, url)
        if not answers or set(answers.values()) - allowed or written:
            found[f"{address.name} {url}"] = answers, written
    return found


# ---- decisions ----


def test_every_place_of_an_address_has_a_thing() -> None:
    places = {place for one in STAFF for place in one.keys.values()}

    assert places == set(KEYS)
    assert set(NO_THING) < places
    assert len(STAFF) > 200 and len(KEYED) > 150


def test_what_is_open_to_all_was_decided_to_be() -> None:
    opened = [one.name for one in every_address() if not one.is_of_staff]

    assert sorted(opened) == sorted(name for names in OPEN.values() for name in names)


def test_every_address_says_which_methods_it_takes() -> None:
    assert [one.route for one in every_address() if not one.methods] == []


# ---- another console ----

ALIKE = {
    "profile_end_session": "an ended session and one of somebody else are answered alike, by a 302",
}
"""What answers no 404 for another's thing, and why nothing is told by that."""


def swapped(address: Address, one: World, another: World) -> Iterator[tuple[Address, str]]:
    """Its addresses with each key that is a thing's, and with all, exchanged for another's."""
    own = {name: one.key(place) for name, place in address.keys.items()}
    theirs = {name: another.key(place) for name, place in address.keys.items()}
    for name, place in address.keys.items():
        if place not in NO_THING:
            yield address, one.url(address, **own | {name: theirs[name]})
    yield address, one.url(address, **theirs)


def test_a_thing_of_another_console_is_not_there(mine: World, other: World) -> None:
    browser = signed_in(mine.admin)
    asked = [one for address in KEYED for one in swapped(address, mine, other)]
    told = [one for one in asked if one[0].name not in ALIKE]
    alike = [one for one in asked if one[0].name in ALIKE]

    with nothing_changes():
        assert wrong(browser, told, {404}) == {}
        assert wrong(browser, alike, {302}) == {}


def test_an_administrator_elsewhere_has_no_more_than_their_role_here(
    mine: World, other: World
) -> None:
    """The decision above a view lets them in: it has to ask for the role once more, here."""
    somebody = make_user(Role.VIEWER, console=mine.console)
    Membership.objects.create(user=somebody, console=other.console, role=Role.ADMIN)
    browser = signed_in(somebody)
    above = [one for one in KEYED if one.access and one.access.at_least != Role.VIEWER]
    asked = [(one, mine.url(one)) for one in above]

    with nothing_changes():
        assert wrong(browser, asked, {403, 404}) == {}


# ---- roles ----


@pytest.mark.parametrize("role", [None, *Role], ids=str)
def test_no_page_lets_in_whose_role_is_too_low(role: Role | None, mine: World) -> None:
    browser = signed_in(make_user(role, console=mine.console))
    above = [one for one in STAFF if role is None or one.access.at_least > role]  # type: ignore[union-attr,operator]
    asked = [(one, mine.url(one)) for one in above]

    with nothing_changes():
        assert wrong(browser, asked, {403}) == {}
    assert asked or role == Role.ADMIN


OF_ONESELF = {
    "factor_remove": "a factor is its owner's",
    "passkey_rename": "a factor is its owner's",
}
OF_ALL_CONSOLES = {
    "console_new": "a console is added by an administrator of all",
    "person_deactivate": "a person is switched off everywhere",
    "settings_retention": "the trail is kept alike for all consoles",
}
NOT_YET = {
    "method_call_tree": "the call was not answered yet",
    "method_call_download": "the call was not answered yet",
    "cycle_transaction": "none was read",
    "release_drift_detail": "no connector has an older release",
    "console_check": "who asked for a try of credentials sees it, and here that was a Lead",
    "onboarding_table_new": "the plan is of one account",
}
"""Pages that this world has nothing for: their own tests read them."""


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_a_role_that_is_high_enough_reads_the_page(role: Role, mine: World) -> None:
    """Else all that is refused above would be refused for another reason."""
    browser = signed_in(make_user(role, console=mine.console))
    of_all, owner = signed_in(make_user(Role.ADMIN)), signed_in(mine.owner)
    unread = {}
    for one in STAFF:
        if one.reads and one.name not in NOT_YET and one.access == Access(role):
            who = of_all if one.name in OF_ALL_CONSOLES else browser
            who = owner if one.name in OF_ONESELF else who
            answer = send(who, one, mine.url(one))["GET"]
            if answer not in {200, 302}:
                unread[one.name] = answer

    assert unread == {}


def test_nobody_gets_anywhere_without_signing_in(mine: World) -> None:
    let_in = {}
    asked = [(one, mine.url(one)) for one in STAFF]

    with nothing_changes():
        for address, url in asked:
            browser = Client()
            read, press = browser.get(url), browser.post(url)
            part = browser.get(url, headers=HTMX)
            to = [read.get("Location", ""), press.get("Location", ""), part.get("HX-Redirect", "")]
            if part.content or not all(one.startswith("/sign-in/") for one in to):
                let_in[address.name] = to

    assert let_in == {}


# ---- one console, another account ----

NESTED = {
    "method_call": "call_pk",
    "method_call_tree": "call_pk",
    "method_call_download": "call_pk",
    "method_call_save": "call_pk",
    "onboarding_step_edit": "pk",
}
"""Addresses of a thing within another of the same console, and the key of the inner one."""
CONSOLE_ALONE = {
    "install_new": "the library is the console's, of which the account is",
    "install_check": "the library is the console's, of which the account is",
    "install_discard": "the library is the console's, of which the account is",
    "template_install": "templates are the console's, of which the account is",
    "saved_call_delete": "a saved call is of the method, in the whole console",
    "settings_error_webhook_set": "the outer key is the console itself",
    "settings_webhook_again": "the outer key is the console itself",
}
"""Those whose outer key says no more than the console, which the test of two consoles swaps."""


def test_every_address_of_two_things_is_decided_on() -> None:
    of_two = {one.name for one in STAFF if len(set(one.keys.values()) - set(NO_THING)) > 1}

    assert of_two == set(NESTED) | set(CONSOLE_ALONE)


def test_a_thing_of_another_account_is_not_found_through_this_one(mine: World) -> None:
    sibling = mine.sibling()
    browser = signed_in(make_user(Role.ADMIN))
    asked = []
    for address in STAFF:
        if address.name in NESTED:
            for name, place in address.keys.items():
                asked.append((address, mine.url(address, **{name: sibling.key(place)})))

    with nothing_changes():
        assert wrong(browser, asked, {404}) == {}
    own = [one for one in STAFF if one.name in set(NESTED) - set(NOT_YET)]
    assert {send(browser, one, mine.url(one))["GET"] for one in own} == {200}


def test_an_app_of_another_link_is_not_found_through_this_one(mine: World) -> None:
    one, another = mine.link, mine.sibling().link
    item = another.items.get()
    asked = [("post", "link_continue"), ("get", "entry_new"), ("post", "entry_new")]
    asked += [("get", "entry_wait")]

    with nothing_changes():
        answers = [
            getattr(Client(), method)(reverse(name, args=[one.token(), item.pk]))
            for method, name in asked
        ]

    assert {answer.status_code for answer in answers} == {404}


# ---- only POST changes anything ----

SHOWS = {
    **dict.fromkeys(
        [
            *("link_list", "link_detail", "link_account_tab", "link_panel"),
            *("link_letter", "link_send"),
        ],
        "links.show_address",
    ),
    "link_qr": "links.show_qr",
    "install_many_table": "exported a list",
    "template_install_many_table": "exported a list",
}
"""Pages that show something that is worth an entry in the trail, and what the entry is called."""


def test_reading_a_page_changes_nothing_and_records_what_it_shows(mine: World) -> None:
    browser = signed_in(mine.admin)
    changed: dict[str, list[str]] = {}
    recorded: dict[str, str] = {}
    asked = [(one, mine.url(one)) for one in STAFF if one.reads]
    newest = max(AuditEntry.objects.values_list("pk", flat=True))
    for address, url in asked:
        with transaction.atomic():
            with writes() as written:
                for answer in browser.get(url), browser.get(url, headers=HTMX), browser.head(url):
                    b"".join(answer) if answer.streaming else None
                    assert answer.status_code in {200, 204, 302, 403, 404, 405}, url
            entries = AuditEntry.objects.filter(pk__gt=newest)
            if actions := sorted(set(entries.values_list("action", flat=True))):
                recorded[address.name] = " ".join(actions)
            transaction.set_rollback(True)
        if others := [one for one in written if not one.startswith('INSERT INTO "audit_')]:
            changed[address.name] = others

    assert changed == {}
    assert recorded == SHOWS


def test_what_takes_posts_alone_is_not_read(mine: World) -> None:
    browser = signed_in(make_user(Role.ADMIN))
    posts = [one for one in STAFF if one.posts and not one.reads]
    asked = [(one, mine.url(one)) for one in posts]
    read: dict[str, Any] = {}

    with nothing_changes():
        for address, url in asked:
            statuses = {browser.get(url).status_code, browser.head(url).status_code}
            if statuses != {405}:
                read[address.name] = statuses

    assert read == {} and len(posts) > 80
