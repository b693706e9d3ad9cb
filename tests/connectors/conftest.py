"""A connector with a test method, and the workers' part in connection tests and look-ups."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.connectors import tasks
from dashboard.connectors.models import ConnectionTest, ConnectionTestMethod, LookUp
from dashboard.consoles import pacing
from dashboard.mirror.models import Account, AccountConnector

IDENTITY = "contacts[0].email"


@pytest.fixture(autouse=True)
def nobody_is_held_back() -> None:
    """A 429 of one test must not hold back the next one, whose console has the same number."""
    pacing.forget_holds()


@pytest.fixture
def mailchimp(harbour: Account) -> AccountConnector:
    """MailChimp of Harbour Books, which is authenticated."""
    return AccountConnector.objects.get(account=harbour, connector_name="MailChimp")


@pytest.fixture
def test_method(mailchimp: AccountConnector) -> ConnectionTestMethod:
    """List Subscribers, chosen for MailChimp; its first subscriber stands for the account."""
    return choose(mailchimp, "List Subscribers", "subscribers[0].email")


def choose(connector: AccountConnector, name: str, path: str = "") -> ConnectionTestMethod:
    """Choose a method of the connector by name, as an administrator does in Settings."""
    from dashboard.consoles.services import client

    library = client(connector.account.console).account(connector.account.cyclr_id).library
    methods = library.methods_named(connector.connector_name, connector.connector_version or None)
    found = next(one for one in methods if one.name == name)
    return ConnectionTestMethod.objects.create(
        console=connector.account.console,
        connector_name=connector.connector_name,
        connector_version=connector.connector_version,
        method_id=found.id,
        unique_id=found.unique_id or "",
        method_name=found.name,
        identity_path=path,
    )


def say(cyclr: CyclrState, connector: AccountConnector, answer: Any) -> None:
    """Have the third party answer every method of the connector so."""
    installed = cyclr.installed[connector.account.cyclr_id]
    next(one for one in installed if one.id == connector.cyclr_id).answers["*"] = answer


def work() -> None:
    """Carry out the connection tests and look-ups that are due now."""
    moment = timezone.now()
    for pk in list(ConnectionTest.objects.due(moment).values_list("pk", flat=True)):
        tasks.run_connection_test(pk)
    for pk in list(LookUp.objects.due(moment).values_list("pk", flat=True)):
        tasks.look_up(pk)
