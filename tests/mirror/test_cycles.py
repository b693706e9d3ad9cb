"""Templates and cycles in the mirror: what is read, how often, and what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError
from django.utils import timezone

import cyclr_api
from cyclr_api import Listing
from cyclr_api.simulator import CyclrState
from dashboard.consoles.models import Console
from dashboard.mirror import sync, tasks
from dashboard.mirror.models import (
    Account,
    Cycle,
    CycleConnector,
    SyncRun,
    Template,
    TemplateConnector,
)
from dashboard.mirror.sync import cycles
from tests.factories import make_account, make_account_connector, make_cycle, make_template

pytestmark = pytest.mark.django_db
LISTING = "/cycles"


@pytest.fixture
def books(harbour: Account) -> Account:
    """Harbour Books, whose cycles were read with it."""
    assert harbour.cycles.exists()
    return harbour


def run_whole(console: Console) -> SyncRun:
    """A complete run, step after step."""
    run = sync.start_run(console)
    assert run is not None
    for _ in range(20):
        tasks.run_sync(run.pk, run.attempt)
        run.refresh_from_db()
        if run.finished_at:
            return run
    raise AssertionError("the run does not end")


def calls(cyclr: CyclrState, path: str) -> int:
    """How many requests for a path came to Cyclr."""
    return sum(entry.path.endswith(path) for entry in cyclr.requests)


def told(**values: Any) -> Listing[cyclr_api.Cycle]:
    """A listing of one cycle."""
    return Listing([cyclr_api.Cycle.from_json({"Id": "c1", "Name": "Orders", **values})])


# ---- what is read ----


def test_a_run_mirrors_every_template_and_cycle_and_what_they_need(
    cyclr: CyclrState, console: Console
) -> None:
    run = run_whole(console)

    assert (run.last_error, run.templates_error, run.cycles_error) == ("", "", "")
    assert Template.objects.count() == len(cyclr.templates.listed())
    for template in cyclr.templates.listed():
        needed = Template.objects.get(cyclr_id=template.id).connectors
        names = sorted({str(row["Name"]) for row in template.connectors})
        assert sorted(needed.values_list("connector_name", flat=True)) == names
    there = {cycle.id: cycle for id in cyclr.accounts for cycle in cyclr.cycles.of(id)}
    assert there and set(Cycle.objects.values_list("cyclr_id", flat=True)) == set(there)
    for row in Cycle.objects.all():
        assert (row.status, row.is_active) == (there[row.cyclr_id].status, row.state == "Active")
        needed_ids = {
            one["AccountConnectorId"] for one in cyclr.cycles.connector_rows(there[row.cyclr_id])
        }
        ours = row.connectors.values_list("account_connector_cyclr_id", flat=True)
        assert set(ours) == needed_ids
    assert run.cycles_read == len(cyclr.accounts)


def test_who_looks_at_an_account_has_its_cycles_read_with_it(
    cyclr: CyclrState, books: Account
) -> None:
    cycle = books.cycles.filter(is_active=True)[0]
    cyclr.cycles.deactivate(cyclr.cycles.one(books.cyclr_id, cycle.cyclr_id), finishes_queued=True)
    sync.refresh_account(books)

    cycle.refresh_from_db()
    books.refresh_from_db()
    assert (cycle.state, cycle.is_active) == ("Paused", False)
    assert books.cycles_read_at and books.cycles_asked_at and not books.cycles_error


def test_what_a_cycle_needs_follows_the_newest_listing() -> None:
    account = make_account()
    first, second = make_account_connector(account=account), make_account_connector(account=account)
    kept = {"AccountConnectorId": first.cyclr_id, "Name": "HubSpot", "Version": "1.0"}
    other = {"AccountConnectorId": second.cyclr_id, "Name": "HubSpot", "Version": "1.0"}
    began = timezone.now()
    sync.write_cycles(account, told(Connectors=[kept, kept, other]), began)
    pk = CycleConnector.objects.get(account_connector_cyclr_id=first.cyclr_id).pk
    sync.write_cycles(account, told(Connectors=[kept]), began + timedelta(minutes=1))

    assert list(CycleConnector.objects.values_list("pk", flat=True)) == [pk]
    assert [str(cycle) for cycle in Cycle.objects.needing(first)] == ["Orders"]
    assert not Cycle.objects.needing(second)


def test_an_older_listing_changes_nothing_of_what_is_needed() -> None:
    account = make_account()
    connector = {"AccountConnectorId": 5, "Name": "HubSpot"}
    began = timezone.now()
    sync.write_cycles(account, told(Connectors=[connector]), began)
    sync.write_cycles(account, told(Connectors=[]), began - timedelta(minutes=1))

    assert CycleConnector.objects.count() == 1


def test_only_a_kind_s_own_templates_need_it() -> None:
    connector = make_account_connector()
    console = connector.account.console
    wanted = make_template(("HubSpot", "1.0"), ("Slack", ""), console=console)
    make_template(("HubSpot", "2.0"), console=console)
    make_template(("HubSpot", "1.0"))

    assert list(Template.objects.needing(connector)) == [wanted]


def test_a_connector_of_another_account_with_the_same_id_is_another() -> None:
    connector = make_account_connector(cyclr_id=7)
    other = make_account_connector(cyclr_id=7)
    cycle = make_cycle(connector)
    make_cycle(other)

    assert list(Cycle.objects.needing(connector)) == [cycle]


# ---- what is gone ----


def test_a_deleted_cycle_is_gone_at_once_where_a_person_asked(
    cyclr: CyclrState, books: Account
) -> None:
    cycle = books.cycles.filter(is_active=False)[0]
    cyclr.cycles.delete(cyclr.cycles.one(books.cyclr_id, cycle.cyclr_id))
    sync.refresh_account(books)

    cycle.refresh_from_db()
    assert cycle.state == "Gone"
    assert not books.cycles.there().filter(pk=cycle.pk)


def test_what_only_the_listing_lacks_stays(cyclr: CyclrState, books: Account) -> None:
    cyclr.faults.rewrite("GET", LISTING, change=lambda _: [])
    for _ in range(3):
        sync.refresh_account(books)

    assert not books.cycles.exclude(gone_at=None).exists()


def test_templates_are_gone_after_two_whole_listings_without_them(
    cyclr: CyclrState, console: Console
) -> None:
    sync.refresh_templates(console)
    count = Template.objects.count()
    cyclr.faults.rewrite("GET", "/templates", change=lambda found: found[1:])
    sync.refresh_templates(console)
    assert Template.objects.there().count() == count
    sync.refresh_templates(console)
    assert Template.objects.there().count() == count - 1

    cyclr.faults.clear()
    sync.refresh_templates(console)
    assert Template.objects.there().count() == count
    assert TemplateConnector.objects.filter(template__gone_at=None).exists()


def test_a_listing_with_unreadable_elements_marks_nothing_missed(
    cyclr: CyclrState, console: Console
) -> None:
    sync.refresh_templates(console)
    cyclr.faults.rewrite(
        "GET", "/templates", change=lambda found: [*found[1:], "odd"] if found else []
    )
    for _ in range(3):
        assert sync.refresh_templates(console).skipped == 1

    assert not Template.objects.exclude(missed=0).exists()


# ---- how often ----


def test_each_account_is_asked_in_its_turn_and_not_in_every_run(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cycles, "FEWEST_ACCOUNTS", 4)
    every = len(cyclr.accounts)
    runs = -(-every // 4)
    read = [run_whole(console).cycles_read for _ in range(runs + 1)]

    assert read == [*[4] * (every // 4), *([every % 4] if every % 4 else []), 0]


def test_every_account_has_its_turn_in_time_however_many_there_are(
    settings: Any, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cycles, "FEWEST_ACCOUNTS", 2)
    for _ in range(48):
        make_account(console=console)
    run = sync.start_run(console)
    assert run is not None
    for every, share in ((900.0, 2), (1800.0, 4), (6 * 3600.0, 48), (24 * 3600.0, 48)):
        settings.SYNC_EVERY = every
        assert len(cycles.due_accounts(run)) == share


def test_who_was_looked_at_lately_comes_first(console: Console) -> None:
    make_account(console=console)
    seen = make_account(console=console, viewed_at=timezone.now())
    read = make_account(console=console, cycles_asked_at=timezone.now() - timedelta(hours=7))
    make_account(console=console, cycles_asked_at=timezone.now() - timedelta(hours=1))
    run = sync.start_run(console)
    assert run is not None

    due = cycles.due_accounts(run)
    assert (due[0], due[-1], len(due)) == (seen.pk, read.pk, 3)


def test_an_account_costs_no_more_calls_in_runs_between(
    cyclr: CyclrState, console: Console
) -> None:
    run_whole(console)
    cyclr.requests.clear()
    run_whole(console)

    assert calls(cyclr, LISTING) == 0
    assert calls(cyclr, "/templates") <= 2


# ---- what goes wrong ----


def test_one_account_that_does_not_tell_its_cycles_fails_alone_and_is_asked_in_its_turn(
    cyclr: CyclrState, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cycles.write_cycles

    def write(account: Account, *rest: Any, **more: Any) -> Any:
        if "1042" in account.cyclr_id:
            raise DataError("index row size 10000 exceeds")
        return real(account, *rest, **more)

    monkeypatch.setattr(cycles, "write_cycles", write)
    run = run_whole(console)

    account = Account.objects.get(cyclr_id="shop-1042.example")
    assert (run.last_error, run.cycles_failed) == ("", 1)
    assert run.cycles_read == len(cyclr.accounts) - 1
    assert "The database rejected it" in account.cycles_error
    assert account.refresh_error == "" and account.cycles_read_at is None
    assert run_whole(console).cycles_failed == 0  # its turn comes again later


def test_a_console_without_cycles_or_templates_reads_the_rest(
    cyclr: CyclrState, console: Console
) -> None:
    cyclr.faults.respond("GET", LISTING, status=403)
    cyclr.faults.respond("GET", "/templates", status=403)
    run = run_whole(console)

    assert run.last_error == run.library_error == ""
    assert "(403)" in run.templates_error
    assert run.cycles_failed == len(cyclr.accounts) == run.accounts_read


def test_cyclr_down_for_cycles_alone_does_not_fail_the_run(
    cyclr: CyclrState, console: Console
) -> None:
    cyclr.faults.respond("GET", LISTING, status=503)
    run = run_whole(console)

    assert (run.last_error, run.cycles_error) == ("", "Cyclr answers with an error (503).")
    assert run.accounts_read == len(cyclr.accounts)


def test_a_pause_while_cycles_are_read_is_kept_and_the_rest_is_read_after_it(
    cyclr: CyclrState, console: Console
) -> None:
    cyclr.faults.respond("GET", LISTING, status=429, headers={"Retry-After": "30"})
    run = sync.start_run(console)
    assert run is not None
    for _ in range(3):
        tasks.run_sync(run.pk, run.attempt)
        run.refresh_from_db()
    assert run.finished_at is None and run.not_before > timezone.now() + timedelta(seconds=20)
    cyclr.faults.clear()
    SyncRun.objects.update(not_before=timezone.now())
    _forget_holds()
    for _ in range(5):
        tasks.run_sync(run.pk, run.attempt)
        run.refresh_from_db()

    assert SyncRun.objects.exclude(finished_at=None).get().cycles_read == len(cyclr.accounts)


def _forget_holds() -> None:
    from dashboard.consoles import pacing

    pacing.forget_holds()


@pytest.fixture(autouse=True)
def no_holds() -> Iterator[None]:
    """What a 429 held must not hold back the next test."""
    _forget_holds()
    yield
    _forget_holds()


def test_a_refresh_that_is_not_told_the_cycles_says_so_and_reads_the_rest(
    cyclr: CyclrState, books: Account
) -> None:
    read_at = books.cycles_read_at
    cyclr.faults.respond("GET", LISTING, status=500)
    sync.refresh_account(books)

    books.refresh_from_db()
    assert books.refresh_error == ""
    assert books.cycles_error == "Cyclr answers with an error (500)."
    assert books.cycles_read_at == read_at


def test_names_from_outside_are_kept_to_the_letter_and_fit_every_database() -> None:
    account = make_account()
    long = "ж" * 50_000
    odd = "a\x00b\ud800"
    sync.write_cycles(account, told(Id=long, Name=odd, Status=odd, Tags=[odd]), timezone.now())

    cycle = Cycle.objects.get()
    assert cycle.cyclr_id == long
    assert cycle.name == cycle.status == "a\ufffdb\ufffd"
