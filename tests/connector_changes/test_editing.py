"""Renaming, describing and marking an installed connector."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from cyclr_api.simulator import CyclrState
from dashboard.audit.models import AuditEntry
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation
from dashboard.people.models import Role
from tests.connector_changes.conftest import (
    hidden,
    in_cyclr,
    last_operation,
    named,
    send,
    url,
)
from tests.factories import make_user
from tests.pages import HOSTILE, assert_only_letters, signed_in, text_of
from tests.simulated import Hands

UPDATE = ("PUT", "/account/connectors/{id}")


@pytest.fixture
def shopify(harbour: Account) -> AccountConnector:
    """Shopify of Harbour Books."""
    return named(harbour, "Shopify")


def test_a_new_name_and_description_arrive_in_cyclr_and_in_lists(
    cyclr: CyclrState, shopify: AccountConnector, agent: Client, hands: Hands
) -> None:
    answer = send(agent, "connector_edit", shopify, name="Web shop", description="The big one")
    hands.work()

    assert answer.status_code == 302 and answer["Location"] == shopify.get_absolute_url()
    there = in_cyclr(cyclr, shopify)
    assert (there.name, there.description) == ("Web shop", "The big one")
    shopify.refresh_from_db()
    assert (shopify.name, shopify.description) == ("Web shop", "The big one")
    assert AccountConnector.objects.search("web shop").get() == shopify
    assert shopify.sort_name == "web shop"
    operation = last_operation()
    assert operation.state_label == "Done" and operation.encrypted_input == ""
    assert "It is called “Web shop”" in text_of(agent.get(operation.get_absolute_url()))
    assert AuditEntry.objects.filter(action="connectors.edit", result="done").exists()


def test_only_what_was_changed_is_sent(
    cyclr: CyclrState, shopify: AccountConnector, agent: Client, hands: Hands
) -> None:
    page = hidden(text_of(agent.get(url("connector_edit", shopify))))
    in_cyclr(cyclr, shopify).name = "Renamed in Cyclr"

    agent.post(url("connector_edit", shopify), page | {"name": "Shopify", "description": "New"})
    hands.work()

    there = in_cyclr(cyclr, shopify)
    assert (there.name, there.description) == ("Renamed in Cyclr", "New")
    assert last_operation().display_input["entries"] == [["Description", "New"]]


def test_an_untouched_form_has_nothing_to_save(shopify: AccountConnector, agent: Client) -> None:
    answer = send(agent, "connector_edit", shopify, name="Shopify", description="")

    assert answer.status_code == 422 and "nothing to save" in text_of(answer)
    assert not Operation.objects.exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_an_untouched_hostile_name_is_no_change(
    name: str, shopify: AccountConnector, agent: Client
) -> None:
    AccountConnector.objects.filter(pk=shopify.pk).update(name=name, description=name)
    page = text_of(agent.get(url("connector_edit", shopify)))
    assert_only_letters(re.sub(r"<textarea.*?</textarea>", "", page, flags=re.DOTALL))
    shown = name.replace("\r", "").replace("\n", "")

    answer = agent.post(
        url("connector_edit", shopify), hidden(page) | {"name": shown, "description": name}
    )

    assert answer.status_code == 422 and not Operation.objects.exists()


def test_a_name_of_another_connector_is_refused_before_it_is_sent(
    shopify: AccountConnector, agent: Client
) -> None:
    answer = send(agent, "connector_edit", shopify, name="hubspot", description="")

    assert answer.status_code == 422
    assert "already has a connector with that name" in text_of(answer)
    assert "“hubspot 2” is free" in text_of(answer)


def test_a_name_that_was_taken_meanwhile_comes_back_to_its_field(
    cyclr: CyclrState, shopify: AccountConnector, agent: Client, hands: Hands
) -> None:
    cyclr.install(shopify.account.cyclr_id, 17273, name="CRM")
    send(agent, "connector_edit", shopify, name="CRM", description="")
    hands.work()

    operation = last_operation()
    assert operation.state_label == "Failed" and operation.error_field == "name"
    assert "already has a connector of that name. Nothing was changed." in operation.error
    page = text_of(agent.get(f"{url('connector_edit', shopify)}?from={operation.reference}"))
    assert "The last attempt failed" in page and 'value="CRM"' in page
    assert "Fix and retry" in text_of(agent.get(operation.get_absolute_url()))


def test_a_form_that_is_older_than_a_change_says_so(
    shopify: AccountConnector, agent: Client
) -> None:
    page = hidden(text_of(agent.get(url("connector_edit", shopify))))
    AccountConnector.objects.filter(pk=shopify.pk).update(name="Renamed by the sync")

    answer = agent.post(url("connector_edit", shopify), page | {"name": "Mine"})

    html = text_of(answer)
    assert answer.status_code == 422 and "changed in Cyclr while the form was open" in html
    assert 'value="Mine"' in html
    again = agent.post(url("connector_edit", shopify), hidden(html) | {"name": "Mine"})
    assert again.status_code == 302


def test_a_description_that_cyclr_cuts_is_shown_as_it_is_there(
    cyclr: CyclrState, shopify: AccountConnector, agent: Client, hands: Hands
) -> None:
    cyclr.description_limit = 10
    send(agent, "connector_edit", shopify, name="Shopify", description="longer than that")
    hands.work()

    shopify.refresh_from_db()
    assert shopify.description == "longer tha"
    assert last_operation().state_label == "Done"


def test_a_cyclr_that_keeps_the_name_is_told_apart_from_success(
    cyclr: CyclrState, shopify: AccountConnector, agent: Client, hands: Hands
) -> None:
    cyclr.faults.rewrite(*UPDATE, lambda value: {**value, "Name": "Shopify"})
    send(agent, "connector_edit", shopify, name="Web shop", description="")
    hands.work()

    operation = last_operation()
    assert operation.state_label == "Failed"
    assert "left the name as it was" in operation.error

    cyclr.faults.clear()
    cyclr.faults.rewrite(*UPDATE, lambda value: {**value, "Name": "Web shop"})
    send(agent, "connector_edit", shopify, name="Third name", description="New")
    hands.work()
    page = text_of(agent.get(last_operation().get_absolute_url()))
    assert "Saved, but Cyclr left the name as it was" in page


def test_the_mark_of_the_own_product_goes_on_and_off(
    cyclr: CyclrState, shopify: AccountConnector, agent: Client, hands: Hands
) -> None:
    page = text_of(agent.get(url("connector_native", shopify)))
    assert "Mark as own product" in page

    send(agent, "connector_native", shopify)
    hands.work()
    shopify.refresh_from_db()
    assert shopify.is_native and in_cyclr(cyclr, shopify).is_partner

    assert "Take the mark away" in text_of(agent.get(url("connector_native", shopify)))
    send(agent, "connector_native", shopify)
    hands.work()
    assert not named(shopify.account, "Shopify").is_native
    assert not in_cyclr(cyclr, shopify).is_partner


def test_a_cyclr_that_ignores_the_mark_is_told(
    cyclr: CyclrState, shopify: AccountConnector, agent: Client, hands: Hands
) -> None:
    ignored = {"IsPartnerIntegrationConnector": False}
    cyclr.faults.rewrite(*UPDATE, lambda value: {**value, **ignored})
    send(agent, "connector_native", shopify)
    hands.work()

    assert last_operation().state_label == "Failed"
    assert "left the mark as it was" in last_operation().error


def test_pressed_twice_it_is_done_once_and_another_change_waits_for_it(
    shopify: AccountConnector, agent: Client
) -> None:
    page = hidden(text_of(agent.get(url("connector_edit", shopify))))
    agent.post(url("connector_edit", shopify), page | {"name": "Web shop"})
    agent.post(url("connector_edit", shopify), page | {"name": "Web shop"})
    other = signed_in(make_user(Role.AGENT))

    second = send(other, "connector_native", shopify)
    used = agent.post(url("connector_edit", shopify), page | {"name": "Other"})

    assert Operation.objects.count() == 1
    assert second.status_code == 409 and "is changing this connector right now" in text_of(second)
    assert used.status_code == 409 and "already sent, with different" in text_of(used)
    assert "right now" in text_of(agent.get(url("connector_settings", shopify)))


def test_what_is_gone_cannot_be_changed(shopify: AccountConnector, lead: Client) -> None:
    AccountConnector.objects.filter(pk=shopify.pk).update(gone_at=shopify.seen_at)

    for page in ("edit", "settings", "credentials", "native", "deauthenticate", "delete"):
        address = url(f"connector_{page}", shopify)
        assert "gone from Cyclr" in text_of(lead.get(address)), page
        assert lead.post(address).status_code == 409
    assert not Operation.objects.exists()
