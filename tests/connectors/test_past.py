"""State at a moment: `?at=` on the page of a connector and of an account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from dashboard.mirror.models import AccountConnector, ConnectorState
from dashboard.people.models import Role
from tests.factories import make_account_connector, make_console, make_user
from tests.pages import HOSTILE

pytestmark = pytest.mark.django_db
READ = datetime(2026, 3, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def connector() -> AccountConnector:
    """Authenticated as Mara until between eight and nine; last read at ten."""
    one = make_account_connector(name="HubSpot EU", seen_at=READ + 2 * HOUR)
    state(
        one, READ - HOUR, None, authenticated=True, identity="mara@shop.example", filled=["Region"]
    )
    state(one, READ + HOUR, READ, authenticated=False)
    return one


def state(one: AccountConnector, until: datetime, after: datetime | None, **values: Any) -> None:
    made = {"release_id": 4711} | values
    ConnectorState.objects.create(account_connector=one, until=until, after=after, **made)


def page(url: str, at: str, status: int = 200, role: Role = Role.VIEWER) -> str:
    client = Client()
    client.force_login(make_user(role))
    response = client.get(url, {"at": at})
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def test_a_moment_between_readings_that_agree_has_one_answer(connector: AccountConnector) -> None:
    shown = page(connector.get_absolute_url(), "2026-03-01T07:30Z")

    assert 'data-state="authenticated"' in shown
    assert "mara@shop.example" in shown
    assert "4711" in shown
    assert "Region" in shown
    assert "Known from <time" in shown


def test_a_moment_within_the_interval_says_both_and_the_interval(
    connector: AccountConnector,
) -> None:
    shown = page(connector.get_absolute_url(), "2026-03-01T08:30Z")

    assert 'data-state="authenticated"' in shown
    assert 'data-state="not-authenticated"' in shown
    assert "It changed between" in shown


def test_what_was_last_read_and_what_was_not_known_yet_say_so(connector: AccountConnector) -> None:
    url = connector.get_absolute_url()

    assert "when it was last read" in page(url, "2026-03-02T00:00Z")
    assert "Not known" in page(url, "2026-02-01T00:00Z")


@pytest.mark.parametrize(
    "at",
    [
        "2026-03-01 07:30",
        "2026-03-01T08:30+01:00",
        "2026-03-01T08:30 01:00",
        "2026-03-01 08:30:00.5 01:00",
        "2026-03-01T07:30:00.000Z",
    ],
)
def test_other_spellings_of_the_moment_are_understood(connector: AccountConnector, at: str) -> None:
    assert 'data-state="authenticated"' in page(connector.get_absolute_url(), at)


@pytest.mark.parametrize("at", ["", "yesterday", "2026-13-01", "9999-12-31T23:59-23:00", "\x00"])
def test_what_is_no_moment_of_the_past_gets_an_error_beside_the_field(
    connector: AccountConnector, at: str
) -> None:
    for url in (connector.get_absolute_url(), connector.account.get_absolute_url()):
        assert 'aria-invalid="true"' in page(url, at, 422)


def test_the_account_lists_what_each_of_its_connectors_was(connector: AccountConnector) -> None:
    new = make_account_connector(account=connector.account, name="Newer", seen_at=READ + 9 * HOUR)

    shown = page(connector.account.get_absolute_url(), "2026-03-01T07:30Z")

    assert "HubSpot EU" in shown
    assert f"{connector.get_absolute_url()}?at=2026-03-01T07:30:00Z" in shown
    assert new.name not in shown


@pytest.mark.parametrize("name", HOSTILE)
def test_names_from_outside_stay_text(connector: AccountConnector, name: str) -> None:
    AccountConnector.objects.update(name=name)
    ConnectorState.objects.update(identity=name, filled=[name])

    for url in (connector.get_absolute_url(), connector.account.get_absolute_url()):
        shown = page(url, "2026-03-01T07:30Z")
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown


def test_another_console_s_past_is_not_there(connector: AccountConnector) -> None:
    client = Client()
    client.force_login(make_user(Role.ADMIN, console=make_console()))

    assert client.get(connector.get_absolute_url(), {"at": "2026-03-01T07:30Z"}).status_code == 404
