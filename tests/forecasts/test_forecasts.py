"""Which installed connectors are named as due, from the mirror's own history, and where."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dashboard.connector_changes.handlers.losing import DEAUTHENTICATE
from dashboard.consoles.models import Console
from dashboard.forecasts import forecasting, tasks
from dashboard.forecasts.models import Forecast, ForecastRun, WornKind
from dashboard.links.models import LinkItem
from dashboard.mirror.models import Account, AccountConnector, ConnectorState
from dashboard.operations.models import State
from dashboard.people.models import Role
from tests.factories import (
    API_KEY,
    make_account,
    make_account_connector,
    make_console,
    make_link,
    make_operation,
    make_user,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def console() -> Console:
    return make_console()


@pytest.fixture
def account(console: Console) -> Account:
    return make_account(console=console, name="Harbour Books")


def connected(account: Account, days: float, **values: object) -> AccountConnector:
    """One that has been authenticated for so many days, and the ledger knows since when."""
    since = timezone.now() - days * DAY
    one = make_account_connector(
        account=account, authenticated=True, authenticated_since=since, **values
    )
    ConnectorState.objects.create(
        account_connector=one, until=since, authenticated=True, authenticated_since=since
    )
    return one


def lost(account: Account, after: float, ago: float, **values: object) -> AccountConnector:
    """One that was lost so many days ago, after so many days."""
    one = connected(account, after + ago, **values)
    moment = timezone.now() - ago * DAY
    ConnectorState.objects.create(
        account_connector=one,
        after=moment - timedelta(minutes=15),
        until=moment,
        authenticated=False,
        authenticated_since=moment,
    )
    AccountConnector.objects.filter(pk=one.pk).update(
        authenticated=False, authenticated_since=moment
    )
    return one


def wear_out(account: Account, count: int = 10, **values: object) -> None:
    """A kind that is regularly lost after 90 days."""
    for number in range(count):
        lost(account, 88 + 4 * number / count, 10 + 3 * number, **values)


def due() -> set[int]:
    return set(Forecast.objects.standing().values_list("account_connector", flat=True))


def signed_in(role: Role, console: Console) -> Client:
    client = Client()
    client.force_login(make_user(role, console=console))
    return client


def test_what_nears_the_age_of_its_kind_is_due_and_no_other(
    console: Console, account: Account
) -> None:
    wear_out(account)
    near = connected(account, 84)
    connected(account, 60)
    connected(account, 120)
    connected(account, 84, connector_name="Shopify")
    connected(account, 84, authentication=[API_KEY])
    make_account_connector(account=account, authenticated=True)

    forecasting.forecast(console)

    assert due() == {near.pk}
    forecast = Forecast.objects.get()
    assert forecast.chance > 0.8
    assert forecast.due_from < timezone.now() + 7 * DAY < forecast.due_until


def test_forecasts_are_made_anew_and_not_added_to(console: Console, account: Account) -> None:
    wear_out(account)
    connected(account, 84)

    forecasting.forecast(console)
    forecasting.forecast(console)

    assert Forecast.objects.count() == WornKind.objects.count() == 1


def test_other_consoles_history_is_not_learned_from(account: Account) -> None:
    wear_out(make_account(console=make_console()))
    connected(account, 84)

    forecasting.forecast(account.console)

    assert due() == set()


def test_what_colleagues_took_away_was_not_lost(console: Console, account: Account) -> None:
    wear_out(account)
    for one in AccountConnector.objects.all():
        make_operation(
            account=account,
            account_connector=one,
            kind=DEAUTHENTICATE,
            state=State.DONE,
            finished_at=one.authenticated_since,
        )
    connected(account, 84)

    forecasting.forecast(console)

    assert due() == set()


def test_what_was_found_lost_after_weeks_without_a_reading_teaches_nothing(
    console: Console, account: Account
) -> None:
    wear_out(account)
    moved: datetime
    for state in ConnectorState.objects.filter(authenticated=False):
        moved = state.until - 5 * DAY
        ConnectorState.objects.filter(pk=state.pk).update(after=moved)
    connected(account, 84)

    forecasting.forecast(console)

    assert due() == set()


def test_who_connected_it_again_before_starts_its_age_anew(
    console: Console, account: Account
) -> None:
    wear_out(account)
    one = connected(account, 84)
    link = make_link(account=account, connectors=[one])
    LinkItem.objects.filter(link=link).update(connected_at=timezone.now() - 20 * DAY)

    forecasting.forecast(console)

    assert due() == set()


def test_a_forecast_ends_when_a_customer_connects_it_again(
    console: Console, account: Account
) -> None:
    wear_out(account)
    one = connected(account, 84)
    forecasting.forecast(console)
    assert due() == {one.pk}

    link = make_link(account=account, connectors=[one])
    LinkItem.objects.filter(link=link).update(connected_at=timezone.now())

    assert due() == set()


def test_a_deleted_one_was_not_lost(console: Console, account: Account) -> None:
    wear_out(account)
    ConnectorState.objects.filter(authenticated=False).update(is_gone=True)
    connected(account, 84)

    forecasting.forecast(console)

    assert due() == set()


def test_it_costs_the_same_queries_however_many_there_are(
    console: Console, account: Account
) -> None:
    wear_out(account)
    connected(account, 84)
    forecasting.forecast(console)
    with CaptureQueriesContext(connection) as few:
        forecasting.forecast(console)
    wear_out(account, 40)
    for _ in range(20):
        connected(account, 84)

    with CaptureQueriesContext(connection) as many:
        forecasting.forecast(console)

    assert len(many) == len(few)


def test_they_are_asked_for_once_an_hour(console: Console) -> None:
    assert forecasting.ask_when_due(console)
    assert not forecasting.ask_when_due(console)

    ForecastRun.objects.update(asked_at=timezone.now() - forecasting.EVERY)
    assert forecasting.ask_when_due(console)


def test_the_task_of_a_console_that_was_removed_does_nothing() -> None:
    tasks.make_forecasts(999_999)

    assert not Forecast.objects.exists()


# ---- where they are shown ----


def test_the_list_finds_them_with_when_and_how_sure(console: Console, account: Account) -> None:
    wear_out(account)
    one = connected(account, 84, name="Near its end")
    connected(account, 10, name="Young")
    forecasting.forecast(console)
    browser = signed_in(Role.VIEWER, console)

    page = browser.get(reverse("connector_list"), {"q": "is:wearing"}).content.decode()

    assert "Near its end" in page
    assert "Young" not in page
    assert "Wears out" in page
    forecast = Forecast.objects.get(account_connector=one)
    assert forecast.chance_label in page
    assert forecast.due_label in page


def test_what_wears_out_is_sorted_by_when_its_time_begins(
    console: Console, account: Account
) -> None:
    wear_out(account)
    for age, name in ((85, "Second"), (86, "First"), (84, "Third")):
        connected(account, age, name=name)
    forecasting.forecast(console)
    browser = signed_in(Role.VIEWER, console)

    def names(sort: str, search: str = "is:wearing") -> list[str]:
        page = browser.get(reverse("connector_list"), {"q": search, "sort": sort})
        return [row.name for row in page.context["page"] if row.name in order]

    order = ["First", "Second", "Third"]
    assert names("wears") == order
    assert names("-wears") == order[::-1]
    assert (
        'href="?q=is%3Awearing&amp;sort=wears"'
        in browser.get(reverse("connector_list"), {"q": "is:wearing"}).content.decode()
    )
    # Of everything it is not offered: the moment stands in no index.
    assert names("wears", "") == names("", "")


def test_the_page_of_a_connector_says_why_it_is_due(console: Console, account: Account) -> None:
    wear_out(account)
    one = connected(account, 84)
    forecasting.forecast(console)

    page = signed_in(Role.AGENT, console).get(one.get_absolute_url()).content.decode()

    assert "Will probably lose authentication" in page
    assert f"{reverse('link_new', args=[account.pk])}?connector={one.pk}" in page


def test_the_overview_names_the_kind_and_leads_to_a_campaign_for_all_of_it(
    console: Console, account: Account
) -> None:
    wear_out(account)
    connected(account, 84)
    other = make_account(console=console, name="Other Books")
    connected(other, 85)
    forecasting.forecast(console)
    browser = signed_in(Role.LEAD, console)

    page = browser.get(reverse("overview"), {"show": "wearing"})

    content = page.content.decode()
    assert "2 connections will probably lose authentication" in content
    (row,) = page.context["attention"].rows
    form = browser.get(row.action_url)
    assert form.status_code == 200
    assert form.context["connectors"] == 2
    assert not form.context["form"]["skips_authenticated"].value()


def test_an_agent_is_led_to_the_list(console: Console, account: Account) -> None:
    wear_out(account)
    connected(account, 84)
    forecasting.forecast(console)

    page = signed_in(Role.AGENT, console).get(reverse("overview"), {"show": "wearing"})

    (row,) = page.context["attention"].rows
    assert row.action_url.startswith(reverse("connector_list"))
