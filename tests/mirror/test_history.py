"""The ledger of what installed connectors were, and the answer for a moment."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from cyclr_api.simulator import CyclrState
from dashboard.consoles.models import Console
from dashboard.mirror import ledger, writing, writing_evidence
from dashboard.mirror.history import past_of
from dashboard.mirror.models import Account, AccountConnector, ConnectorState
from dashboard.mirror.sync.connectors import write_account_connectors
from dashboard.mirror.writing_accounts import write_account_deleted
from tests.factories import make_account, make_account_connector

pytestmark = pytest.mark.django_db
BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)


def read(account: Account, cyclr: CyclrState, console: Console) -> None:
    """One reading of the account, as the sync makes it."""
    from dashboard.consoles.services import client

    began = timezone.now()
    listed = client(console).account(account.cyclr_id).connectors.readable()
    write_account_connectors(account, listed, began)


def test_a_thousand_moments_equal_the_truth_within_the_interval_shown() -> None:
    """Readings at odd times see a connector that flips at odd times."""
    chance = random.Random(7)
    connector = make_account_connector(authenticated=True, identity="a")
    ConnectorState.objects.all().delete()
    flips: list[tuple[datetime, bool]] = [(BEGAN - timedelta(days=400), True)]
    moment = BEGAN
    AccountConnector.objects.update(seen_at=BEGAN - timedelta(minutes=1))
    for _ in range(60):
        moment += timedelta(minutes=chance.randint(5, 300))
        if chance.random() < 0.5:
            flips.append((moment - timedelta(minutes=chance.randint(0, 4)), not flips[-1][1]))
        with time_machine.travel(moment, tick=False):
            before = AccountConnector.objects.in_bulk([connector.pk])
            AccountConnector.objects.filter(pk=connector.pk).update(
                authenticated=flips[-1][1], seen_at=moment
            )
            ledger.note_states(AccountConnector.objects.all(), before)
    connector.refresh_from_db()
    sure = 0

    for _ in range(1000):
        asked = BEGAN + (moment - BEGAN) * chance.random()
        truth = [value for at, value in flips if at <= asked][-1]
        (past,) = past_of([connector], asked)
        if past.is_sure:
            sure += 1
            assert past.state is not None
            assert past.state.authenticated == truth
            assert past.since is not None
            assert past.since <= asked
        elif past.other is not None:
            assert past.since is not None
            assert past.until is not None
            assert past.since <= asked < past.until
            assert past.until - past.since <= timedelta(minutes=300)
    assert sure > 300


def test_a_reading_writes_new_connectors_once_and_changes_only(
    cyclr: CyclrState, console: Console, harbour: Account
) -> None:
    count = harbour.connectors.count()
    assert ConnectorState.objects.filter(account_connector__account=harbour).count() == count

    read(harbour, cyclr, console)

    assert ConnectorState.objects.filter(account_connector__account=harbour).count() == count


def test_what_a_reading_finds_otherwise_is_written_with_the_interval(
    cyclr: CyclrState, console: Console, harbour: Account
) -> None:
    connector = harbour.connectors.filter(authenticated=True)[0]
    seen = connector.seen_at
    (installed,) = [
        one for one in cyclr.installed[harbour.cyclr_id] if one.id == connector.cyclr_id
    ]
    installed.authenticated, installed.auth_value = False, None
    installed.changed()

    read(harbour, cyclr, console)

    first, last = connector.states.all()
    assert (first.authenticated, last.authenticated) == (True, False)
    assert last.after == seen
    assert last.until > seen


def test_our_own_calls_and_tests_are_written_too() -> None:
    connector = make_account_connector(authenticated=False, release_id=1)

    writing.write_authenticated(connector, authenticated=True)
    writing.write_authenticated(connector, authenticated=True)
    writing_evidence.write_test_passed(connector, timezone.now(), "mara@shop.example")
    writing.write_settings(connector, ["Region"], authenticated=None)
    writing.write_deleted(connector)

    states = list(connector.states.all())
    assert [one.word for one in states] == [
        "Not authenticated",
        "Authenticated",
        "Authenticated",
        "Authenticated",
        "Gone",
    ]
    assert states[2].identity == "mara@shop.example"
    assert states[3].filled == ["Region"]


def test_one_that_never_changed_is_answered_from_what_is_known_now() -> None:
    connector = make_account_connector(authenticated=True)
    make_account_connector(account=make_account())

    (past,) = past_of([connector], connector.seen_at + timedelta(seconds=1))
    (before,) = past_of([connector], connector.seen_at - timedelta(days=1))

    assert past.state is not None
    assert past.state.authenticated
    assert before.state is None
    assert before.until == connector.seen_at


def test_with_its_account_a_connector_goes_from_the_ledger_too() -> None:
    connector = make_account_connector(authenticated=True)

    write_account_deleted(connector.account)

    assert [one.word for one in connector.states.all()] == ["Authenticated", "Gone"]


def test_what_a_process_of_the_release_before_changed_is_not_passed_over() -> None:
    """It writes to the mirror and knows no ledger."""
    connector = make_account_connector(authenticated=True)
    hours = [timezone.now() + timedelta(hours=number) for number in range(5)]
    rows = AccountConnector.objects.filter(pk=connector.pk)
    with time_machine.travel(hours[0], tick=False):
        writing.write_authenticated(connector, authenticated=False)
    rows.update(authenticated=True, seen_at=hours[2])
    connector.refresh_from_db()

    (between,) = past_of([connector], hours[1])
    (since,) = past_of([connector], hours[2])
    with time_machine.travel(hours[3], tick=False):
        writing.write_authenticated(connector, authenticated=False)
    connector.refresh_from_db()
    (later,) = past_of([connector], hours[2])

    assert between.state is not None
    assert between.other is not None
    assert (between.state.authenticated, between.other.authenticated) == (False, True)
    assert since.state is not None
    assert since.state.authenticated
    assert later.state is not None
    assert later.state.authenticated
    assert [one.authenticated for one in connector.states.all()] == [True, False, True, False]


def test_two_writers_of_the_same_change_note_it_once() -> None:
    with time_machine.travel(BEGAN, tick=False):
        connector = make_account_connector(authenticated=True)
        ledger.note_states([connector], {})
        AccountConnector.objects.update(seen_at=BEGAN - timedelta(minutes=5))
    rows = AccountConnector.objects.all()
    quick, slow = rows.in_bulk(), rows.in_bulk()

    with time_machine.travel(BEGAN + timedelta(minutes=1), tick=False):
        rows.update(authenticated=False)
        ledger.note_states(rows, quick)
        ledger.note_states(rows, slow)

    assert [state.authenticated for state in ConnectorState.objects.all()] == [True, False]


def test_doubles_of_the_release_before_are_removed() -> None:
    connector = make_account_connector(authenticated=True)
    ConnectorState.objects.all().delete()
    moments = [(0, True), (1, False), (1, True), (1, False), (2, False), (3, True)]
    for minutes, authenticated in moments:
        ConnectorState.objects.create(
            account_connector=connector,
            until=BEGAN + timedelta(minutes=minutes),
            authenticated=authenticated,
        )

    import_module("dashboard.mirror.migrations.0025_states_once").remove_doubles(apps, None)

    kept = [(state.until, state.authenticated) for state in ConnectorState.objects.all()]
    assert [(round((until - BEGAN) / timedelta(minutes=1)), is_) for until, is_ in kept] == [
        (0, True),
        (1, False),
        (3, True),
    ]
