"""Rows that are inserted without an instance for each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, DateTimeField, Model, Value

from dashboard.bulk.models import BulkRow, BulkRun
from dashboard.common.inserting import blank, insert_rows, insert_selected, insert_unknown
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import Account, AccountConnector, ConnectorState
from tests.factories import make_account, make_account_connector, make_console, make_user

pytestmark = pytest.mark.django_db

COLUMNS = (
    "run_id",
    "number",
    "account_id",
    "label",
    "display_input",
    "is_taken_back",
    "tries",
    "encrypted_input",
    "problem",
)


@pytest.fixture
def run() -> BulkRun:
    user = make_user()
    return BulkRun.objects.create(
        kind="links.create",
        title="Reconnect",
        console=make_console(),
        actor_kind="staff",
        actor_user=user,
        actor_name=str(user),
    )


def test_what_goes_in_comes_out(run: BulkRun) -> None:
    account = make_account(console=run.console)
    shown = {"name": 'O’Brien %s \\ "{}" \u2028', "list": [1, None, True]}
    many = 1203

    insert_rows(
        BulkRow,
        COLUMNS,
        (
            (run.pk, n, account.pk, f"100 %s {n}", shown, n % 2 == 0, 0, "", "x")
            for n in range(many)
        ),
    )

    rows = list(run.rows.all())
    assert [row.number for row in rows] == list(range(many))
    assert rows[7].label == "100 %s 7"
    assert rows[7].display_input == shown
    assert (rows[6].is_taken_back, rows[7].is_taken_back) == (True, False)
    assert rows[7].account == account
    assert rows[7].operation is None


def test_no_row_is_inserted_if_one_cannot_be(run: BulkRun) -> None:
    rows: list[tuple[Any, ...]] = [(run.pk, n, None, "", {}, False, 0, "", "x") for n in (1, 2, 1)]

    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(BulkRow, COLUMNS, rows)

    assert not run.rows.exists()


def test_no_row_is_inserted_if_one_cannot_be_made(run: BulkRun) -> None:
    def rows() -> Iterator[tuple[Any, ...]]:
        yield from ((run.pk, n, None, "", {}, False, 0, "", "x") for n in range(1000))
        raise ValueError("the next one")

    with pytest.raises(ValueError, match="the next one"), transaction.atomic():
        insert_rows(BulkRow, COLUMNS, rows())

    assert not run.rows.exists()


def test_moments_come_out_as_they_went_in() -> None:
    connector = make_account_connector()
    until = datetime(2026, 10, 25, 0, 59, 59, 123456, tzinfo=UTC)
    there = timezone(timedelta(hours=-9, minutes=-30))
    columns = ("account_connector_id", "after", "until", "authenticated", "is_gone", "identity")
    rest = ("connector_version", "filled")
    values = (connector.pk, None, until.astimezone(there), None, False, "", "", ["Key"])

    insert_rows(ConnectorState, (*columns, *rest), [values])

    state = ConnectorState.objects.get()
    assert (state.after, state.until, state.filled) == (None, until, ["Key"])
    assert ConnectorState.objects.filter(until__lte=until, until__gte=until).exists()


def test_none_is_none(run: BulkRun) -> None:
    insert_rows(BulkRow, COLUMNS, [])

    assert not run.rows.exists()


def test_instances_that_are_there_already_stay_as_they_are() -> None:
    there = make_account_connector(name="There")
    moment = datetime(2026, 10, 25, 0, 59, 59, 123456, tzinfo=UTC)

    def made(cyclr_id: int) -> AccountConnector:
        return AccountConnector(
            account=there.account,
            cyclr_id=cyclr_id,
            name='O’Brien %s \\ "{}" \u2028',
            authentication=[{"id": None, "type": "OAuth2"}],
            authenticated=None,
            release_id=2**62,
            filled=["Key"],
            proven_at=moment,
        )

    wanted = made(there.cyclr_id + 1)

    insert_unknown([made(there.cyclr_id), wanted])

    found = AccountConnector.objects.get(cyclr_id=wanted.cyclr_id)
    names = [field.attname for field in AccountConnector._meta.concrete_fields]
    differing = [name for name in names if getattr(found, name) != getattr(wanted, name)]
    assert differing == ["id"]
    there.refresh_from_db()
    assert there.name == "There"
    assert AccountConnector.objects.count() == 2


def test_instances_are_given_the_values_that_fields_make_themselves() -> None:
    insert_unknown([Account(console=make_console(), cyclr_id="acme/eu")])
    insert_unknown([])

    assert Account.objects.get().cyclr_id_key == key_of("acme/eu")


def test_a_number_of_many_bits_stands_beside_moments() -> None:
    account = make_account()
    made = AccountConnector(
        account=account, cyclr_id=7, authentication=[{"Id": 2**64}], seen_at=account.seen_at
    )

    insert_unknown([made])

    found = AccountConnector.objects.get()
    assert (found.authentication, found.seen_at) == ([{"Id": 2**64}], account.seen_at)


def test_more_rows_than_one_statement_takes_are_all_inserted() -> None:
    account = make_account()
    made = [AccountConnector(account=account, cyclr_id=n, name=f"{n} %s") for n in range(120)]

    insert_unknown([*made, AccountConnector(account=account, cyclr_id=119, name="Again")])

    found = AccountConnector.objects.order_by("cyclr_id").values_list("cyclr_id", "name")
    assert list(found) == [(n, f"{n} %s") for n in range(120)]


def test_what_is_selected_goes_into_another_table() -> None:
    made = [make_account_connector(authenticated=one) for one in (True, False, None)]
    until = datetime(2026, 10, 25, 0, 59, 59, 123456, tzinfo=UTC)
    columns = ("account_connector_id", "authenticated", "filled", "until", "after", "identity")
    never = Value(None, DateTimeField())
    rest = ("connector_version", "is_gone")
    rows = AccountConnector.objects.exclude(pk=made[1].pk)
    same = ("authenticated", "filled", Value(until, DateTimeField()), never, "identity")

    insert_selected(
        ConnectorState,
        (*columns, *rest),
        rows.values_list("pk", *same, "connector_version", Value(False, BooleanField())),
    )

    states = ConnectorState.objects.order_by("account_connector_id")
    assert [one.account_connector_id for one in states] == [made[0].pk, made[2].pk]
    assert [one.authenticated for one in states] == [True, None]
    assert {(one.until, one.after, one.is_gone) for one in states} == {(until, None, False)}
    assert [one.filled for one in states] == [made[0].filled, made[2].filled]


@pytest.mark.parametrize("model", [Account, AccountConnector, ConnectorState])
def test_a_blank_is_what_its_class_makes(model: type[Model]) -> None:
    before, one, other = model(), blank(model), blank(model)

    names = [field.attname for field in model._meta.concrete_fields]
    made = {name: getattr(one, name) for name in names}
    expected = {name: getattr(before, name) for name in names}
    moments = {name for name, value in expected.items() if isinstance(value, datetime)}
    assert {n: v for n, v in made.items() if n not in moments} == {
        n: v for n, v in expected.items() if n not in moments
    }
    assert all(made[name] >= expected[name] for name in moments)
    assert one._state.adding
    holders = {name for name, value in made.items() if isinstance(value, list | dict)}
    assert not any(made[name] is getattr(other, name) for name in holders)
