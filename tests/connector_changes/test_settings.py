"""Settings of an installed connector: set, cleared, added, removed, and never shown again."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.connector_changes.forms import SettingsForm
from dashboard.connectors.services import library_entry
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation
from tests.connector_changes.conftest import (
    effects,
    field_of,
    hidden,
    in_cyclr,
    last_operation,
    named,
    properties,
    send,
    url,
)
from tests.pages import text_of
from tests.simulated import Hands

PAGE = "connector_settings"
ADD = ("POST", "/account/connectors/{id}/properties")
CHANGE = ("PUT", "/account/connectors/{id}/properties/{property}")
REMOVE = ("DELETE", "/account/connectors/{id}/properties/{property}")
SECRET = "canary-secret-77"


@pytest.fixture
def parcel(studio: Account) -> AccountConnector:
    """Parcel Desk, with settings of many types, a secret one among them."""
    return named(studio, "Parcel Desk")


def name_of(connector: AccountConnector, target: str) -> str:
    """The name of a property's field."""
    entry = library_entry(connector)
    return field_of(SettingsForm(connector, entry.asked_parameters if entry else []), target)


def test_what_is_typed_is_set_and_what_is_blank_is_kept(
    cyclr: CyclrState, parcel: AccountConnector, agent: Client, hands: Hands
) -> None:
    before = properties(cyclr, parcel)
    answer = send(agent, PAGE, parcel, **{name_of(parcel, "SigningKey"): SECRET})
    hands.work()

    assert answer.status_code == 302
    after = properties(cyclr, parcel)
    assert after == before | {"SigningKey": SECRET}
    operation = last_operation()
    assert operation.state_label == "Done"
    assert [pair[1] for pair in operation.display_input["entries"]] == ["set"]
    assert effects(cyclr, parcel, "update") == 1


def test_what_is_no_secret_is_shown_beside_its_field(
    cyclr: CyclrState, parcel: AccountConnector, agent: Client
) -> None:
    values = properties(cyclr, parcel)
    page = text_of(agent.get(url(PAGE, parcel)))

    assert f"Keep it. Now “{values['Region']}”." in page
    assert "It has a value." in page and values["SigningKey"] not in page


def test_who_set_what_is_remembered(parcel: AccountConnector, agent: Client, hands: Hands) -> None:
    typed = {name_of(parcel, "SigningKey"): SECRET}
    send(agent, PAGE, parcel, **typed)
    hands.work()
    parcel.refresh_from_db()
    assert parcel.set_by["SigningKey"][1] == last_operation().actor_name

    send(agent, PAGE, parcel, **{f"{name}-clear": "on" for name in typed})
    hands.work()
    parcel.refresh_from_db()
    assert "SigningKey" not in parcel.set_by


def test_clear_removes_a_value(
    cyclr: CyclrState, parcel: AccountConnector, agent: Client, hands: Hands
) -> None:
    assert "SigningKey" in properties(cyclr, parcel)
    name = name_of(parcel, "SigningKey")

    send(agent, PAGE, parcel, **{f"{name}-clear": "on"})
    hands.work()

    assert "SigningKey" not in properties(cyclr, parcel)
    parcel.refresh_from_db()
    assert "SigningKey" not in parcel.filled and "Region" in parcel.filled
    page = text_of(agent.get(last_operation().get_absolute_url()))
    assert "Settings: 1 removed" in page and "cleared" in page


def test_only_what_has_a_value_can_be_cleared(parcel: AccountConnector, agent: Client) -> None:
    AccountConnector.objects.filter(pk=parcel.pk).update(filled=["SigningKey"])
    page = text_of(agent.get(url(PAGE, parcel)))

    assert f"{name_of(parcel, 'SigningKey')}-clear" in page
    assert name_of(parcel, "Region") in page
    assert f"{name_of(parcel, 'Region')}-clear" not in page


