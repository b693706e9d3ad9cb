"""Tags of accounts: ours alone, set by Leads, found as they are typed, filters of lists."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.accounts import tags
from dashboard.accounts.models import AccountTag, Tag
from dashboard.audit.models import Actor, AuditEntry
from dashboard.campaigns.choosing import chosen
from dashboard.mirror.models import Account
from dashboard.people.models import Role
from tests.accounts.conftest import as_drawn, url
from tests.factories import make_account, make_account_connector, make_console, make_user
from tests.pages import HOSTILE, assert_only_letters, nothing_changes, part, signed_in, text_of
from tests.simulated import Hands

pytestmark = pytest.mark.django_db
LIST, CONNECTORS = "/accounts/", "/connectors/"


def tag(account: Account, *names: str) -> None:
    """Let it have these tags."""
    tags.set_tags(Actor.system(), account, names)


def names(account: Account) -> list[str]:
    return [one.name for one in tags.tags_of(account)]


def send(browser: Client, account: Account, typed: str, **more: str) -> Any:
    address = url("account_tags", account)
    return browser.post(address, as_drawn(browser.get(address)) | {"tags": typed} | more)


def listed(answer: Any) -> list[str]:
    return sorted(account.name for account in answer.context["page"])


def test_a_lead_sets_them_and_everybody_reads_them(lead: Client) -> None:
    account = make_account(name="Harbour Books")
    answer = send(lead, account, " VIP,  needs   care ,, Köln")
    page = text_of(signed_in(make_user(Role.VIEWER)).get(account.get_absolute_url()))

    assert answer.status_code == 302 and names(account) == ["Köln", "needs care", "VIP"]
    assert "needs care" in page and f"{LIST}?tag=K%C3%B6ln" in page and "Edit tags" not in page
    entry = AuditEntry.objects.get(action="accounts.tag")
    assert entry.details == {"added": ["VIP", "needs care", "Köln"], "removed": []}
    assert "Changed the tags of" in text_of(lead.get(reverse("audit_list")))
    assert as_drawn(lead.get(url("account_tags", account)))["tags"] == "Köln, needs care, VIP"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_others_do_not_change_them(role: Role) -> None:
    account, browser = make_account(), signed_in(make_user(role))

    with nothing_changes():
        assert browser.get(url("account_tags", account)).status_code == 403
        assert browser.post(url("account_tags", account), {"tags": "x"}).status_code == 403


def test_another_consoles_account_is_not_there() -> None:
    account = make_account()
    browser = signed_in(make_user(Role.LEAD, console=make_console(name="Second")))

    assert browser.get(url("account_tags", account)).status_code == 404


def test_case_and_accents_make_no_other_tag(lead: Client) -> None:
    first, second = make_account(), make_account()
    second.console = first.console
    second.save()
    tag(first, "Zürich", "VIP")
    send(lead, second, "zurich, ZÜRICH, vip, Vip, v\u200bip, Zu\u0308rich")

    assert names(second) == ["VIP", "Zürich"] and Tag.objects.count() == 2


@pytest.mark.parametrize(
    ("typed", "status", "count"),
    [
        ("", 302, 0),
        (" , ,\n,", 302, 0),
        ("\u200b", 302, 0),
        ("!!!, 🌻, null, مكتبة", 302, 4),
        ("x" * 40, 302, 1),
        ("x" * 41, 422, 1),
        (",".join(f"t{n}" for n in range(50)), 302, 50),
        (",".join(f"t{n}" for n in range(51)), 422, 1),
        ("x," * 3000, 422, 1),
        ("a\x00b", 422, 1),
    ],
)
def test_what_is_typed_is_taken_or_refused_in_words(
    typed: str, status: int, count: int, lead: Client
) -> None:
    account = make_account()
    tag(account, "before")
    answer = send(lead, account, typed)

    assert answer.status_code == status and len(names(account)) == count
    assert status == 302 or "tags-error" in text_of(answer)


def test_hostile_tags_are_letters(lead: Client) -> None:
    account = make_account()
    make_account_connector(account=account)
    for name in HOSTILE:
        if len(name) <= 40:
            tag(account, name.replace(",", ""))
            address = account.get_absolute_url()
            for page in (address, url("account_tags", account), LIST, CONNECTORS):
                html = text_of(lead.get(page))  # in its field it stands as it was typed
                assert_only_letters(re.sub("<textarea.*?</textarea>", "", html, flags=re.S))
            assert listed(lead.get(LIST, {"tag": name.replace(",", "")})) in ([account.name], [])


def test_a_form_from_before_a_change_does_not_undo_it(lead: Client) -> None:
    account = make_account()
    drawn = as_drawn(lead.get(url("account_tags", account)))
    tag(account, "colleague’s")
    answer = lead.post(url("account_tags", account), drawn | {"tags": "mine"})

    assert answer.status_code == 409 and "Somebody else changed the tags" in text_of(answer)
    assert names(account) == ["colleague’s"]


def test_a_tag_that_no_account_has_is_gone(lead: Client) -> None:
    account = make_account()
    tag(account, "one", "two")
    send(lead, account, "two")

    assert [one.name for one in Tag.objects.all()] == ["two"]
    assert AuditEntry.objects.latest("pk").details == {"added": [], "removed": ["one"]}
    with nothing_changes():
        assert not tags.set_tags(Actor.system(), account, ["TWO"])


def test_a_console_has_no_end_of_tags(lead: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "MOST_IN_A_CONSOLE", 1)
    account = make_account()
    answer = send(lead, account, "one, two")

    assert answer.status_code == 422 and "has 1 tags already" in text_of(answer)
    assert names(account) == [] and not Tag.objects.exists()


def test_lists_are_filtered_and_searched_by_tag(lead: Client) -> None:
    console = make_console()
    first = make_account(name="Harbour", console=console)
    second = make_account(name="Kettle", console=console)
    make_account(name="Zebra", console=console)
    tag(first, "Ångström")
    tag(second, "Ångström", "Trial")

    assert listed(lead.get(LIST, {"tag": "angstrom"})) == ["Harbour", "Kettle"]
    assert listed(lead.get(LIST, {"tag": "ÅNGSTRÖM", "q": "harb"})) == ["Harbour"]
    assert listed(lead.get(LIST, {"q": "angstr"})) == ["Harbour", "Kettle"]
    assert listed(lead.get(LIST, {"q": "trial"})) == ["Kettle"]
    page = text_of(lead.get(LIST, {"tag": "angstrom"}))
    assert '<option value="Ångström" selected>' in page and "Trial" in page
    none = lead.get(LIST, {"tag": "nobody’s"})
    assert listed(none) == [] and "No account here is tagged “nobody’s”" in text_of(none)
    swapped = part(lead, LIST, "account-table", tag="trial")
    assert listed(swapped) == ["Kettle"]


def test_connectors_are_filtered_by_their_accounts_tag(lead: Client) -> None:
    tagged, other = make_account_connector(name="A"), make_account_connector(name="B")
    tag(tagged.account, "Trial")
    answer = lead.get(CONNECTORS, {"tag": "TRIAL"})

    assert [one.pk for one in answer.context["page"]] == [tagged.pk]
    assert 'name="tag" value="Trial"' in text_of(answer)
    none = text_of(lead.get(CONNECTORS, {"tag": "x", "q": "B"}))
    assert "in an account tagged" in none and "Show without filters" in none and other.name == "B"


def test_a_campaign_of_all_that_match_keeps_to_the_tag() -> None:
    tagged = make_account_connector()
    make_account_connector(account=make_account(console=tagged.account.console))
    tag(tagged.account, "Trial")
    query = Client().get("/").wsgi_request.GET.copy()
    query.setlist("scope", ["filter"])
    query["tag"] = "trial"

    assert [one.pk for one in chosen(make_user(Role.LEAD), query)] == [tagged.pk]


def test_cyclr_is_never_told(
    cyclr: CyclrState, harbour: Account, lead: Client, hands: Hands
) -> None:
    before = len(cyclr.requests)
    send(lead, harbour, "canary")
    hands.work()

    assert len(cyclr.requests) == before and AccountTag.objects.count() == 1


def test_a_parent_and_a_tag_narrow_together(lead: Client) -> None:
    parent = make_account()
    child = make_account(name="Child", console=parent.console, parent_id=parent.cyclr_id)
    make_account(name="Other", console=parent.console, parent_id=parent.cyclr_id)
    tag(child, "Trial")
    tab = text_of(lead.get(url("account_sub_accounts", parent)))

    assert f"{LIST}?parent={parent.pk}" in tab
    assert listed(lead.get(LIST, {"parent": parent.pk})) == ["Child", "Other"]
    assert listed(lead.get(f"{LIST}?parent={parent.pk}&tag=trial")) == ["Child"]
