"""New credentials of every authentication type: blank keeps, Clear clears, a mask is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.test import Client

from cyclr_api.simulator import CyclrState
from dashboard.connector_changes.forms import CredentialsForm
from dashboard.connectors.models import ConnectionTest
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
from tests.connectors.conftest import choose
from tests.factories import make_link
from tests.pages import text_of
from tests.simulated import Hands

PAGE = "connector_credentials"
UPDATE = ("PUT", "/account/connectors/{id}")
KEY = "canary-key-4711"


def name_of(connector: AccountConnector, target: str) -> str:
    """The name of a property's field."""
    entry = library_entry(connector)
    form = CredentialsForm(connector, connector.methods[0], entry.asked_parameters if entry else [])
    return field_of(form, target)


def test_a_key_is_replaced(cyclr: CyclrState, studio: Account, agent: Client, hands: Hands) -> None:
    pipedrive = named(studio, "Pipedrive")

    answer = send(agent, PAGE, pipedrive, auth_key=KEY)
    hands.work()

    assert answer.status_code == 302
    assert in_cyclr(cyclr, pipedrive).auth_value == KEY
    operation = last_operation()
    pipedrive.refresh_from_db()
    assert pipedrive.set_by[""][1] == operation.actor_name
    assert operation.state_label == "Done" and operation.encrypted_input == ""
    assert operation.display_input["entries"] == [["API key", "set"]]
    assert "Saved, and Cyclr says authenticated" in text_of(agent.get(operation.get_absolute_url()))


