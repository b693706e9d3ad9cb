"""Whose a connector of the library is, under every reading of what Cyclr lists."""

from __future__ import annotations

from typing import Any

import pytest

from cyclr_api.simulator import CyclrState
from cyclr_api.simulator.state.values import Connector
from dashboard.consoles.models import Console
from dashboard.installs.services import refused_in
from dashboard.mirror import sync
from dashboard.mirror.models import Account, CatalogueConnector, InstallRefusal

OTHER = "northlight-studios"

READINGS: list[dict[str, Any]] = [
    {"CustomConnectorsListed": listed, "CustomConnectorIdsAreReleases": is_release}
    for listed in ("asked", "always", "never")
    for is_release in (True, False)
]


def custom(world: CyclrState, account: str, number: int, name: str = "Private CRM") -> Connector:
    """A connector that was made for one account."""
    return world.add_connector(
        Id=number,
        Name=name,
        AuthType="ApiKey",
        UniqueIdentifier=f"9c3f8a53-7c1e-4b8a-9e55-0b6a3c{number:06d}",
        Simulator={"AccountId": account},
    )


def offered(account: Account) -> set[int]:
    """The releases that may be picked for an account."""
    rows = CatalogueConnector.objects.for_account(account).installable()
    refused = refused_in(account, rows)
    return {row.release_id for row in rows if row.pk not in refused}


@pytest.fixture
def world(cyclr: CyclrState, console: Console) -> CyclrState:
    """One whose accounts were read and whose library was not."""
    sync.refresh_accounts(console)
    return cyclr


@pytest.mark.parametrize("reading", READINGS)
def test_an_accounts_own_connector_is_offered_to_it_and_to_nobody_else(
    world: CyclrState, console: Console, reading: dict[str, Any]
) -> None:
    world.settings |= reading
    reader = sync.catalogue_accounts(console)[0]
    other = Account.objects.get(cyclr_id=OTHER)
    of_reader, of_other = custom(world, reader.cyclr_id, 21), custom(world, other.cyclr_id, 22)
    sync.refresh_library(console)
    for account in (reader, other):
        sync.refresh_account(account)

    assert offered(reader) & {21, 22} == {of_reader.id}
    assert offered(other) & {21, 22} == {of_other.id}
    assert offered(Account.objects.exclude(pk__in=[reader.pk, other.pk])[0]) & {21, 22} == set()


@pytest.mark.parametrize("reading", READINGS)
def test_a_custom_connector_that_bears_a_common_name_does_not_take_it_away(
    world: CyclrState, console: Console, reading: dict[str, Any]
) -> None:
    world.settings |= reading
    sync.refresh_library(console)
    reader = sync.catalogue_accounts(console)[0]
    hubspot = CatalogueConnector.objects.get(name="HubSpot", account=None)
    world.add_connector(
        Id=23, Name="HubSpot", Version=hubspot.version, Simulator={"AccountId": reader.cyclr_id}
    )
    for _ in range(2):
        sync.refresh_library(console)
        sync.refresh_account(reader)

    assert hubspot.release_id in offered(Account.objects.exclude(pk=reader.pk)[0])
    assert offered(reader) & {23, hubspot.release_id} == {23, hubspot.release_id}


def test_a_list_of_custom_connectors_that_is_refused_makes_nothing_everybodys(
    world: CyclrState, console: Console
) -> None:
    world.settings["CustomConnectorsListed"] = "always"
    world.faults.respond("GET", "/account/connectors/custom", status=404)
    reader = sync.catalogue_accounts(console)[0]
    custom(world, reader.cyclr_id, 21)
    for _ in range(3):
        sync.refresh_library(console)

    assert 21 in offered(reader)
    assert 21 not in offered(Account.objects.exclude(pk=reader.pk)[0])


def test_what_was_filed_as_everybodys_becomes_the_accounts_own(
    world: CyclrState, console: Console
) -> None:
    reader = sync.catalogue_accounts(console)[0]
    custom(world, reader.cyclr_id, 21)
    CatalogueConnector.objects.create(console=console, name="Private CRM", release_id=21)
    sync.refresh_library(console)

    assert 21 in offered(reader)
    assert 21 not in offered(Account.objects.exclude(pk=reader.pk)[0])


def test_a_partners_custom_connectors_are_for_every_account(
    world: CyclrState, console: Console
) -> None:
    world.add_connector(Id=24, Name="Our CRM", Simulator={"Custom": True})
    sync.refresh_library(console)

    assert all(24 in offered(account) for account in Account.objects.all()[:3])


@pytest.mark.parametrize("where", [{"Status": "Draft"}, {"ReleaseStatus": "Draft"}])
def test_a_draft_is_not_offered_whichever_field_says_so(
    world: CyclrState, console: Console, where: dict[str, str]
) -> None:
    world.settings["DraftsListed"] = True
    world.add_connector({"Id": 25, "Name": "Half done", **where, "Simulator": {"Release": "Draft"}})
    sync.refresh_library(console)

    row = CatalogueConnector.objects.get(release_id=25)
    assert row.is_draft
    assert 25 not in offered(Account.objects.all()[0])


def test_an_own_connector_that_was_deleted_is_offered_no_longer(
    world: CyclrState, console: Console
) -> None:
    account = Account.objects.get(cyclr_id=OTHER)
    one = custom(world, OTHER, 21)
    sync.refresh_account(account)
    assert 21 in offered(account)
    world.drop_connector(one)
    sync.refresh_account(account)

    assert 21 not in offered(account)


def test_what_was_refused_is_offered_again_when_cyclr_shows_it_to_the_account(
    world: CyclrState, console: Console
) -> None:
    sync.refresh_library(console)
    account = Account.objects.get(cyclr_id=OTHER)
    hubspot = CatalogueConnector.objects.get(name="HubSpot", account=None)
    InstallRefusal.objects.create(connector=hubspot, account=account, release_id=hubspot.release_id)
    assert hubspot.release_id not in offered(account)
    sync.refresh_account(account)

    assert hubspot.release_id in offered(account)
