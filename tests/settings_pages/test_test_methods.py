"""Settings: the method that proves each kind of connector, from the look-up to the identity."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import AuditEntry
from dashboard.connectors.models import ConnectionTestMethod, LookUp
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.people.models import Role
from tests.connectors.conftest import choose, say, work
from tests.factories import make_account_connector, make_console, make_user
from tests.pages import (
    HOSTILE,
    assert_only_letters,
    nothing_changes,
    part,
    queries_of,
    signed_in,
    text_of,
)

pytestmark = pytest.mark.django_db
EVERY_TYPE = 19002


@pytest.fixture
def admin(db: None) -> Client:
    """A browser in which an administrator of all consoles is signed in."""
    return signed_in(make_user(Role.ADMIN, name="Ada"))


@pytest.fixture
def mailchimp(harbour: Account) -> AccountConnector:
    """MailChimp of Harbour Books, which is authenticated."""
    return AccountConnector.objects.get(account=harbour, connector_name="MailChimp")


def url(name: str, connector: AccountConnector) -> str:
    return reverse(f"test_method_{name}", args=[connector.pk])


def looked_up(admin: Client, connector: AccountConnector) -> str:
    """Have the methods looked up; the page with them."""
    admin.post(url("look_up", connector))
    work()
    return text_of(admin.get(url("choose", connector)))


def key_of(connector: AccountConnector, name: str, admin: Client) -> str:
    """The value of a method's radio button."""
    methods = admin.get(url("choose", connector)).context["methods"]
    return str(next(one["key"] for one in methods if one["name"] == name))


