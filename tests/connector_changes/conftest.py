"""An account with connectors of every authentication type, and forms filled in as people do."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cyclr_api.simulator import CyclrState
from dashboard.connector_changes.forms.settings import PropertiesForm
from dashboard.consoles import pacing
from dashboard.consoles.models import Console
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector
from dashboard.operations.models import Operation
from dashboard.people.models import Role
from tests.factories import make_user
from tests.pages import signed_in, text_of
from tests.simulated import read_cyclr


@pytest.fixture(autouse=True)
def nobody_is_held_back() -> None:
    """A 429 of one test must not hold back the next one, whose console has the same number."""
    pacing.forget_holds()


@pytest.fixture
def studio(console: Console, cyclr: CyclrState) -> Account:
    """The account that has a connector of each authentication type."""
    read_cyclr(console, cyclr)
    account = Account.objects.get(console=console, cyclr_id="shop-1043.example")
    sync.refresh_account(account)
    account.refresh_from_db()
    return account


@pytest.fixture
def lead(db: None) -> Client:
    """A browser in which a Lead of all consoles is signed in."""
    return signed_in(make_user(Role.LEAD))


def named(account: Account, name: str) -> AccountConnector:
    """The account's connector of this name."""
    connector: AccountConnector = AccountConnector.objects.select_related("account__console").get(
        account=account, name=name
    )
    return connector


def url(page: str, connector: AccountConnector) -> str:
    """The address of a change's form."""
    return reverse(page, args=[connector.pk])


def hidden(page: str) -> dict[str, str]:
    """The form's own fields."""
    pairs = re.findall(r'name="(submission|seen)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in pairs}


def send(browser: Client, page: str, connector: AccountConnector, **values: Any) -> Any:
    """Open the form, fill it in and send it; `auth_key` stands for `auth-key`."""
    address = url(page, connector)
    typed = {re.sub(r"^(auth|new|setting)_", r"\1-", name): text for name, text in values.items()}
    return browser.post(address, hidden(text_of(browser.get(address))) | typed)


def field_of(form: PropertiesForm, target: str) -> str:
    """The name of the field for a property."""
    return next(name for name, one in form.parameters.items() if one.target_name == target)


def in_cyclr(cyclr: CyclrState, connector: AccountConnector) -> Any:
    """What Cyclr really has of it; None if it was deleted."""
    installed = cyclr.installed[connector.account.cyclr_id]
    return next((one for one in installed if one.id == connector.cyclr_id), None)


def properties(cyclr: CyclrState, connector: AccountConnector) -> dict[str, Any]:
    """Its properties in Cyclr."""
    return {one["Name"]: one["Value"] for one in in_cyclr(cyclr, connector).properties}


def effects(cyclr: CyclrState, connector: AccountConnector, kind: str) -> int:
    """How often something of a kind really happened to it."""
    return len(
        [
            effect
            for effect in cyclr.ledger
            if effect.kind == kind and effect.ids.get("account_connector") == connector.cyclr_id
        ]
    )


def last_operation() -> Operation:
    """The one that was asked for last."""
    operation: Operation = Operation.objects.order_by("-pk")[0]
    return operation
