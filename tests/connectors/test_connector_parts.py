"""What the page of an installed connector is made of: settings, uses, links, release."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.connectors.setting_lines import missing_settings, setting_lines
from dashboard.links.models import LinkItem
from dashboard.mirror.models import Account, AccountConnector, CatalogueConnector, Cycle
from tests.connectors.test_connector_page import parameter
from tests.factories import (
    API_KEY,
    OAUTH,
    make_account,
    make_account_connector,
    make_connector,
    make_cycle,
    make_link,
    make_template,
)
from tests.pages import part, text_of

pytestmark = pytest.mark.django_db
SET = ["2025-11-03T12:00:00+00:00", "Mara"]


def words_on(browser: Client, connector: AccountConnector) -> str:
    """The page's words, without markup and double blanks."""
    html = re.sub(r"<[^>]+>", " ", text_of(browser.get(connector.get_absolute_url())))
    return " ".join(html.split())


def with_entry(parameters: list[dict[str, Any]], **values: Any) -> AccountConnector:
    """An installed connector whose kind is in the library, with these settings."""
    account = make_account(cycles_read_at=timezone.now(), cycles_asked_at=timezone.now())
    make_connector(
        console=account.console,
        name="HubSpot",
        version="1.0",
        release_id=values.pop("live", 5),
        parameters=parameters,
    )
    return make_account_connector(account=account, **values)


# ---- settings ----


def test_open_values_are_shown_and_secrets_only_as_set_when_and_by_whom(agent: Client) -> None:
    connector = with_entry(
        [
            parameter("Domain", Name="Shop domain"),
            parameter("Key", Name="Signing key", IsSensitive=True),
        ],
        authentication=[API_KEY],
        authenticated=True,
        filled=["Domain", "Key"],
        setting_values={"Domain": "harbour.example"},
        set_by={"": SET, "Key": SET},
    )
    words = words_on(agent, connector)

    assert "Shop domain harbour.example" in words
    assert "API key Set 3 Nov 2025, 12:00 UTC , by Mara" in words
    assert "Signing key Set 3 Nov 2025, 12:00 UTC , by Mara" in words


def test_a_secret_is_not_shown_even_if_its_value_were_kept() -> None:
    connector = with_entry(
        [parameter("Key", IsSensitive=True), parameter("Token", Name="API token")],
        filled=["Key", "Token", "ClientSecret"],
        setting_values={"Key": "s3cr3t-1", "Token": "s3cr3t-2", "ClientSecret": "s3cr3t-3"},
    )
    lines = setting_lines(connector, CatalogueConnector.objects.get())

    assert [line.value for line in lines] == ["", "", "", ""]
    assert [line.has_value for line in lines] == [False, True, True, True]


def test_what_must_have_a_value_and_has_none_is_missing() -> None:
    connector = with_entry(
        [
            parameter("Domain"),
            parameter("Pod", IsOptional=True),
            parameter("Region", Default="EU"),
            parameter("Hidden", IsHidden=True),
            parameter("Fixed", IsAccountConnectorProperty=False),
        ],
        authentication=[{"Id": "n", "AuthType": "None"}],
        authenticated=True,
    )
    lines = setting_lines(connector, CatalogueConnector.objects.get())

    assert [line.name for line in lines] == ["Domain", "Pod", "Region"]
    assert missing_settings(lines) == ["Domain"]


def test_a_setting_that_the_library_does_not_know_is_named_without_its_value(agent: Client) -> None:
    connector = make_account_connector(
        authenticated=True, filled=["Odd"], setting_values={"Odd": "v4lue"}
    )
    page = words_on(agent, connector)

    assert "Odd Set" in page and "v4lue" not in page


# ---- where it is used ----


def test_cycles_and_templates_that_need_it_are_named(agent: Client) -> None:
    connector = with_entry([])
    make_cycle(connector, name="Orders", error_count=1234)
    make_cycle(connector, name="Returns", status="Paused")
    make_cycle(account=connector.account, name="Elsewhere")
    make_cycle(connector, name="Deleted", gone_at=timezone.now())
    make_template(("HubSpot", "1.0"), console=connector.account.console, name="Shop sync")
    make_template(("HubSpot", "2.0"), console=connector.account.console, name="Newer kind")
    words = words_on(agent, connector)

    assert "Orders Active" in words and "Returns Paused" in words
    assert "1\u202f234" in words or "1,234" in words
    assert "Used by 2 cycles , 1 running" in words
    assert "Shop sync" in words
    for name in ("Elsewhere", "Deleted", "Newer kind"):
        assert name not in words


