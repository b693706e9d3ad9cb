"""Two filled consoles: each page knows which one it is about, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from dashboard.audit import services as audit
from dashboard.audit.models import Actor
from dashboard.consoles.models import Console
from dashboard.notifications.models import Notification
from dashboard.people.access import decision_on
from dashboard.people.models import Role
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_cycle,
    make_launch_link,
    make_link,
    make_operation,
    make_user,
)
from tests.pages import signed_in

pytestmark = pytest.mark.django_db
CANARY = "canary-of-the-other-console"
OF_THE_PERSON = {
    "notification_list": "the bell is about everything that happens to a person",
    "search": "everything is searched; each result names its console",
}
"""Pages that are not narrowed by the console in view, and why."""


def pages(patterns: list[Any] | None = None) -> Iterator[tuple[str, Any]]:
    """Every address without a key, by name, with its view."""
    every = get_resolver("dashboard.urls").url_patterns if patterns is None else patterns
    for pattern in every:
        if isinstance(pattern, URLResolver):
            yield from pages(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            try:
                reverse(pattern.name)
            except NoReverseMatch:
                continue
            yield pattern.name, pattern.callback


STAFF_PAGES = sorted(
    {name for name, view in pages() if (d := decision_on(view)) and d.at_least is not None}
)


def fill(console: Console, word: str) -> None:
    """One of everything that lists show, bearing the word."""
    account = make_account(console=console, name=f"{word} account")
    make_account_connector(account=account, name=f"{word} connector", connector_name=f"{word} kind")
    make_link(account=account)
    make_launch_link(account=account)
    make_cycle(account=account, name=f"{word} cycle")
    make_operation(account=account)
    Notification.objects.create(
        console=console, account=account, kind="connected", message=f"{word} told", url="/"
    )
    audit.record(Actor.system(), "settings.brand", console=console, target=f"{word} target")


@pytest.fixture
def mine() -> Console:
    console = make_console(name="Mine", api_url="https://api.mine.example")
    fill(console, "own")
    return console


@pytest.fixture
def other(mine: Console) -> Console:
    console = make_console(name="Second", is_from_environment=False)
    fill(console, CANARY)
    return console


def answer(browser: Client, name: str, **asked: Any) -> Any:
    """The page, also where it lies behind a redirect."""
    return browser.get(reverse(name), asked, follow=True)


@pytest.mark.parametrize("name", STAFF_PAGES)
def test_who_has_no_role_in_a_console_finds_no_page_of_it_and_none_of_its_things(
    name: str, mine: Console, other: Console
) -> None:
    browser = signed_in(make_user(Role.ADMIN, console=mine))

    assert browser.get(reverse(name), {"console": other.pk}).status_code == 404
    assert browser.get(reverse(name), {"console": 10**6}).status_code == 404
    page = answer(browser, name)
    if not page.streaming:
        assert CANARY not in page.text


@pytest.mark.parametrize("name", [one for one in STAFF_PAGES if one not in OF_THE_PERSON])
def test_a_page_with_a_console_in_view_is_about_that_one_alone(
    name: str, mine: Console, other: Console
) -> None:
    browser = signed_in(make_user(Role.ADMIN))

    page = answer(browser, name, console=mine.pk)

    text = b"".join(page).decode() if page.streaming else page.text
    assert CANARY not in text


def test_the_console_in_view_goes_along_from_place_to_place(mine: Console, other: Console) -> None:
    browser = signed_in(make_user(Role.ADMIN))
    own = mine.accounts.get()

    listed = browser.get(reverse("account_list"), {"console": mine.pk}).context["shell"]
    detail = browser.get(own.get_absolute_url()).context["shell"]
    every = browser.get(reverse("account_list")).context["shell"]

    for shell in (listed, detail):
        assert shell.console == mine
        assert {entry.url.partition("?")[2] for entry in shell.nav} == {f"console={mine.pk}"}
    assert every.console is None
    assert {entry.url.partition("?")[2] for entry in every.nav} == {""}
    assert [switch.url for switch in detail.switches] == [
        "/accounts/",
        f"/accounts/?console={mine.pk}",
        f"/accounts/?console={other.pk}",
    ]
    assert [switch.label for switch in every.switches if switch.is_current] == ["All consoles"]


def test_with_one_console_there_is_nothing_to_switch(mine: Console) -> None:
    page = signed_in(make_user(Role.ADMIN)).get(reverse("account_list"))

    assert "switcher" not in page.text
    assert {entry.url.partition("?")[2] for entry in page.context["shell"].nav} == {""}


def test_a_view_is_not_kept_in_the_session(mine: Console, other: Console) -> None:
    """Two tabs of one person look at two consoles."""
    browser = signed_in(make_user(Role.ADMIN))

    browser.get(reverse("account_list"), {"console": mine.pk})

    assert CANARY in browser.get(reverse("account_list")).text


@pytest.mark.parametrize("asked", ["x", "-1", "", "1 or 1=1", "²", "9" * 400, "\x00"])
def test_rubbish_for_a_console_does_no_harm(asked: str, mine: Console, other: Console) -> None:
    browser = signed_in(make_user(Role.ADMIN))

    assert browser.get(reverse("account_list"), {"console": asked}).status_code in {200, 404}


def test_a_retired_console_is_looked_at_and_not_posted_to(mine: Console, other: Console) -> None:
    Console.objects.filter(pk=other.pk).update(retired_at=timezone.now())
    browser = signed_in(make_user(Role.ADMIN))
    url = f"{reverse('account_list')}?console={other.pk}"

    assert CANARY in browser.get(url).text
    refused = browser.post(url)
    assert (refused.status_code, "This console is retired" in refused.text) == (403, True)
