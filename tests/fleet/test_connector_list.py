"""Installed connectors over all accounts: found, filtered, sorted, paged."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from dashboard.common.paging import PER_PAGE
from dashboard.consoles.models import Console
from dashboard.mirror.models import AccountConnector, SyncRun
from dashboard.people.models import Membership, Role
from tests.factories import make_account, make_account_connector, make_console, make_user
from tests.pages import (
    HOSTILE,
    assert_only_letters,
    nothing_changes,
    part,
    queries_of,
    signed_in,
    text_of,
)

URL = "/connectors/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Console:
    """A console that was read a moment ago."""
    console = make_console()
    moment = timezone.now()
    SyncRun.objects.create(console=console, created_at=moment, finished_at=moment)
    return console


@pytest.fixture
def viewer() -> Client:
    return signed_in(make_user(Role.VIEWER))


def names_in(response: Any) -> list[str]:
    return [connector.name for connector in response.context["page"]]


def test_rows_lead_to_the_connector_and_its_account(viewer: Client, here: Console) -> None:
    connector = make_account_connector(account=make_account(console=here))

    html = text_of(viewer.get(URL))

    assert f'href="{connector.get_absolute_url()}"' in html
    assert f'href="{connector.account.get_absolute_url()}"' in html
    assert 'data-state="not-authenticated">Not authenticated<' in html
    assert 'aria-label="Search connectors"' in html
    assert "<h1>Connectors</h1>" in html


def test_a_title_says_no_more_than_is_known(viewer: Client, here: Console) -> None:
    make_account_connector(
        account=make_account(console=here), connector_name="HubSpot", connector_version=""
    )

    html = text_of(viewer.get(URL))

    assert 'title="HubSpot"' in html
    assert "HubSpot No name" not in html


ODD = ["<b>bold</b>", "=1+1", "   ", "Invoice \u202egnp.exe"]


@pytest.mark.parametrize(
    "sort", ["", "name", "account", "since"], ids=lambda sort: sort or "as it opens"
)
def test_names_that_nobody_looks_for_come_last(viewer: Client, here: Console, sort: str) -> None:
    account = make_account(console=here)
    for name in [*ODD, "zeta", "Äpfel", "Beta"]:
        make_account_connector(account=account, name=name)

    names = names_in(viewer.get(URL, {"sort": sort} if sort else {}))

    assert names[:3] == ["Äpfel", "Beta", "zeta"]
    assert set(names[3:]) == set(ODD)
    assert [one.name for one in account.connectors.all()] == names


def test_a_search_finds_names_connectors_and_accounts(viewer: Client, here: Console) -> None:
    account = make_account(console=here, name="Harbour Books")
    make_account_connector(account=account, name="Mailing", connector_name="Klaviyo")
    make_account_connector(account=make_account(console=here, name="X"), name="Other")

    for search in ("MAIL", "klavi", "harbour"):
        response = part(viewer, URL, "connector-table", field="q", q=search, connector="")
        assert names_in(response) == ["Mailing"]
        assert text_of(response).strip().startswith('<div class="found" id="connector-table"')
        assert response["HX-Replace-Url"] == f"/connectors/?q={search}"


def test_states_and_connectors_filter(viewer: Client, here: Console) -> None:
    account = make_account(console=here)
    moment = timezone.now()
    make_account_connector(account=account, name="Broken")
    make_account_connector(account=account, name="Unknown", authenticated=None)
    make_account_connector(account=account, name="Fine", authenticated=True, connector_name="X")
    make_account_connector(account=account, name="Left", gone_at=moment)
    make_account_connector(account=account, name="Long", gone_at=moment - timedelta(days=2))
    long_gone = make_account(console=here, gone_at=moment - timedelta(days=2))
    make_account_connector(account=long_gone, name="Of nobody")

    def found(**query: str) -> set[str]:
        return set(names_in(viewer.get(URL, query)))

    assert found() == {"Broken", "Unknown", "Fine", "Left"}
    assert found(state="not-authenticated") == {"Broken", "Unknown"}
    assert found(state="authenticated") == {"Fine"}
    assert found(state="gone") == {"Left"}
    assert found(connector="X") == {"Fine"}
    assert found(connector="X", state="gone") == set()
    assert found(state="rubbish") == {"Broken", "Unknown", "Fine", "Left"}


def test_why_they_broke_filters_and_is_counted(viewer: Client, here: Console) -> None:
    account = make_account(console=here)
    for name, why in (("Aq", "consent"), ("Bq", "consent"), ("Cq", "outage"), ("Dq", "")):
        make_account_connector(account=account, name=name, why_broken=why)
    make_account_connector(account=account, why_broken="limit", gone_at=timezone.now())

    every = viewer.get(URL)
    response = viewer.get(URL, {"why": "consent"})
    none = viewer.get(URL, {"why": "limit", "q": "aq"})

    assert every.context["classes"] == [
        ("consent", "Consent withdrawn or expired", 2),
        ("outage", "Outage", 1),
    ]
    assert 'href="?why=outage"' in text_of(every)
    assert names_in(response) == ["Aq", "Bq"]
    assert 'name="why" value="consent"' in text_of(response)
    assert "Remove filter: Plan or limit at the third party" in text_of(none)
    assert none.context["without_filters"] == 1
    assert len(names_in(viewer.get(URL, {"why": "bad weather"}))) == 5


def test_what_needs_somebody_comes_first_and_what_is_gone_last(
    viewer: Client, here: Console
) -> None:
    account = make_account(console=here)
    make_account_connector(account=account, name="C", authenticated=True)
    make_account_connector(account=account, name="A", gone_at=timezone.now())
    make_account_connector(account=account, name="B")

    assert names_in(viewer.get(URL)) == ["B", "C", "A"]
    assert names_in(viewer.get(URL, {"sort": "-name"})) == ["C", "B", "A"]


def test_empty_lists_say_why_and_show_a_way_out(viewer: Client, here: Console) -> None:
    nothing = text_of(viewer.get(URL))
    make_account_connector(account=make_account(console=here), name="Harbour CRM")
    no_match = text_of(viewer.get(URL, {"q": "x", "state": "gone"}))
    without = text_of(viewer.get(URL, {"q": "harbour", "state": "gone"}))

    assert "No account has one installed" in nothing
    assert "No connector matches “<bdi>x</bdi>” that is gone" in " ".join(no_match.split())
    assert "1 matches without the filters." in without
    assert 'href="?q=harbour"' in without


def test_the_first_reading_is_live_until_done(viewer: Client) -> None:
    console = make_console()
    SyncRun.objects.create(console=console)
    waiting = viewer.get(URL)
    version = waiting.context["version"]

    assert "poll-1s from:body" in text_of(waiting)
    assert part(viewer, URL, "connector-table", seen=version).status_code == 204


def test_the_query_count_does_not_grow_with_the_list(viewer: Client, here: Console) -> None:
    make_account_connector(account=make_account(console=here))
    few = queries_of(viewer, URL)
    for _ in range(20):
        make_account_connector(account=make_account(console=here))
    cache.clear()

    assert queries_of(viewer, URL) == few <= 15


@pytest.mark.parametrize(
    "query",
    ["page=x", "page=-7", "console=%00", "connector=%00", "state=%00", "sort=--", "q=%ED%A0%80"],
)
def test_rubbish_in_the_address_does_no_harm(viewer: Client, here: Console, query: str) -> None:
    make_account_connector(account=make_account(console=here))

    assert viewer.get(f"{URL}?{query}").status_code == 200


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_letters(viewer: Client, here: Console, name: str) -> None:
    make_account_connector(
        account=make_account(console=here, name=name),
        name=name,
        connector_name=name,
        connector_version=name,
    )

    for query in ({}, {"connector": name}, {"q": f"{name[:50]} is nowhere"}):
        assert_only_letters(text_of(viewer.get(URL, query)))


def test_only_what_is_of_ones_consoles(here: Console) -> None:
    make_account_connector(account=make_account(console=here), name="Mine")
    foreign = make_account_connector(name="Foreign", connector_name="Only there")
    viewer = signed_in(make_user(Role.VIEWER, console=here))

    response = viewer.get(URL)

    assert viewer.get(URL, {"console": foreign.account.console_id}).status_code == 404
    assert names_in(response) == ["Mine"]
    assert "Only there" not in text_of(response)
    assert Client().get(URL)["Location"].startswith("/sign-in/")
    assert signed_in(make_user(None)).get(URL).status_code == 403


def test_looking_changes_nothing(viewer: Client, here: Console) -> None:
    make_account_connector(account=make_account(console=here))

    with nothing_changes():
        viewer.get(URL)
        part(viewer, URL, "connector-table", q="x")
        assert viewer.post(URL).status_code == 405


# -- reconnecting many ---------------------------------------------------------------------------


def test_a_lead_ticks_connectors_and_reconnects_them(here: Console) -> None:
    lead = signed_in(make_user(Role.LEAD))
    connector = make_account_connector(
        account=make_account(console=here, name="Harbour Books"), name="HubSpot"
    )

    html = text_of(lead.get(URL, {"q": "hub", "state": "not-authenticated"}))

    assert 'aria-label="Select HubSpot of Harbour Books"' in html
    assert f'name="pick" value="{connector.pk}"' in html
    assert 'id="reconnect" method="post" action="/links/campaigns/new/"' in html
    assert 'name="q" value="hub"' in html
    assert 'name="state" value="not-authenticated"' in html
    assert "Select all on this page" in html
    assert "that match" not in html
    assert "Reconnect…" in html


def test_what_the_form_sends_is_what_the_list_showed(here: Console) -> None:
    lead = signed_in(make_user(Role.LEAD))
    for n in range(PER_PAGE + 3):
        make_account_connector(account=make_account(console=here), name=f"HubSpot {n}")
    make_account_connector(account=make_account(console=here), name="Slack", connector_name="Slack")
    page = lead.get(URL, {"q": "hubspot"})
    shown = re.findall(r'name="shown" value="(\d+)"', text_of(page))

    of_page = lead.post("/links/campaigns/new/", {"scope": "page", "shown": shown, "q": "hubspot"})
    of_filter = lead.post("/links/campaigns/new/", {"scope": "filter", "q": "hubspot"})

    assert f"All {PER_PAGE + 3} that match" in text_of(page)
    assert len(of_page.context["selection"].split(",")) == PER_PAGE
    assert len(of_filter.context["selection"].split(",")) == PER_PAGE + 3


def test_who_is_no_lead_of_a_console_cannot_pick_its_connectors(
    viewer: Client, here: Console
) -> None:
    mine = make_account_connector(account=make_account(console=here))
    other = make_account_connector()
    both = make_user(Role.LEAD, console=here)
    Membership.objects.create(user=both, console=other.account.console, role=Role.AGENT)

    html = text_of(signed_in(both).get(URL))

    assert f'value="{mine.pk}" aria-label' in html
    assert f'value="{other.pk}" aria-label' not in html
    for browser in (viewer, signed_in(make_user(Role.AGENT))):
        assert "Reconnect…" not in text_of(browser.get(URL))


@pytest.mark.parametrize(
    "text",
    [
        "tea",
        "hub tea",
        "tea hub",
        "hub",
        "hub hub",
        "x",
        "",
        "!!!",
        "hub tea x",
        "tea-hub",
        "müller",
    ],
)
def test_searches_find_each_of_what_search_finds_once(here: Console, text: str) -> None:
    for account, name in (
        ("Tea House", "HubSpot"),
        ("Tea House", "Tea for two"),
        ("Hub", "Hub"),
        ("Hub of tea", "Slack"),
        ("Müller", "Tea hub"),
        ("Mueller", "Xero"),
    ):
        make_account_connector(account=make_account(console=here, name=account), name=name)
    rows = AccountConnector.objects.all()
    found = [row.pk for way in rows.searches(text) for row in way]

    assert len(found) == len(set(found))
    assert set(found) == set(rows.search(text).values_list("pk", flat=True))


def test_names_to_filter_by_are_kept_for_a_minute_and_the_chosen_one_is_there(
    viewer: Client, here: Console
) -> None:
    make_account_connector(account=make_account(console=here), connector_name="Before <b>")
    assert viewer.get(URL).context["names"] == ["Before <b>"]
    make_account_connector(account=make_account(console=here), connector_name="After")

    page = viewer.get(f"{URL}?connector=Chosen")
    assert page.context["names"] == ["Before <b>", "Chosen"]
    assert '<option value="Chosen" selected>Chosen</option>' in text_of(page)
    assert '<option value="Before &lt;b&gt;">Before &lt;b&gt;</option>' in text_of(page)
    cache.clear()
    assert viewer.get(URL).context["names"] == ["After", "Before <b>"]


def test_names_of_consoles_that_one_may_not_see_are_not_offered(here: Console) -> None:
    other = make_console()
    make_account_connector(account=make_account(console=here), connector_name="Ours")
    make_account_connector(account=make_account(console=other), connector_name="Theirs")
    person = make_user(Role.VIEWER, console=here)

    assert signed_in(make_user(Role.ADMIN)).get(URL).context["names"] == ["Ours", "Theirs"]
    assert signed_in(person).get(URL).context["names"] == ["Ours"]
