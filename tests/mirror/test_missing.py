"""What a list leaves out: gone only by its own 404, and that at once where a person asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.consoles.models import Console
from dashboard.mirror import missing, sync, tasks
from dashboard.mirror.models import Account, AccountConnector, SyncRun
from dashboard.mirror.sync import accounts
from tests.factories import make_account, make_account_connector

PARENT = "shop-1042.example"


def run_whole(console: Console, *, is_asked: bool) -> SyncRun:
    """A complete run, step after step."""
    run = sync.start_run(console, is_asked=is_asked)
    assert run is not None
    for _ in range(10):
        tasks.run_sync(run.pk, run.attempt)
        run.refresh_from_db()
        if run.finished_at:
            return run
    raise AssertionError("the run does not end")


def with_sub_account(world: CyclrState) -> str:
    """An account below another one, which the list of accounts leaves out."""
    world.add_account(Id="branch", Name="Branch", Simulator={"ParentAccountId": PARENT})
    world.settings["SubAccountsListed"] = False
    return "branch"


def test_a_refresh_finds_out_that_a_connector_was_deleted(
    cyclr: CyclrState, harbour: Account
) -> None:
    row = harbour.connectors.get(connector_name="HubSpot")
    cyclr.delete(row.cyclr_id)
    sync.refresh_account(harbour)

    row.refresh_from_db()
    harbour.refresh_from_db()
    assert row.state == "Gone"
    assert harbour.connector_count == harbour.connectors.there().count()


def test_a_refresh_does_not_call_gone_what_a_list_leaves_out(
    cyclr: CyclrState, harbour: Account
) -> None:
    row = harbour.connectors.get(connector_name="HubSpot")
    cyclr.authenticate(row.cyclr_id)
    cyclr.faults.rewrite("GET", "/account/connectors", change=lambda _: [])
    for _ in range(3):
        sync.refresh_account(harbour)

    row.refresh_from_db()
    assert row.gone_at is None and row.missed == 0 and row.authenticated


@pytest.mark.parametrize("status", [500, 403, 429])
def test_nor_what_cyclr_does_not_tell(
    cyclr: CyclrState, harbour: Account, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # While it says 429 it is asked again, for 20 seconds.
    monkeypatch.setitem(missing.ask_each.__kwdefaults__ or {}, "within", timedelta(seconds=1))
    row = harbour.connectors.get(connector_name="HubSpot")
    cyclr.faults.rewrite("GET", "/account/connectors", change=lambda _: [])
    cyclr.faults.respond("GET", "/account/connectors/{id}", status=status)
    sync.refresh_account(harbour)

    row.refresh_from_db()
    assert row.gone_at is None


def test_what_comes_back_is_there_again(cyclr: CyclrState, harbour: Account) -> None:
    row = harbour.connectors.get(connector_name="HubSpot")
    fault: Any = cyclr.faults.respond("GET", "/account/connectors/{id}", status=404)
    cyclr.faults.rewrite("GET", "/account/connectors", change=lambda _: [])
    sync.refresh_account(harbour)
    row.refresh_from_db()
    assert fault is None or row.state == "Gone"
    cyclr.faults.clear()
    sync.refresh_account(harbour)

    row.refresh_from_db()
    assert row.gone_at is None


def test_a_run_that_a_person_asked_for_finds_out_at_once(
    cyclr: CyclrState, harbour: Account
) -> None:
    sync.refresh_accounts(harbour.console)
    row = harbour.connectors.get(connector_name="HubSpot")
    lost = Account.objects.exclude(pk=harbour.pk)[0]
    cyclr.delete(row.cyclr_id)
    cyclr.delete_account(cyclr.accounts[lost.cyclr_id])
    run_whole(harbour.console, is_asked=True)

    row.refresh_from_db()
    lost.refresh_from_db()
    assert row.state == "Gone"
    assert lost.gone_at is not None


def test_an_account_that_the_list_lacks_twice_and_that_answers_404_is_gone(
    cyclr: CyclrState, console: Console
) -> None:
    sync.refresh_accounts(console)
    cyclr.delete_account(cyclr.accounts[PARENT])
    sync.refresh_accounts(console)
    account = Account.objects.get(cyclr_id=PARENT)
    assert account.gone_at is None and account.missed == 1
    sync.refresh_accounts(console)

    account.refresh_from_db()
    assert account.gone_at is not None


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_sub_account_that_the_list_leaves_out_stays(
    cyclr: CyclrState, harbour: Account, is_asked: bool
) -> None:
    branch = with_sub_account(cyclr)
    sync.refresh_account(harbour)
    for _ in range(5):
        sync.refresh_accounts(harbour.console, is_asked=is_asked)

    account = Account.objects.get(cyclr_id=branch)
    assert account.gone_at is None
    assert account.parent_id == PARENT


def test_a_run_finds_sub_accounts_whose_parent_nobody_refreshed(
    cyclr: CyclrState, console: Console
) -> None:
    branch = with_sub_account(cyclr)
    run_whole(console, is_asked=False)

    account = Account.objects.get(cyclr_id=branch)
    assert account.parent_id == PARENT
    assert account.read_at is not None


def test_a_run_asks_for_sub_accounts_in_turn(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync.refresh_accounts(console)
    branch = with_sub_account(cyclr)
    parent = Account.objects.filter(cyclr_id=PARENT)
    parent.update(sub_accounts_read_at=timezone.now() - timedelta(hours=7))
    unread = Account.objects.filter(sub_accounts_read_at=None)
    count = unread.count()
    monkeypatch.setattr(accounts, "MOST", count)

    sync.read_sub_accounts(console)
    assert not unread.exists()
    assert not Account.objects.filter(cyclr_id=branch).exists()
    sync.read_sub_accounts(console)
    assert Account.objects.filter(cyclr_id=branch).exists()


def test_a_sub_account_that_was_deleted_is_gone(cyclr: CyclrState, harbour: Account) -> None:
    branch = with_sub_account(cyclr)
    sync.refresh_account(harbour)
    cyclr.delete_account(cyclr.accounts[branch])
    for _ in range(3):
        sync.refresh_accounts(harbour.console)

    assert Account.objects.get(cyclr_id=branch).gone_at is not None


def test_so_many_are_asked_for_and_the_others_wait(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_account(console=console, cyclr_id=PARENT)
    for number in range(60):
        make_account_connector(account=account, cyclr_id=number + 1)
    sync.refresh_account(account)

    gone = AccountConnector.objects.exclude(gone_at=None)
    assert gone.count() == 50
    assert AccountConnector.objects.filter(cyclr_id__lte=60, missed=1).count() == 10
