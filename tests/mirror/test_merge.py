"""Listings against rows: which of two wins, what is written, and how little is locked."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import cyclr_api
from cyclr_api import Listing
from cyclr_api.simulator import CyclrState
from dashboard.consoles.models import Console
from dashboard.consoles.services import client
from dashboard.mirror import sync
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector
from dashboard.mirror.sync import merge
from tests.factories import API_KEY, OAUTH, make_account, make_account_connector, make_connector
from tests.support.waiting import CEILING

LONG = "".join(random.Random(7).choices([chr(n) for n in range(0x4E00, 0x9000)], k=10_000))
"""No index of PostgreSQL takes it, however well it is compressed."""


def moments(count: int) -> list[datetime]:
    """Moments in the past, one after the other."""
    start = timezone.now() - timedelta(minutes=10)
    return [start + timedelta(minutes=n) for n in range(count)]


def listed(*ones: Any) -> Listing[cyclr_api.AccountConnector]:
    """A listing of one account's connectors, as JSON or as values."""
    decode = cyclr_api.AccountConnector.from_json
    return Listing(decode(one) if isinstance(one, dict) else one for one in ones)


def make_old(**values: Any) -> AccountConnector:
    """A connector that was told of long ago, in an account that was never read."""
    long_ago = timezone.now() - timedelta(days=1)
    account = make_account(read_at=None, seen_at=long_ago, changed_at=long_ago)
    made_up = {"account": account, "cyclr_id": 1, "seen_at": long_ago, "changed_at": long_ago}
    return make_account_connector(**made_up | values)


# ---- how little is written ----


def test_an_unchanged_list_locks_nothing_and_rewrites_no_row(
    cyclr: CyclrState, console: Console
) -> None:
    for number in range(600):
        cyclr.add_account(Id=f"more-{number}", Name=f"More {number}")
    sync.refresh_accounts(console)
    before = list(Account.objects.order_by("pk").values_list("name", "active_at"))
    with CaptureQueriesContext(connection) as queries:
        written = sync.refresh_accounts(console)

    statements = [query["sql"] for query in queries]
    updates = [sql for sql in statements if "mirror_account" in sql and "SELECT" not in sql[:7]]
    assert (written.made, written.changed) == (0, 0)
    assert not [sql for sql in statements if " FOR " in sql]
    assert len(updates) <= 3
    assert all("seen_at" in sql and '"name"' not in sql for sql in updates)
    assert list(Account.objects.order_by("pk").values_list("name", "active_at")) == before


def test_what_changed_is_written_alone_and_in_parts(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "BATCH", 2)
    for number in range(5):
        cyclr.add_account(Id=f"more-{number}", Name=f"More {number}")
    sync.refresh_accounts(console)
    for number in range(5):
        cyclr.accounts[f"more-{number}"].document["Name"] = f"Less {number}"
        cyclr.accounts[f"more-{number}"].changed()
    with CaptureQueriesContext(connection) as queries:
        written = sync.refresh_accounts(console)

    names = Account.objects.filter(cyclr_id__startswith="more").order_by("cyclr_id")
    assert written.changed == 5
    assert list(names.values_list("name", "sort_name")) == [
        (f"Less {number}", f"less {number}") for number in range(5)
    ]
    assert not Account.objects.search("more 3").filter(name="More 3").exists()
    if connection.vendor == "postgresql":
        locks = [query["sql"] for query in queries if " FOR " in query["sql"]]
        assert len(locks) == 3
        assert all("FOR NO KEY UPDATE" in sql for sql in locks)


