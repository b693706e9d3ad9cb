"""Long lists are walked by an index in their own order: no plan sorts what it finds."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.mirror.models import AccountConnector
from dashboard.people.models import Role
from tests.factories import make_account, make_console, make_user
from tests.pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer() -> Client:
    account = make_account(console=make_console())
    # More than a page: SQLite plans for the number of rows that it is asked for.
    AccountConnector.objects.bulk_create(
        AccountConnector(account=account, cyclr_id=n, name=f"App {n}") for n in range(60)
    )
    return signed_in(make_user(Role.VIEWER))


def plans(client: Client, url: str, table: str) -> list[str]:
    """How the database answers each query of the page that has columns of rows of the table."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    found = [one["sql"] for one in asked if f'SELECT "{table}"."id"' in one["sql"]]
    assert found
    is_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        if not is_sqlite:
            # So few rows are read whole and sorted: what could be done without that is asked.
            for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
        answers = []
        for sql in found:
            cursor.execute(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + sql)
            answers.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
    return answers


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("", "account_by_activity"),
        ("-activity", "account_by_activity"),
        ("name", "account_by_name"),
        ("-name", "account_by_name"),
        ("attention", "account_by_attention"),
        ("connectors", "account_by_connectors"),
    ],
)
def test_accounts_are_walked_in_order(viewer: Client, sort: str, index: str) -> None:
    [*_, plan] = plans(viewer, f"/accounts/?sort={sort}", "mirror_account")

    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("", "account_connector_by_state"),
        ("name", "account_connector_by_name"),
        ("-name", "account_connector_by_name"),
        ("since", "account_connector_by_since"),
    ],
)
@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_connectors_are_walked_in_order_whatever_sqlite_knows_of_consoles(
    viewer: Client, monkeypatch: pytest.MonkeyPatch, sort: str, index: str
) -> None:
    monkeypatch.setattr("dashboard.common.paging.MOST_COUNTED", 0)

    [*_, plan] = plans(viewer, f"/connectors/?sort={sort}", "mirror_accountconnector")

    assert f"USING INDEX {index}" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_reasons_are_counted_over_those_that_have_one(viewer: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        viewer.get("/connectors/")
    [sql] = [one["sql"] for one in asked if "GROUP BY" in one["sql"]]

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        plan = "\n".join(str(row[-1]) for row in cursor.fetchall())

    assert "account_connector_why (gone_at=? AND why_broken>?)" in plan
