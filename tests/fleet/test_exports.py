"""Lists as CSV: what is in them, who gets them, and that a long one comes in pieces."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.audit.models import AuditEntry
from dashboard.common import chunks
from dashboard.consoles.models import Console
from dashboard.mirror.models import Account, SyncRun
from dashboard.people.models import Role
from tests.factories import (
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_operation,
    make_user,
)
from tests.pages import signed_in, text_of

pytestmark = pytest.mark.django_db
LISTS = ("connectors", "accounts", "links", "operations")


@pytest.fixture
def acme() -> Account:
    """A customer with one thing in each list."""
    console = make_console()
    SyncRun.objects.create(console=console, finished_at=timezone.now())
    account = make_account(console=console, name="=HYPERLINK(1)", cyclr_id="acme")
    connector = make_account_connector(account=account, name="Mail", connector_name="HubSpot")
    make_link(connectors=[connector], recipient_email="eve@customer.example")
    make_operation(account=account, title="Install Mail")
    return account


def rows_of(response: Any) -> list[dict[str, str]]:
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def exported(name: str, query: str = "", *, console: Console | None = None) -> list[dict[str, str]]:
    lead = signed_in(make_user(Role.LEAD, console=console))
    return rows_of(lead.post(f"/{name}/export/{query}"))


@pytest.mark.usefixtures("acme")
def test_each_list_is_a_table_that_no_spreadsheet_computes() -> None:
    for name in LISTS:
        (row,) = exported(name)
        account = row["Name"] if name == "accounts" else row["Account"]
        assert account == "'=HYPERLINK(1)"

    assert exported("connectors")[0]["State"] == "Not authenticated"
    assert exported("accounts")[0]["Id"] == "acme"
    assert exported("links")[0]["Connectors"] == "Mail"
    assert exported("operations")[0]["What"] == "Install Mail"


@pytest.mark.usefixtures("acme")
def test_filters_of_the_address_hold() -> None:
    assert exported("connectors", "?q=is:broken+connector:hub") != []
    for query in ("connectors/?state=gone", "accounts/?q=zzz", "links/?show=revoked"):
        name, _, asked = query.partition("/")
        assert exported(name, asked) == []
    assert exported("operations", "?state=failed") == []


@pytest.mark.parametrize("name", LISTS)
def test_leads_alone_take_a_list_along_and_that_is_recorded(acme: Account, name: str) -> None:
    agent, lead = signed_in(make_user(Role.AGENT)), signed_in(make_user(Role.LEAD))

    assert agent.post(f"/{name}/export/").status_code == 403
    assert lead.get(f"/{name}/export/").status_code == 405
    assert rows_of(lead.post(f"/{name}/export/?q=mail&page=3")) is not None
    told = AuditEntry.objects.get(action="exported a list")
    assert (told.target, told.details) == (name, {"filters": {"q": "mail"}})
    assert f"/{name}/export/" in text_of(lead.get(f"/{name}/"))
    assert f"/{name}/export/" not in text_of(agent.get(f"/{name}/"))
    assert exported(name, console=make_console()) == []


def test_links_say_nothing_that_opens_them(acme: Account) -> None:
    (row,) = exported("links")

    assert not any("/c/" in value for value in row.values())


def test_a_long_list_comes_in_pieces(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "ROWS_AT_A_TIME", 3)
    for number in range(7):
        make_account_connector(account=acme, name=f"App {number}")
    lead = signed_in(make_user(Role.LEAD))
    response: Any = lead.post("/connectors/export/")

    with CaptureQueriesContext(connection) as first:
        lines = iter(response.streaming_content)
        assert b"Account id" in next(lines) and b"Mail" in next(lines)
    with CaptureQueriesContext(connection) as others:
        assert len(list(lines)) == 7
    assert (len(first), len(others)) == (2, 2)


def test_a_client_that_is_not_signed_in_gets_nothing() -> None:
    assert Client().post("/connectors/export/").status_code == 302


@pytest.mark.usefixtures("acme")
def test_the_trail_keeps_of_the_filters_what_every_database_holds() -> None:
    exported("accounts", f"?q=a%00b{'c' * 5000}&x%00y=1")

    kept = AuditEntry.objects.latest("pk").details["filters"]
    assert "\x00" not in str(list(kept.items()))
    assert len(kept["q"]) <= 300