def test_a_value_and_clear_together_are_asked_about(
    parcel: AccountConnector, agent: Client
) -> None:
    name = name_of(parcel, "SigningKey")

    answer = send(agent, PAGE, parcel, **{name: SECRET, f"{name}-clear": "on"})

    html = text_of(answer)
    assert answer.status_code == 422 and "not both" in html and SECRET not in html
    assert not Operation.objects.exists()


def test_a_property_that_the_library_does_not_know_is_added_changed_and_removed(
    cyclr: CyclrState, parcel: AccountConnector, agent: Client, hands: Hands
) -> None:
    send(agent, PAGE, parcel, new_name="Tenant", new_value="t-1")
    hands.work()
    parcel.refresh_from_db()
    assert properties(cyclr, parcel)["Tenant"] == "t-1" and "Tenant" in parcel.filled
    page = text_of(agent.get(url(PAGE, parcel)))
    assert "Other properties" in page and "Clear Tenant" in page and "t-1" not in page

    send(agent, PAGE, parcel, **{name_of(parcel, "Tenant"): "t-2"})
    hands.work()
    assert properties(cyclr, parcel)["Tenant"] == "t-2"

    send(agent, PAGE, parcel, **{f"{name_of(parcel, 'Tenant')}-clear": "on"})
    hands.work()
    parcel.refresh_from_db()
    assert "Tenant" not in properties(cyclr, parcel) and "Tenant" not in parcel.filled


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("Tenant", "", "Enter a value for the property."),
        ("", "t-1", "Enter a name for the value."),
        ("Region", "eu", "It is there already: change it above."),
    ],
)
def test_a_half_or_a_twin_of_a_property_is_refused(
    name: str, value: str, words: str, parcel: AccountConnector, agent: Client
) -> None:
    answer = send(agent, PAGE, parcel, new_name=name, new_value=value)

    assert answer.status_code == 422 and words in text_of(answer)


def test_an_empty_form_has_nothing_to_save(parcel: AccountConnector, agent: Client) -> None:
    answer = send(agent, PAGE, parcel)

    assert answer.status_code == 422 and "nothing to save" in text_of(answer)


def test_every_property_of_a_name_is_removed(
    cyclr: CyclrState, parcel: AccountConnector, agent: Client, hands: Hands
) -> None:
    cyclr.account_connectors.add_property(in_cyclr(cyclr, parcel), "Region", "us")

    send(agent, PAGE, parcel, **{f"{name_of(parcel, 'Region')}-clear": "on"})
    hands.work()

    assert "Region" not in properties(cyclr, parcel)


@pytest.mark.parametrize("mask", ["***", "••••••••", " ******** "])
def test_a_mask_is_refused_in_words_in_the_form(
    mask: str, parcel: AccountConnector, agent: Client
) -> None:
    answer = send(agent, PAGE, parcel, **{name_of(parcel, "SigningKey"): mask})

    assert answer.status_code == 422
    assert "stands in place of a value" in text_of(answer)
    assert not Operation.objects.exists()


def test_what_cyclr_itself_shows_in_place_of_a_value_is_never_sent_back(
    cyclr: CyclrState, parcel: AccountConnector, agent: Client, hands: Hands
) -> None:
    mask = "sk_••••4242"
    cyclr.faults.rewrite(
        "GET",
        "/account/connectors/{id}/properties",
        lambda rows: [{**row, "Value": mask} for row in rows],
    )
    name = name_of(parcel, "SigningKey")
    before = properties(cyclr, parcel)

    send(agent, PAGE, parcel, **{name: mask, name_of(parcel, "Region"): "us"})
    hands.work()

    operation = last_operation()
    assert properties(cyclr, parcel) == before
    assert operation.state_label == "Failed" and operation.error_field == "property:SigningKey"
    assert "is what Cyclr shows in place of the value" in operation.error
    assert mask not in operation.error
    page = text_of(agent.get(f"{url(PAGE, parcel)}?from={operation.reference}"))
    assert "The last attempt failed" in page and mask not in page


