"""A link and a customer's browser."""

from __future__ import annotations

import pytest
from django.test import Client

from dashboard.audit.models import Actor
from dashboard.consoles import pacing
from dashboard.customer import pages
from dashboard.links import services
from dashboard.links.models import Link
from dashboard.mirror.models import Account, AccountConnector
from tests.links.steps import PERSON


@pytest.fixture(autouse=True)
def nobody_is_held_back() -> None:
    """A 429 of one test must not hold back the next one, whose console has the same number."""
    pacing.forget_holds()


@pytest.fixture(autouse=True)
def many_customers_at_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tests press Continue from one address within a minute; Redis counts them together."""
    monkeypatch.setattr(pages, "STARTS_PER_ADDRESS_AND_MINUTE", 10_000)


@pytest.fixture
def link(harbour: Account) -> Link:
    """A link over HubSpot of Harbour Books, which is not authenticated."""
    hubspot = AccountConnector.objects.get(account=harbour, connector_name="HubSpot")
    return services.create_link(Actor.system(), harbour, [hubspot])


@pytest.fixture
def customer() -> Client:
    """A customer's browser, not signed in to anything; CSRF is checked."""
    return Client(enforce_csrf_checks=True, headers=PERSON)
