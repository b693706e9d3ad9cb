"""The mirror after a sync, against the simulator: nothing lost, nothing resurrected."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cyclr_api import CyclrError
from cyclr_api.simulator import CyclrState
from dashboard.consoles.models import Console
from dashboard.mirror import sync, tasks
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector, SyncRun


def run_whole(console: Console) -> SyncRun:
    """A complete run, step after step."""
    run = sync.start_run(console)
    assert run is not None
    for _ in range(10):
        tasks.run_sync(run.pk, run.attempt)
        run.refresh_from_db()
        if run.finished_at:
            return run
    raise AssertionError("the run does not end")


def test_a_run_mirrors_everything(cyclr: CyclrState, console: Console) -> None:
    run = run_whole(console)

    assert run.last_error == ""
    assert Account.objects.count() == len(cyclr.accounts)
    there = {one.id for ones in cyclr.installed.values() for one in ones}
    assert set(AccountConnector.objects.values_list("cyclr_id", flat=True)) == there
    for account in Account.objects.all():
        ones = cyclr.installed[account.cyclr_id]
        assert account.connector_count == len(ones)
        assert account.unauthenticated_count == sum(not one.authenticated for one in ones)


def test_names_are_kept_to_the_letter(cyclr: CyclrState, console: Console) -> None:
    sync.refresh_accounts(console)

    ours = dict(Account.objects.values_list("cyclr_id", "name"))
    for account in cyclr.accounts.values():
        name = str(account.name or "").replace("\x00", "\N{REPLACEMENT CHARACTER}")
        assert ours[account.id] == name


def test_a_listing_that_breaks_off_marks_nobody_gone(cyclr: CyclrState, console: Console) -> None:
    sync.refresh_accounts(console)
    cyclr.faults.respond("GET", "/accounts", status=503)
    for _ in range(3):
        with pytest.raises(CyclrError):
            sync.refresh_accounts(console)

    assert not Account.objects.exclude(gone_at=None).exists()
    assert not Account.objects.exclude(missed=0).exists()


def test_gone_needs_two_complete_listings_of_a_run_that_nobody_asked_for(
    cyclr: CyclrState, harbour: Account
) -> None:
    row = harbour.connectors.get(connector_name="HubSpot")
    cyclr.delete(row.cyclr_id)
    run_whole(harbour.console)
    row.refresh_from_db()
    assert row.gone_at is None and row.missed == 1
    run_whole(harbour.console)

    row.refresh_from_db()
    harbour.refresh_from_db()
    assert row.state == "Gone"
    assert harbour.connector_count == harbour.connectors.there().count()


def test_what_changed_here_after_the_read_began_stays(cyclr: CyclrState, harbour: Account) -> None:
    row = harbour.connectors.get(connector_name="HubSpot")
    began = timezone.now() - timedelta(seconds=5)
    AccountConnector.objects.filter(pk=row.pk).update(authenticated=True, changed_at=timezone.now())
    sync.write_account_connectors(harbour, [], began)

    row.refresh_from_db()
    assert row.authenticated and row.missed == 0


def test_an_operations_deletion_is_not_resurrected(cyclr: CyclrState, harbour: Account) -> None:
    from dashboard.consoles.services import client

    row = harbour.connectors.get(connector_name="HubSpot")
    began = timezone.now()
    listed = client(harbour.console).account(harbour.cyclr_id).connectors.all()
    moment = timezone.now()
    AccountConnector.objects.filter(pk=row.pk).update(gone_at=moment, changed_at=moment)
    sync.write_account_connectors(harbour, listed, began)

    row.refresh_from_db()
    assert row.state == "Gone"


def test_a_second_sync_writes_the_same_again(cyclr: CyclrState, console: Console) -> None:
    run_whole(console)
    kept = ("cyclr_id", "name", "connector_name", "authenticated", "missed", "gone_at")
    before = list(AccountConnector.objects.order_by("pk").values_list(*kept))
    run_whole(console)

    assert list(AccountConnector.objects.order_by("pk").values_list(*kept)) == before


def test_one_run_at_a_time_and_a_stuck_one_is_closed(console: Console) -> None:
    first = sync.start_run(console)
    assert first is not None
    assert sync.start_run(console) is None
    SyncRun.objects.update(touched_at=timezone.now() - timedelta(hours=1))

    assert sync.start_run(console) is not None
    first.refresh_from_db()
    assert first.finished_at and first.last_error


def test_secrets_and_icons_stay_outside(cyclr: CyclrState, harbour: Account) -> None:
    secrets = {
        str(one.auth_value)
        for ones in cyclr.installed.values()
        for one in ones
        if one.auth_value and len(str(one.auth_value)) > 6
    }
    assert secrets
    for model in (AccountConnector, CatalogueConnector, Account):
        stored = str(list(model.objects.values()))
        assert "data:image" not in stored
        assert not [secret for secret in secrets if secret in stored]


def test_cyclr_away_ends_the_run_in_words_and_shows_on_the_console(
    cyclr: CyclrState, console: Console
) -> None:
    cyclr.faults.unreachable()
    run_whole(console)
    run = run_whole(console)

    assert run.last_error == "Cyclr does not answer."
    assert Console.objects.get().trouble_since is not None
    cyclr.faults.clear()
    run_whole(console)
    answered = Console.objects.get()
    assert answered.trouble_since is None
    assert answered.failures == 0


def test_an_account_that_cyclr_refuses_does_not_stop_the_others(
    cyclr: CyclrState, console: Console, settings: Any
) -> None:
    cyclr.faults.respond("GET", "/account/connectors", status=403, times=1)
    run = run_whole(console)

    assert run.last_error == "" and run.accounts_failed == 1
    assert run.accounts_read == len(cyclr.accounts) - 1


def test_a_library_release_changes_its_id_and_stays_one_row(
    cyclr: CyclrState, harbour: Account
) -> None:
    row = CatalogueConnector.objects.get(name="Slack")
    CatalogueConnector.objects.filter(pk=row.pk).update(release_id=1)
    sync.refresh_library(harbour.console)

    again = CatalogueConnector.objects.get(name="Slack")
    assert again.pk == row.pk and again.release_id == row.release_id


def test_a_library_listed_without_parameters_is_read_one_by_one_and_once(
    cyclr: CyclrState, console: Console
) -> None:
    sync.refresh_accounts(console)

    def without(body: Any) -> Any:
        return [{k: v for k, v in one.items() if k != "Parameters"} for one in body]

    cyclr.faults.rewrite("GET", "/connectors", without)
    sync.refresh_library(console)
    asked = CatalogueConnector.objects.get(name="Zendesk")
    assert [p.target_name for p in asked.asked_parameters]
    assert asked.is_whole
    before = len(cyclr.requests)
    sync.refresh_library(console)

    assert len(cyclr.requests) - before < 10
    asked.refresh_from_db()
    assert asked.is_whole
    assert asked.asked_parameters