def test_a_release_that_asks_for_others_meanwhile_is_said(
    parcel: AccountConnector, agent: Client
) -> None:
    page = hidden(text_of(agent.get(url(PAGE, parcel))))
    name = name_of(parcel, "SigningKey")
    entry = library_entry(parcel)
    assert entry is not None
    entry.parameters = entry.parameters[:1]
    entry.save()

    answer = agent.post(url(PAGE, parcel), page | {name: SECRET})

    assert answer.status_code == 422 and "changed in Cyclr while the form was open" in text_of(
        answer
    )


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect", "truncate", "html"])
def test_a_lost_answer_sets_adds_and_removes_once(
    fault: str, cyclr: CyclrState, parcel: AccountConnector, agent: Client, hands: Hands
) -> None:
    for call in (ADD, CHANGE, REMOVE):
        getattr(cyclr.faults, fault)(*call, times=1)
    name = name_of(parcel, "isSandbox")
    typed = {name_of(parcel, "SigningKey"): SECRET, f"{name}-clear": "on"}
    before = properties(cyclr, parcel)

    send(agent, PAGE, parcel, new_name="Tenant", new_value="t-1", **typed)
    for seconds in (0, 3, 10, 20, 60):
        hands.later(seconds)
        hands.work()

    assert last_operation().state_label == "Done", last_operation().error
    wanted = before | {"SigningKey": SECRET, "Tenant": "t-1"}
    del wanted["isSandbox"]
    assert properties(cyclr, parcel) == wanted
    assert effects(cyclr, parcel, "update") == 3


def test_a_refusal_in_the_middle_says_what_was_saved(
    cyclr: CyclrState, parcel: AccountConnector, agent: Client, hands: Hands
) -> None:
    cyclr.faults.respond(*ADD, status=400, body={"Message": "No such thing."})
    typed = {name_of(parcel, "SigningKey"): SECRET}

    send(agent, PAGE, parcel, new_name="Tenant", new_value="t-1", **typed)
    hands.work()

    operation = last_operation()
    assert operation.state_label == "Failed" and operation.error_field == "property:Tenant"
    assert (
        "“No such thing.” Saved before that: SigningKey. It is about “Tenant”." in operation.error
    )
    assert properties(cyclr, parcel)["SigningKey"] == SECRET
    parcel.account.refresh_from_db()
    assert parcel.account.is_refreshing
    assert SECRET not in text_of(agent.get(operation.get_absolute_url()))


def test_without_a_library_entry_its_properties_can_be_changed_by_name(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    parcel = named(studio, "Parcel Desk")
    AccountConnector.objects.filter(pk=parcel.pk).update(connector_version="older")
    parcel.refresh_from_db()
    page = text_of(agent.get(url(PAGE, parcel)))
    assert "does not have this version any more" in page and "Clear Region" in page

    send(agent, PAGE, parcel, **{name_of(parcel, "Region"): "us"})
    hands.work()

    assert properties(cyclr, parcel)["Region"] == "us"


def test_user_name_and_password_among_the_settings_are_tried(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    sugar = named(studio, "SugarCRM")
    cyclr.deauthenticate(sugar.cyclr_id)
    sync.refresh_account(studio)
    sugar.refresh_from_db()
    assert sugar.state == "Not authenticated"

    send(agent, PAGE, sugar, **{name_of(sugar, "Password"): SECRET})
    hands.work()

    sugar.refresh_from_db()
    assert sugar.state == "Authenticated"
    assert properties(cyclr, sugar)["Password"] == SECRET


def test_what_can_be_chosen_from_a_list_says_so(
    cyclr: CyclrState, studio: Account, agent: Client
) -> None:
    cyclr.install(studio.cyclr_id, 19016, name="Depot", auth_value="key")
    sync.refresh_account(studio)
    depot = named(studio, "Depot")

    page = text_of(agent.get(url(PAGE, depot)))

    assert reverse("connector_setup", args=[depot.pk]) in page