def test_a_key_that_lacked_makes_it_authenticated(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    pipedrive = named(studio, "Pipedrive")
    cyclr.deauthenticate(pipedrive.cyclr_id)
    sync.refresh_account(studio)

    send(agent, PAGE, pipedrive, auth_key=KEY)
    hands.work()

    pipedrive.refresh_from_db()
    assert pipedrive.state == "Authenticated" and pipedrive.authenticated_since is not None
    studio.refresh_from_db()
    broken = studio.connectors.there().exclude(authenticated=True).count()
    assert studio.unauthenticated_count == broken


def test_new_credentials_forget_a_failed_test_and_are_tested(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    shopify = named(harbour, "Shopify")
    choose(shopify, "List Orders")
    AccountConnector.objects.filter(pk=shopify.pk).update(
        test_failed_at=shopify.seen_at, test_failure="401"
    )

    send(agent, PAGE, shopify, auth_key=KEY)
    hands.work()

    shopify.refresh_from_db()
    assert shopify.state == "Authenticated"
    assert ConnectionTest.objects.filter(account_connector=shopify).exists()
    assert "whether they work is tested now" in text_of(
        agent.get(last_operation().get_absolute_url())
    )


def test_user_name_and_password_go_together(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    shop = named(studio, "WooCommerce")
    half = send(agent, PAGE, shop, auth_user="ck_1", auth_password="")
    assert half.status_code == 422 and "enter the password again too" in text_of(half)
    assert "ck_1" not in text_of(half)
    other = send(agent, PAGE, shop, auth_user="", auth_password=KEY)
    assert other.status_code == 422 and "A password needs a user name." in text_of(other)

    send(agent, PAGE, shop, auth_user="ck_1", auth_password=KEY)
    hands.work()
    assert in_cyclr(cyclr, shop).auth_value == base64.b64encode(f"ck_1:{KEY}".encode()).decode()

    send(agent, PAGE, shop, **{"auth-user": "ck_2", "auth-password-clear": "on"})
    hands.work()
    assert in_cyclr(cyclr, shop).auth_value == base64.b64encode(b"ck_2:").decode()


def test_what_cyclr_signs_in_with_by_itself_is_set_first_and_then_tried(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    ping = named(studio, "PingOne")
    page = text_of(agent.get(url(PAGE, ping)))
    assert "What it signs in with" in page
    before = properties(cyclr, ping)

    send(agent, PAGE, ping, **{name_of(ping, "ClientSecret"): KEY})
    hands.work()

    assert properties(cyclr, ping) == before | {"ClientSecret": KEY}
    assert in_cyclr(cyclr, ping).auth_value == "{}"
    assert last_operation().display_input["entries"][0][1] == "set"


def test_an_own_app_is_set_and_cleared(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    slack = named(studio, "Slack")
    half = send(agent, PAGE, slack, **{"auth-ClientId": "app-1"})
    assert half.status_code == 422 and "both a client id and a client secret" in text_of(half)

    send(agent, PAGE, slack, **{"auth-ClientId": "app-1", "auth-ClientSecret": KEY})
    hands.work()
    assert properties(cyclr, slack) == {"ClientId": "app-1", "ClientSecret": KEY}
    slack.refresh_from_db()
    assert slack.authenticated

    one = send(agent, PAGE, slack, **{"auth-ClientSecret": "another"})
    hands.work()
    assert one.status_code == 302
    assert properties(cyclr, slack) == {"ClientId": "app-1", "ClientSecret": "another"}

    send(agent, PAGE, slack, **{"auth-ClientId-clear": "on", "auth-ClientSecret-clear": "on"})
    hands.work()
    assert properties(cyclr, slack) == {}
    slack.refresh_from_db()
    assert slack.filled == []


def test_tokens_that_are_at_hand_are_sent(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    hubspot = named(harbour, "HubSpot")
    page = text_of(agent.get(url(PAGE, hubspot)))
    assert "The customer signs in" in page and "Create link" in page

    send(
        agent,
        PAGE,
        hubspot,
        **{"auth-access": KEY, "auth-refresh": "r-1", "auth-expires": "2026-03-01T09:00"},
    )
    hands.work()

    assert json.loads(in_cyclr(cyclr, hubspot).auth_value) == {
        "AccessToken": KEY,
        "RefreshToken": "r-1",
        "Expires": "2026-03-01T09:00:00Z",
    }
    hubspot.refresh_from_db()
    assert hubspot.authenticated


def test_several_methods_are_chosen_from(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    doors = named(studio, "Three Doors")
    address = url(PAGE, doors)
    first = text_of(agent.get(address))
    assert "Which one it was installed with is not known" in first and "auth-key" in first

    page = text_of(agent.get(f"{address}?method=1"))
    assert "auth-user" in page and "auth-key" not in page
    typed = {"auth-user": "me", "auth-password": KEY}
    agent.post(f"{address}?method=1", hidden(page) | typed)
    hands.work()

    assert in_cyclr(cyclr, doors).auth_value == base64.b64encode(f"me:{KEY}".encode()).decode()
    assert agent.get(f"{address}?method=rubbish").status_code == 200


def test_oauth_1_has_its_keys_among_the_settings(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    press = named(studio, "WordPress")
    page = text_of(agent.get(url(PAGE, press)))
    assert "Access token" not in page and "own OAuth app</h2>" not in page

    send(agent, PAGE, press, **{name_of(press, "ClientSecret"): KEY})
    hands.work()

    assert properties(cyclr, press)["ClientSecret"] == KEY


def test_fields_of_an_unknown_type_stand_among_the_settings(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    table = named(studio, "PostgreSQL Table")
    page = text_of(agent.get(url(PAGE, table)))
    assert "does not know its authentication method" in page

    send(agent, PAGE, table, **{name_of(table, "Password"): KEY})
    hands.work()

    assert properties(cyclr, table)["Password"] == KEY
    assert last_operation().state_label == "Done"


def test_what_needs_no_credentials_says_so(studio: Account, agent: Client) -> None:
    hook = named(studio, "Generic Webhook")

    page = text_of(agent.get(url(PAGE, hook)))

    assert "It needs no credentials" in page and "Replace credentials</button>" not in page
    assert send(agent, PAGE, hook).status_code == 422


def test_nothing_entered_keeps_everything(studio: Account, agent: Client) -> None:
    for name in ("Pipedrive", "WooCommerce", "PingOne", "Slack", "SugarCRM"):
        answer = send(agent, PAGE, named(studio, name))
        assert answer.status_code == 422 and "nothing to save" in text_of(answer), name
    assert not Operation.objects.exists()


@pytest.mark.parametrize("mask", ["********", "•••"])
def test_a_mask_is_refused_in_the_form(mask: str, studio: Account, agent: Client) -> None:
    answer = send(agent, PAGE, named(studio, "Pipedrive"), auth_key=mask)

    assert answer.status_code == 422 and "stands in place of a value" in text_of(answer)


def test_the_mask_that_cyclr_shows_is_never_sent_back(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    pipedrive, mask = named(studio, "Pipedrive"), "pd_****4711"
    before = in_cyclr(cyclr, pipedrive).auth_value
    cyclr.faults.rewrite("GET", "/account/connectors/{id}", lambda v: {**v, "AuthValue": mask})

    send(agent, PAGE, pipedrive, auth_key=mask)
    hands.work()

    operation = last_operation()
    assert in_cyclr(cyclr, pipedrive).auth_value == before
    assert operation.state_label == "Failed" and operation.error_field == "credentials"
    assert "is what Cyclr shows in place of the value" in operation.error
    page = text_of(agent.get(f"{url(PAGE, pipedrive)}?from={operation.reference}"))
    assert page.count("is what Cyclr shows") == 2 and mask not in page


def test_a_key_that_only_looks_masked_is_sent(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    pipedrive, key = named(studio, "Pipedrive"), "pd_****4711"

    send(agent, PAGE, pipedrive, auth_key=key)
    hands.work()

    assert in_cyclr(cyclr, pipedrive).auth_value == key


@pytest.mark.parametrize(
    ("typed", "kept"),
    [(" pk_live\u200b_01\u00a0\n", "pk_live_01"), ("\ufeffkey-1", "key-1")],
)
def test_what_is_pasted_is_cleaned_as_in_other_forms(
    typed: str, kept: str, cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    pipedrive = named(studio, "Pipedrive")

    send(agent, PAGE, pipedrive, auth_key=typed)
    hands.work()

    assert in_cyclr(cyclr, pipedrive).auth_value == kept


def test_a_password_with_a_space_at_its_end_is_asked_about_once(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    shop = named(studio, "WooCommerce")
    first = send(agent, PAGE, shop, auth_user="me", auth_password="pass ")
    html = text_of(first)
    assert first.status_code == 422 and "begins or ends with a space" in html
    typed = {"auth-user": "me", "auth-password": "pass ", "auth-password-asked": "1"}

    agent.post(url(PAGE, shop), hidden(html) | typed)
    hands.work()

    assert in_cyclr(cyclr, shop).auth_value == base64.b64encode(b"me:pass ").decode()


@pytest.mark.parametrize("fault", ["drop_after_effect", "drop_before_effect", "truncate", "html"])
def test_a_lost_answer_replaces_them_once(
    fault: str, cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    pipedrive = named(studio, "Pipedrive")
    getattr(cyclr.faults, fault)(*UPDATE, times=1)

    send(agent, PAGE, pipedrive, auth_key=KEY)
    for seconds in (0, 3, 10, 20):
        hands.later(seconds)
        hands.work()

    assert last_operation().state_label == "Done", last_operation().error
    assert in_cyclr(cyclr, pipedrive).auth_value == KEY
    assert effects(cyclr, pipedrive, "update") == 1


def test_a_cyclr_that_does_not_say_is_asked_again(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    pipedrive = named(studio, "Pipedrive")

    def silent(value: dict[str, Any]) -> dict[str, Any]:
        return {key: one for key, one in value.items() if key != "Authenticated"}

    cyclr.faults.rewrite(*UPDATE, silent)
    send(agent, PAGE, pipedrive, auth_key=KEY)
    hands.work()

    assert "Saved, and Cyclr says authenticated" in text_of(
        agent.get(last_operation().get_absolute_url())
    )


def test_credentials_that_are_not_enough_are_said_and_links_ask_for_them_anew(
    cyclr: CyclrState, studio: Account, agent: Client, hands: Hands
) -> None:
    ping = named(studio, "PingOne")
    link = make_link(account=studio, connectors=[ping])
    link.items.update(was_authenticated=True)

    send(agent, PAGE, ping, **{f"{name_of(ping, 'EnvironmentID')}-clear": "on"})
    hands.work()

    ping.refresh_from_db()
    assert ping.state == "Not authenticated"
    assert "does not say that it is authenticated" in text_of(
        agent.get(last_operation().get_absolute_url())
    )
    assert not link.items.get().was_authenticated