def test_a_cycle_that_starts_or_stops_changes_the_page_by_itself(agent: Client) -> None:
    connector = with_entry([])
    cycle = make_cycle(connector, name="Orders")
    url = connector.get_absolute_url()
    seen = part(agent, url, "connector-facts").context["version"]
    same = part(agent, url, "connector-facts", seen=seen)
    Cycle.objects.filter(pk=cycle.pk).update(status="Paused", is_active=False)
    then = part(agent, url, "connector-facts", seen=seen)

    assert same.status_code == 204
    assert "Paused" in text_of(then)


def test_what_is_not_known_is_not_called_unused(agent: Client) -> None:
    connector = with_entry([])
    assert "No cycle of the account needs it." in words_on(agent, connector)
    Account.objects.update(cycles_read_at=None, cycles_asked_at=None)
    unread = words_on(agent, connector)
    Account.objects.update(cycles_asked_at=timezone.now(), cycles_error="Cyclr does not answer.")
    failed = words_on(agent, connector)

    assert "what needs it is not known" in unread and "Used by Not known yet" in unread
    assert "Cycles not read Cyclr does not answer." in failed
    assert "No cycle" not in unread + failed


def test_a_page_whose_cycles_nobody_asked_for_has_the_account_read(agent: Client) -> None:
    connector = with_entry([])
    post = f'hx-post="/accounts/{connector.account_id}/refresh/"'
    assert "submit, load" not in text_of(agent.get(connector.get_absolute_url()))
    Account.objects.update(cycles_asked_at=None)
    page = text_of(agent.get(connector.get_absolute_url()))

    assert f'{post} hx-trigger="submit, load"' in page


def test_of_many_cycles_the_first_are_shown_and_it_says_so(agent: Client) -> None:
    connector = with_entry([])
    for _ in range(51):
        make_cycle(connector)

    assert "And more: the first 50 are shown." in words_on(agent, connector)
    assert "50 or more cycles , 50 running" in words_on(agent, connector)


# ---- links ----


def test_its_links_say_how_far_it_is_on_them(agent: Client) -> None:
    connector = with_entry([])
    make_link(connectors=[connector], recipient_name="Robin")
    make_link(connectors=[connector], recipient_email="late@shop.example", expires_at=_ago(days=1))
    done = make_link(connectors=[connector], recipient_name="Kim", expires_at=_ago(days=1))
    LinkItem.objects.filter(link=done).update(connected_at=timezone.now(), state="connected")
    make_link(account=connector.account, recipient_name="Someone else")
    words = words_on(agent, connector)

    assert "Robin Created" in words
    assert "late@shop.example Expired" in words
    assert "Kim Connected" in words
    assert "Someone else" not in words


def _ago(**time: int) -> Any:
    return timezone.now() - timedelta(**time)


# ---- release ----


def test_an_older_release_than_the_library_s_says_so(agent: Client) -> None:
    same = words_on(agent, with_entry([], release_id=5))
    older = words_on(agent, with_entry([], release_id=4))

    assert "Release 5 · the library’s newest" in same
    assert "Not the live one the library has 5" in older


def test_versions_that_are_gone_or_there_beside_it_are_told(agent: Client) -> None:
    connector = with_entry([], release_id=5)
    make_connector(console=connector.account.console, name="HubSpot", version="2.0")
    beside = words_on(agent, connector)
    CatalogueConnector.objects.filter(version="1.0").update(gone_at=timezone.now())
    gone = words_on(agent, connector)
    AccountConnector.objects.update(connector_name="")

    assert "Other versions 2.0" in beside
    assert "the library does not have this version any more" in gone
    assert "not in the library" in words_on(agent, connector)


@pytest.mark.parametrize("authentication", [[OAUTH], [API_KEY], []])
def test_nothing_is_asked_of_cyclr_s_words_for_authentication(
    agent: Client, authentication: list[dict[str, str]]
) -> None:
    connector = with_entry([], authentication=authentication, authenticated=True)

    assert connector.method_label in words_on(agent, connector)
