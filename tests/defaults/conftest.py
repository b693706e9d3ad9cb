"""Sets of default connectors."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dashboard.consoles import pacing
from dashboard.defaults.forms import DefaultForm
from dashboard.defaults.models import DefaultConnector
from dashboard.installs.naming import By
from dashboard.mirror.models import Account, CatalogueConnector
from dashboard.people.models import Role
from tests.factories import make_user
from tests.pages import signed_in
from tests.simulated import library


@pytest.fixture(autouse=True)
def nobody_is_held_back() -> None:
    """A 429 of one test must not hold back the next one, whose console has the same number."""
    pacing.forget_holds()


@pytest.fixture
def lead(db: None) -> Client:
    """A browser in which a Lead of all consoles is signed in."""
    return signed_in(make_user(Role.LEAD))


@pytest.fixture
def admin(db: None) -> Client:
    """A browser in which an administrator is signed in."""
    return signed_in(make_user(Role.ADMIN))


def make_default(connector: CatalogueConnector, **columns: Any) -> DefaultConnector:
    """One of the set, as the form makes it if nobody types anything; by id unless said."""
    form = DefaultForm(connector)
    form.take_kept()
    values = form.columns() | {"installs_by": By.ID} | columns
    return DefaultConnector.objects.create(console=connector.console, **values)


@pytest.fixture
def two(harbour: Account) -> list[DefaultConnector]:
    """The partner's own product, and another one that asks for a setting."""
    other = make_default(library("Freshdesk"), position=1, values={"FreshdeskDomain": "acme"})
    return [make_default(library("Pipedrive"), is_native=True, position=2), other]