@pytest.mark.django_db(transaction=True)
def test_a_key_to_an_account_and_a_sync_do_not_wait_for_each_other(
    cyclr: CyclrState, console: Console
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    sync.refresh_accounts(console)
    account = Account.objects.order_by("pk")[0]
    cyclr.accounts[account.cyclr_id].document["Name"] = "Renamed meanwhile"
    cyclr.accounts[account.cyclr_id].changed()
    errors: list[Exception] = []

    def in_another_connection() -> None:
        try:
            sync.refresh_accounts(console)
        except DatabaseError as error:
            errors.append(error)
        finally:
            connections.close_all()

    with transaction.atomic():
        AccountConnector.objects.create(account=account, cyclr_id=77)  # locks the account's key
        thread = threading.Thread(target=in_another_connection)
        thread.start()
        thread.join(CEILING)
        has_waited = thread.is_alive()

    account.refresh_from_db()
    assert not errors and not has_waited
    assert account.name == "Renamed meanwhile"


# ---- which of two listings wins ----


def test_an_older_listing_does_not_overwrite_a_newer_one(db: None) -> None:
    older, newer = moments(2)
    row = make_old(authenticated=None)
    yes, no = (listed({"Id": 1, "Name": "CRM", "Authenticated": value}) for value in (True, False))
    sync.write_account_connectors(row.account, yes, newer)
    sync.write_account_connectors(row.account, no, older)

    row.refresh_from_db()
    row.account.refresh_from_db()
    assert row.authenticated is True
    assert row.seen_at == row.account.read_at == newer


def test_nor_one_that_a_newer_one_confirmed_without_a_change(db: None) -> None:
    first, older, newer = moments(3)
    row = make_old()
    now = {"Id": 1, "Name": "CRM", "Authenticated": True}
    sync.write_account_connectors(row.account, listed(now), first)
    sync.write_account_connectors(row.account, listed(now), newer)
    sync.write_account_connectors(row.account, listed(now | {"Name": "Old"}), older)
    sync.write_account_connectors(row.account, listed(), older)

    row.refresh_from_db()
    assert (row.name, row.missed) == ("CRM", 0)


def test_two_listings_that_overlap_make_one_miss(db: None) -> None:
    row = make_old()
    first = timezone.now() - timedelta(minutes=2)
    sync.write_account_connectors(row.account, listed(), first)
    sync.write_account_connectors(row.account, listed(), first + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.missed, row.gone_at) == (1, None)
    sync.write_account_connectors(row.account, listed(), timezone.now())

    row.refresh_from_db()
    assert row.missed == 2 and row.gone_at is not None


def test_an_older_listing_does_not_resurrect_what_newer_ones_missed(db: None) -> None:
    row = make_old()
    older = timezone.now()
    for _ in range(2):
        sync.write_account_connectors(row.account, listed(), timezone.now())
    sync.write_account_connectors(row.account, listed({"Id": 1, "Name": "CRM"}), older)
    row.refresh_from_db()
    assert row.gone_at is not None
    sync.write_account_connectors(row.account, listed({"Id": 1, "Name": "CRM"}), timezone.now())

    assert AccountConnector.objects.there().filter(missed=0, missed_at=None).exists()


def test_a_connectors_place_in_lists_follows_its_name(db: None) -> None:
    row = make_old()
    for number, (name, expected) in enumerate(
        {"CRM": "crm", "Ärzte": "arzte", "=1+1": "\U0010fffd=1+1", "": "hubspot"}.items()
    ):
        began = timezone.now() + timedelta(seconds=number)
        said = {"Id": row.cyclr_id, "Name": name, "Connector": {"Name": "HubSpot"}}
        sync.write_account_connectors(row.account, listed(said), began)
        row.refresh_from_db()

        assert (row.name, row.sort_name) == (name, expected)


def test_rows_of_an_earlier_build_get_their_place_in_lists(db: None) -> None:
    migration = import_module("dashboard.mirror.migrations.0011_fill_sort_names_of_connectors")
    named = make_account_connector(name="Zoo", connector_name="HubSpot")
    unnamed = make_account_connector(name="", connector_name="HubSpot")
    AccountConnector.objects.update(sort_name="")

    for _ in range(2):
        migration.fill(apps, None)

    named.refresh_from_db()
    unnamed.refresh_from_db()
    assert (named.sort_name, unnamed.sort_name) == ("zoo", "hubspot")


def test_an_account_read_alone_wins_over_an_older_list(
    cyclr: CyclrState, console: Console, harbour: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = client(console).accounts.readable()
    began = timezone.now()
    cyclr.accounts[harbour.cyclr_id].document["Name"] = "Harbour Books & Maps"
    cyclr.accounts[harbour.cyclr_id].changed()
    sync.refresh_account(harbour)
    merge.merge(
        Account.objects.filter(console=console),
        {account.id: sync.account_columns(account) for account in listing},
        key=lambda row: row.cyclr_id,
        make=lambda cyclr_id: Account(console=console, cyclr_id=cyclr_id),
        began=began,
        is_complete=True,
    )

    harbour.refresh_from_db()
    assert harbour.name == "Harbour Books & Maps"


def test_a_refresh_asked_for_during_another_listing_still_counts(db: None) -> None:
    row = make_old()
    began = timezone.now() - timedelta(seconds=5)
    asked = timezone.now() - timedelta(seconds=2)
    Account.objects.filter(pk=row.account_id).update(refresh_asked_at=asked)
    sync.write_account_connectors(row.account, listed(), began)

    account = Account.objects.get(pk=row.account_id)
    assert account.read_at == began
    assert account.is_refreshing


def test_a_refresh_that_ended_is_ended_whatever_the_clocks_say(
    cyclr: CyclrState, harbour: Account
) -> None:
    harbour.refresh_asked_at = timezone.now() + timedelta(seconds=30)  # by the web's clock
    harbour.save(update_fields=["refresh_asked_at"])
    sync.refresh_account(harbour)

    harbour.refresh_from_db()
    assert not harbour.is_refreshing


# ---- listings that are not whole ----


def test_a_listing_with_an_unreadable_element_marks_nothing_missed(
    cyclr: CyclrState, harbour: Account
) -> None:
    known = harbour.connectors.count()
    assert known > 1
    cyclr.faults.rewrite(
        "GET", "/account/connectors", lambda found: [{"Name": "no id"}, *found[1:]] if found else []
    )
    for _ in range(3):
        sync.refresh_account(harbour)

    assert harbour.connectors.there().count() == known
    assert not harbour.connectors.exclude(missed=0).exists()
    harbour.refresh_from_db()
    assert harbour.refresh_error == ""


def test_names_and_ids_of_any_length_are_kept_and_found(
    cyclr: CyclrState, console: Console
) -> None:
    cyclr.add_account(Id=LONG, Name=LONG)
    cyclr.add_connector(Id=70_001, Name=LONG, Version=LONG[::-1], Status="Approved")
    sync.refresh_accounts(console)
    sync.refresh_accounts(console)
    sync.refresh_library(console)
    sync.refresh_library(console)
    account = Account.objects.get(console=console, cyclr_id=LONG)
    one = {"Id": 1, "Name": LONG, "Connector": {"Id": 70_001, "Name": LONG, "Version": LONG[::-1]}}
    for _ in range(2):
        sync.write_account_connectors(account, listed(one), timezone.now())

    assert account.name == LONG
    assert CatalogueConnector.objects.get(name=LONG).version == LONG[::-1]
    assert AccountConnector.objects.get(connector_name=LONG).name == LONG


def test_a_second_row_of_the_same_name_is_refused_by_the_database(db: None) -> None:
    account = make_account(cyclr_id=LONG)
    with transaction.atomic(), pytest.raises(IntegrityError), transaction.atomic():
        make_account(console=account.console, cyclr_id=LONG)
    make_account(console=account.console, cyclr_id=LONG + "x")
    row = make_connector(version="1")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_connector(console=row.console, name=row.name, version="1")
    make_connector(console=row.console, name=row.name + "1", version="")


# ---- methods that a listing left out ----

REDUCED = {"Id": 1, "Name": "CRM", "Connector": {"Id": 7, "Name": "HubSpot", "Version": "1.0"}}


@pytest.mark.parametrize("reduced", [REDUCED, {"Id": 1}, {"Id": 1, "Connector": {"Id": 8}}])
def test_a_reduced_connector_overwrites_nothing(db: None, reduced: dict[str, Any]) -> None:
    row = make_old(authentication=[OAUTH], connector_name="HubSpot", connector_version="1.0")
    sync.write_account_connectors(row.account, listed(reduced), timezone.now())

    row.refresh_from_db()
    assert row.authentication == [OAUTH]
    assert (row.connector_name, row.connector_version) == ("HubSpot", "1.0")


def test_methods_that_a_listing_lacks_come_from_the_library(db: None) -> None:
    account = make_account(read_at=None)
    console = account.console
    make_connector(console=console, name="HubSpot", version="2.0", authentication=[API_KEY])
    make_connector(name="HubSpot", version="1.0", authentication=[API_KEY])  # another console's
    ones = [REDUCED | {"Id": number} for number in range(1, 8)]
    sync.write_account_connectors(account, listed(*ones), timezone.now())
    assert not AccountConnector.objects.exclude(authentication=[]).exists()
    make_connector(console=console, name="HubSpot", version="1.0", authentication=[OAUTH])
    with CaptureQueriesContext(connection) as queries:
        assert sync.fill_methods(console, [account.pk]) == 7
    assert len(queries) <= 4

    assert all(row.authentication == [OAUTH] for row in account.connectors.all())
    with CaptureQueriesContext(connection) as queries:
        assert sync.fill_methods(console) == 0
    assert len(queries) == 1


def test_an_accounts_own_connector_lends_its_methods_to_that_account_alone(db: None) -> None:
    account = make_account()
    other = make_account(console=account.console)
    make_connector(
        console=account.console,
        account=account,
        name="HubSpot",
        version="1.0",
        authentication=[API_KEY],
    )
    for one in (account, other):
        sync.write_account_connectors(one, listed(REDUCED), timezone.now())

    assert account.connectors.get().authentication == [API_KEY]
    assert other.connectors.get().authentication == []


def test_the_first_reading_is_ours_and_no_activity_of_theirs(
    cyclr: CyclrState, console: Console
) -> None:
    for _ in range(2):
        sync.refresh_accounts(console)
    for account in Account.objects.all()[:3]:
        sync.refresh_account(account)

    assert not Account.objects.exclude(active_at=F("created_at")).exists()


def test_what_changes_after_the_first_reading_is_activity(
    cyclr: CyclrState, console: Console
) -> None:
    sync.refresh_accounts(console)
    renamed, installed = Account.objects.exclude(created_at=None)[:2]
    for account in (renamed, installed):
        sync.refresh_account(account)
    cyclr.accounts[renamed.cyclr_id].document["Name"] = "Another name"
    cyclr.accounts[renamed.cyclr_id].changed()
    sync.refresh_library(console)
    release = CatalogueConnector.objects.get(name="Slack").release_id
    cyclr.install(installed.cyclr_id, release, name="New here")
    before = timezone.now()
    sync.refresh_accounts(console)
    sync.refresh_account(installed)

    for account in (renamed, installed):
        account.refresh_from_db()
        assert account.active_at is not None and account.active_at >= before
    others = Account.objects.exclude(pk__in=[renamed.pk, installed.pk])
    assert not others.exclude(active_at=F("created_at")).exists()