def test_the_story_from_the_list_to_the_identity(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    listed = text_of(admin.get(reverse("test_method_list")))
    assert "MailChimp" in listed and url("choose", mailchimp) in listed
    looked_up(admin, mailchimp)
    key = key_of(mailchimp, "List Subscribers", admin)

    admin.post(url("choose", mailchimp), {"method": key})
    admin.post(url("try", mailchimp), {"connector": mailchimp.pk})
    work()
    page = text_of(admin.get(url("choose", mailchimp)))
    assert "It answered in" in page and "subscribers[0].email" in page
    assert "r…@customer.example" in page and "robin.alder@" not in page
    admin.post(url("identity", mailchimp), {"path": "subscribers[0].email"})

    method = ConnectionTestMethod.of(mailchimp)
    assert method is not None
    assert (method.method_name, method.identity_path) == (
        "List Subscribers",
        "subscribers[0].email",
    )
    assert method.unique_id == key
    assert "List Subscribers" in text_of(admin.get(reverse("test_method_list")))
    acts = list(AuditEntry.objects.values_list("action", "actor_name").order_by("pk"))
    assert acts[-2:] == [("connectors.choose_proof", "Ada")] * 2


def test_methods_that_read_come_first_and_others_say_why_not(
    cyclr: CyclrState, harbour: Account, admin: Client
) -> None:
    cyclr.install(harbour.cyclr_id, EVERY_TYPE, name="Types", auth_value="key")
    sync.refresh_account(harbour)
    types = AccountConnector.objects.get(account=harbour, name="Types")

    page = looked_up(admin, types)

    offered = [
        name for _, name in admin.get(url("choose", types)).context["form"]["method"].field.choices
    ]
    assert offered[0].startswith(("Count", "Get", "List"))
    assert offered[-1] == "Add one of every type"
    assert "Its name does not say that it only reads" in page
    assert "It is no call, but a webhook or a script." in page


def test_one_that_may_write_needs_a_tick(
    cyclr: CyclrState, harbour: Account, admin: Client
) -> None:
    cyclr.install(harbour.cyclr_id, EVERY_TYPE, name="Types", auth_value="key")
    sync.refresh_account(harbour)
    types = AccountConnector.objects.get(account=harbour, name="Types")
    looked_up(admin, types)
    key = key_of(types, "Add one of every type", admin)

    refused = admin.post(url("choose", types), {"method": key})
    assert refused.status_code == 422 and "Tick this if you are sure" in text_of(refused)
    assert not ConnectionTestMethod.objects.exists()
    admin.post(url("choose", types), {"method": key, "is_safe": "on"})

    assert ConnectionTestMethod.objects.get().method_name == "Add one of every type"


def test_what_needs_values_cannot_be_chosen(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    page = looked_up(admin, mailchimp)
    assert "It needs a value each time: Subscriber ID" in page

    for key in (key_of(mailchimp, "Get Subscriber", admin), "made-up", ""):
        answer = admin.post(url("choose", mailchimp), {"method": key, "is_safe": "on"})
        assert answer.status_code == 422

    assert not ConnectionTestMethod.objects.exists()


def test_the_page_waits_for_a_worker_and_goes_on_by_itself(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    with nothing_changes():
        first = text_of(admin.get(url("choose", mailchimp)))
    assert 'hx-trigger="submit, load"' in first

    asked = admin.post(url("look_up", mailchimp), headers={"HX-Request": "true"})
    version = asked.context["version"]
    assert part(admin, url("choose", mailchimp), "test-methods", seen=version).status_code == 204
    work()
    found = text_of(part(admin, url("choose", mailchimp), "test-methods", seen=version))

    assert found.strip().startswith('<section class="stack" id="test-methods"')
    assert "List Subscribers" in found and "poll-1s from" not in found


def test_a_look_up_that_fails_says_why_and_can_be_asked_again(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    cyclr.faults.respond("GET", "/connectors/{name}/{version}/methods", status=403)
    cyclr.faults.respond("GET", "/connectors/{name}/methods", status=403)

    page = looked_up(admin, mailchimp)

    assert "The methods could not be looked up" in page and "Cyclr refused (403)." in page
    cyclr.faults.clear()
    assert "List Subscribers" in looked_up(admin, mailchimp)


def test_a_try_that_is_refused_shows_their_words(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    choose(mailchimp, "List Subscribers")
    say(cyclr, mailchimp, {"Status": 401, "Body": {"Message": "The key is <b>old</b>."}})

    admin.post(url("try", mailchimp), {"connector": mailchimp.pk})
    work()
    page = text_of(admin.get(url("choose", mailchimp)))

    assert "It did not answer" in page and "the credentials do not work" in page
    assert "<b>old</b>" not in page


def test_another_method_forgets_where_the_old_one_told(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    choose(mailchimp, "List Subscribers", "subscribers[0].email")
    looked_up(admin, mailchimp)

    same = key_of(mailchimp, "List Subscribers", admin)
    admin.post(url("choose", mailchimp), {"method": same})
    assert ConnectionTestMethod.objects.get().identity_path == "subscribers[0].email"
    ConnectionTestMethod.objects.update(unique_id="another")
    admin.post(url("choose", mailchimp), {"method": same})

    assert ConnectionTestMethod.objects.get().identity_path == ""


def test_a_method_can_be_taken_away(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    choose(mailchimp, "List Subscribers")

    admin.post(url("remove", mailchimp))
    admin.post(url("remove", mailchimp))

    assert not ConnectionTestMethod.objects.exists()
    assert AuditEntry.objects.filter(action="connectors.drop_proof").count() == 1


def test_without_a_method_nothing_is_tried_and_no_place_kept(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    tried = admin.post(url("try", mailchimp), {"connector": mailchimp.pk}, follow=True)
    kept = admin.post(url("identity", mailchimp), {"path": "email"}, follow=True)
    long = admin.post(url("choose", mailchimp), {"method": "x"}, follow=True)

    assert "Choose a method, and an authenticated connector" in text_of(tried)
    assert "Choose a method first." in text_of(kept)
    assert "looked up again" in text_of(long)
    assert not LookUp.objects.exists()


def test_a_place_that_is_too_long_is_refused_in_words(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    choose(mailchimp, "List Subscribers")

    answer = admin.post(url("identity", mailchimp), {"path": "x" * 301})

    assert answer.status_code == 422 and "300" in text_of(answer)


def test_only_one_of_the_kind_and_console_is_tried_on(
    cyclr: CyclrState, mailchimp: AccountConnector, admin: Client
) -> None:
    choose(mailchimp, "List Subscribers")
    elsewhere = make_account_connector(connector_name="MailChimp", authenticated=True)

    admin.post(url("try", mailchimp), {"connector": elsewhere.pk})

    assert not LookUp.objects.exists()


def test_only_administrators_of_its_console(mailchimp: AccountConnector) -> None:
    lead, stranger = make_user(Role.LEAD), make_user(Role.ADMIN, console=make_console())

    for name, method in (
        ("choose", "get"),
        ("look_up", "post"),
        ("try", "post"),
        ("identity", "post"),
        ("remove", "post"),
    ):
        ask: Any = getattr(signed_in(lead), method)
        assert ask(url(name, mailchimp)).status_code == 403
        ask = getattr(signed_in(stranger), method)
        assert ask(url(name, mailchimp)).status_code == 404
    assert signed_in(lead).get(reverse("test_method_list")).status_code == 403
    assert "MailChimp" not in text_of(signed_in(stranger).get(reverse("test_method_list")))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_letters(admin: Client, name: str) -> None:
    connector = make_account_connector(
        connector_name=name or "x", connector_version=name, name=name, authenticated=True
    )
    ConnectionTestMethod.objects.create(
        console=connector.account.console,
        connector_name=connector.connector_name,
        connector_version=name,
        unique_id="x",
        method_name=name,
        identity_path=name,
    )

    assert_only_letters(text_of(admin.get(reverse("test_method_list"))))
    assert_only_letters(text_of(admin.get(url("choose", connector))))


def test_the_list_costs_the_same_for_one_and_for_many(admin: Client) -> None:
    console = make_account_connector().account.console
    few = queries_of(admin, reverse("test_method_list"))
    for n in range(30):
        account = make_account_connector(connector_name=f"Kind {n}").account
        account.console = console
        account.save()

    assert queries_of(admin, reverse("test_method_list")) <= few
