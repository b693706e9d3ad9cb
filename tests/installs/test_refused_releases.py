"""What Cyclr refuses to install is not offered again, until Cyclr shows it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.bulk.models import BulkRun
from dashboard.installs.services import refused_in
from dashboard.mirror import sync
from dashboard.mirror.models import Account, CatalogueConnector, InstallRefusal
from dashboard.operations.models import Operation, State
from dashboard.people.models import Role
from tests.factories import OAUTH, make_connector, make_user
from tests.installs.test_install_many import post
from tests.installs.test_install_operation import fill
from tests.simulated import Hands


@pytest.fixture
def private(cyclr: CyclrState, harbour: Account) -> CatalogueConnector:
    """A connector that is taken for everybody's and was made for another account."""
    cyclr.add_connector(Id=21, Name="Private CRM", Simulator={"AccountId": "northlight-studios"})
    return make_connector(
        console=harbour.console, name="Private CRM", release_id=21, authentication=[OAUTH]
    )


def install(agent: Client, hands: Hands, account: Account, name: str) -> Operation:
    """Send the form and let the workers work."""
    url, data = fill(account, name)
    agent.post(url, data)
    hands.work()
    return Operation.objects.get(kind="installs.install")


def picker(agent: Client, account: Account, search: str) -> str:
    """The library to pick from."""
    url = reverse("install_pick", args=[account.pk])
    return agent.get(url, {"q": search}).content.decode()


def test_another_accounts_connector_is_offered_once(
    harbour: Account, agent: Client, hands: Hands, private: CatalogueConnector
) -> None:
    form = reverse("install_new", args=[harbour.pk, private.pk])
    assert form in picker(agent, harbour, "Private CRM")
    operation = install(agent, hands, harbour, "Private CRM")

    assert operation.state == State.FAILED and "does not offer" in operation.error
    page = picker(agent, harbour, "Private CRM")
    assert form not in page and "Cyclr does not offer it to this account." in page


def test_the_form_of_what_was_refused_says_so(
    harbour: Account, agent: Client, hands: Hands, private: CatalogueConnector
) -> None:
    install(agent, hands, harbour, "Private CRM")

    page = agent.get(reverse("install_new", args=[harbour.pk, private.pk])).content.decode()
    assert "Cyclr refused to install this when it was tried last" in page


def test_an_account_that_may_not_have_it_is_left_out_of_a_run_with_the_reason(
    client: Client, harbour: Account, private: CatalogueConnector
) -> None:
    client.force_login(make_user(Role.LEAD))
    other = Account.objects.get(cyclr_id="northlight-studios")
    InstallRefusal.objects.create(
        connector=private, account=harbour, release_id=21, why="Cyclr does not offer it here."
    )
    post(client, private, f"account\n{harbour.cyclr_id}\n{other.cyclr_id}\n")

    problems = [row.problem for row in BulkRun.objects.get().rows.order_by("number")]
    assert problems == ["Cyclr does not offer it here.", ""]


def test_what_cyclr_calls_a_draft_is_offered_to_nobody(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    body = {"Message": "Connector 1 is a draft and cannot be installed."}
    cyclr.faults.respond("POST", "/connectors/{id}/install", status=400, body=body)
    install(agent, hands, harbour, "Slack")

    other = Account.objects.exclude(pk=harbour.pk)[0]
    slack = CatalogueConnector.objects.get(name="Slack", account=None)
    assert slack.pk in refused_in(other, [slack])
    page = picker(agent, other, "Slack")
    assert reverse("install_new", args=[other.pk, slack.pk]) not in page


def test_a_newer_release_is_offered_again(
    harbour: Account, agent: Client, hands: Hands, private: CatalogueConnector
) -> None:
    install(agent, hands, harbour, "Private CRM")
    CatalogueConnector.objects.filter(pk=private.pk).update(release_id=22)

    form = reverse("install_new", args=[harbour.pk, private.pk])
    assert form in picker(agent, harbour, "Private CRM")


def test_a_refresh_asks_cyclr_again(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    cyclr.faults.respond("POST", "/connectors/{id}/install", status=404, times=1)
    install(agent, hands, harbour, "Slack")
    slack = CatalogueConnector.objects.get(name="Slack", account=None)
    assert slack.pk in refused_in(harbour, [slack])
    sync.refresh_account(harbour)

    assert slack.pk not in refused_in(harbour, [slack])
