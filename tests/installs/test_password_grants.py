"""User name and password as settings: Cyclr signs in with them, and nobody need open a link."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.links.models import Link
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation
from tests.installs.test_install_operation import fill
from tests.simulated import Hands, library


@pytest.mark.parametrize("name", ["SugarCRM", "Akeneo"])
def test_an_install_with_everything_typed_is_authenticated_and_needs_no_link(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands, name: str
) -> None:
    url, data = fill(harbour, name, wants_link="on")
    agent.post(url, data)
    hands.work()

    row = AccountConnector.objects.get(account=harbour, connector_name=name)
    assert row.state == "Authenticated"
    assert not Link.objects.exists()
    assert Operation.objects.get(kind="links.create").outcome == {}


def test_a_link_is_made_when_cyclr_could_not_sign_in(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    def unsaid(value: Any) -> Any:
        return {**value, "Authenticated": False}

    cyclr.faults.rewrite("POST", "/connectors/{id}/install", change=unsaid)
    url, data = fill(harbour, "SugarCRM", wants_link="on")
    agent.post(url, data)
    hands.work()

    assert Link.objects.count() == 1


@pytest.mark.parametrize("name", ["SugarCRM", "Akeneo"])
def test_the_form_does_not_say_that_the_password_is_never_seen(
    harbour: Account, agent: Client, name: str
) -> None:
    page = agent.get(reverse("install_new", args=[harbour.pk, library(name).pk])).content.decode()

    assert "never see their password" not in page
    assert "which Cyclr Desk does not keep" in page


def test_that_of_an_oauth_app_does(harbour: Account, agent: Client) -> None:
    url = reverse("install_new", args=[harbour.pk, library("Slack").pk])

    assert "never see their password" in agent.get(url).content.decode()


def test_what_is_finished_in_cyclr_is_not_ticked_for_a_link(
    cyclr: CyclrState, harbour: Account, agent: Client, hands: Hands
) -> None:
    url, data = fill(harbour, "SFTP Private Key")
    agent.post(url, data)
    hands.work()
    AccountConnector.objects.filter(connector_name="SFTP Private Key").update(authenticated=False)
    row = AccountConnector.objects.get(connector_name="SFTP Private Key")

    assert row.method_label == "To be finished in Cyclr"
    page = agent.get(reverse("link_new", args=[harbour.pk])).content.decode()
    assert f'name="connectors" value="{row.pk}"' not in page
