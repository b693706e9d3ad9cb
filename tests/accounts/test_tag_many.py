"""Tags of many accounts in one go: of all that a list found, or of those that stay ticked."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from dashboard.accounts import tag_many_views, tags
from dashboard.accounts.models import Tag
from dashboard.audit.models import Actor, AuditEntry
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account
from dashboard.people.models import Role
from tests.accounts.conftest import as_drawn
from tests.factories import make_account, make_console, make_user
from tests.pages import nothing_changes, signed_in, text_of

pytestmark = pytest.mark.django_db
PAGE = "/accounts/tags/"


@pytest.fixture
def three(console: Console) -> list[Account]:
    """Accounts of one console: two Harbours and another one."""
    names = ["Harbour Books", "Harbour Café", "Lantern"]
    return [make_account(name=name, console=console) for name in names]


def names(account: Account) -> list[str]:
    return [one.name for one in tags.tags_of(account)]


def send(browser: Client, query: str, accounts: list[Account], **values: str) -> Any:
    drawn = as_drawn(browser.get(PAGE + query))
    picked = [str(account.pk) for account in accounts]
    return browser.post(PAGE + query, drawn | {"pick": picked} | values)


def test_a_lead_tags_all_that_match(lead: Client, three: list[Account]) -> None:
    tags.set_tags(Actor.system(), three[0], ["old", "keep"])
    assert "/accounts/tags/?q=Harbour" in text_of(lead.get("/accounts/?q=Harbour"))

    answer = send(lead, "?q=Harbour", three[:2], add="VIP, Köln", remove="OLD")

    assert answer.status_code == 302 and answer["Location"] == "/accounts/?q=Harbour"
    assert names(three[0]) == ["keep", "Köln", "VIP"]
    assert names(three[1]) == ["Köln", "VIP"] and names(three[2]) == []
    assert not Tag.objects.filter(name="old").exists()
    told = AuditEntry.objects.filter(action="accounts.tag", actor_user__isnull=False)
    assert sorted(entry.account_name for entry in told) == ["Harbour Books", "Harbour Café"]
    assert told.get(account_name="Harbour Books").details == {
        "added": ["VIP", "Köln"],
        "removed": ["old"],
    }
    assert "Changed the tags of 2 accounts." in text_of(lead.get("/accounts/"))


def test_only_those_that_stay_ticked(lead: Client, three: list[Account]) -> None:
    send(lead, "", [three[2]], add="VIP")

    assert [names(one) for one in three] == [[], [], ["VIP"]]


def test_what_is_so_already_is_neither_changed_nor_told(lead: Client, three: list[Account]) -> None:
    tags.set_tags(Actor.system(), three[0], ["VIP"])
    send(lead, "?q=Books", three[:1], add="vip", remove="nothing")

    assert AuditEntry.objects.filter(action="accounts.tag").count() == 1
    assert not Tag.objects.exclude(name="VIP").exists()
    assert "Nothing was changed." in text_of(lead.get("/accounts/"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Enter a tag to add, or one to remove."),
        ({"add": "VIP", "remove": "vip"}, "cannot be added and removed at once"),
        ({"add": "x" * 41}, "longer than 40"),
    ],
)
def test_what_makes_no_sense_is_said_beside_the_field(
    lead: Client, three: list[Account], values: dict[str, str], words: str
) -> None:
    with nothing_changes():
        answer = send(lead, "", three, **values)

    assert answer.status_code == 422 and words in text_of(answer)


def test_no_account_is_changed_that_was_not_shown(lead: Client, three: list[Account]) -> None:
    drawn = as_drawn(lead.get(PAGE))
    make_account(name="Just found", console=three[0].console)

    answer = lead.post(PAGE, drawn | {"add": "VIP", "pick": [str(one.pk) for one in three]})

    assert answer.status_code == 409 and "Other accounts match" in text_of(answer)
    assert not Tag.objects.exists() and 'value="VIP"' in text_of(answer)


def test_of_more_than_are_listed_all_are_meant(
    lead: Client, three: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tag_many_views, "LISTED", 2)
    assert 'name="pick"' not in text_of(lead.get(PAGE))

    send(lead, "", [], add="VIP")

    assert all(names(one) == ["VIP"] for one in three)


def test_too_many_tags_on_one_account_change_none(three: list[Account]) -> None:
    tags.set_tags(Actor.system(), three[1], [f"tag {n}" for n in range(50)])

    with pytest.raises(ValidationError):
        tags.change_tags(Actor.system(), three, add=["one more"], remove=[])

    assert names(three[0]) == [] and not Tag.objects.filter(name="one more").exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_others_may_not(role: Role, three: list[Account]) -> None:
    browser = signed_in(make_user(role))

    with nothing_changes():
        assert browser.get(PAGE).status_code == 403
        assert browser.post(PAGE, {"add": "x"}).status_code == 403
    assert PAGE not in text_of(browser.get("/accounts/"))


def test_a_lead_of_one_console_tags_nothing_of_another(three: list[Account]) -> None:
    second = make_console(name="Second")
    own = make_account(name="Own", console=second)
    user = make_user(Role.LEAD, console=second)
    user.memberships.create(console=three[0].console, role=Role.VIEWER)
    browser = signed_in(user)

    page = text_of(browser.get(PAGE))
    send(browser, "", [own, *three], add="VIP")

    assert "Own" in page and "Harbour Books" not in page
    assert names(own) == ["VIP"] and names(three[0]) == []
