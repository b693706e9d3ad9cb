"""The library: found, filtered, counted; and what an install of each asks for."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.consoles.models import Console
from dashboard.mirror.models import CatalogueConnector, SyncRun
from dashboard.people.models import Role
from tests.factories import (
    API_KEY,
    OAUTH,
    make_account,
    make_account_connector,
    make_connector,
    make_console,
    make_user,
)
from tests.pages import (
    HOSTILE,
    assert_only_letters,
    nothing_changes,
    part,
    queries_of,
    signed_in,
    text_of,
)

URL = "/library/"
BASIC = {"Id": "b", "AuthName": "Basic", "AuthType": "Basic"}
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


def parameter(name: str, **values: Any) -> dict[str, Any]:
    """A setting that an install asks for."""
    made_up = {"Id": 1, "Name": name, "TargetName": name, "IsAccountConnectorProperty": True}
    return made_up | values


def names_in(response: Any) -> list[str]:
    return [entry.connector.name for entry in response.context["entries"]]


def entry_of(browser: Client, connector: CatalogueConnector) -> Any:
    """The line that the list shows for it."""
    entries = browser.get(URL).context["entries"]
    return next(entry for entry in entries if entry.connector == connector)


def shown(browser: Client, connector: CatalogueConnector) -> str:
    return text_of(browser.get(connector.get_absolute_url()))


# ---- the list ----


def test_a_search_finds_names_and_swaps_the_table_alone(viewer: Client, here: Console) -> None:
    klaviyo = make_connector(console=here, name="Klaviyo")
    make_connector(console=here, name="HubSpot")

    response = part(viewer, URL, "library-table", field="q", q="KLAV", category="", auth="")

    assert names_in(response) == ["Klaviyo"]
    assert text_of(response).strip().startswith('<div class="found" id="library-table"')
    assert f'href="{klaviyo.get_absolute_url()}"' in text_of(response)
    assert response["HX-Replace-Url"] == "/library/?q=KLAV"


def test_category_and_authentication_filter(viewer: Client, here: Console) -> None:
    make_connector(console=here, name="A", categories=["CRM"], authentication=[OAUTH])
    make_connector(console=here, name="B", categories=["CRM", "Shop"], authentication=[API_KEY])
    make_connector(console=here, name="C", categories=[], authentication=[])
    make_connector(console=here, name="D", authentication=[{"AuthType": "Own"}])

    def found(**query: str) -> list[str]:
        return names_in(viewer.get(URL, query))

    assert found() == ["A", "B", "C", "D"]
    assert found(category="CRM") == ["A", "B"]
    assert found(category="CRM", auth="api-key") == ["B"]
    assert found(auth="sign-in") == ["A"]
    assert found(auth="nothing") == ["C"]
    assert found(category="cr") == []
    assert found(auth="rubbish") == ["A", "B", "C", "D"]


@pytest.mark.parametrize(
    ("methods", "settings", "words"),
    [
        ([], 0, "Nothing"),
        ([OAUTH], 0, "Nothing: the customer signs in"),
        ([OAUTH], 1, "1 field"),
        ([API_KEY], 0, "1 field"),
        ([BASIC], 1, "3 fields"),
        ([API_KEY, OAUTH], 2, "2–3 fields"),
        ([API_KEY, OAUTH], 0, "0–1 field"),
        ([API_KEY], 80, "81 fields"),
    ],
)
def test_the_list_says_how_much_is_asked(
    viewer: Client, here: Console, methods: list[Any], settings: int, words: str
) -> None:
    connector = make_connector(
        console=here,
        authentication=methods,
        parameters=[parameter("Same name") for _ in range(settings)],
    )

    assert entry_of(viewer, connector).asks == words


def test_accounts_are_counted_once_and_by_version(viewer: Client, here: Console) -> None:
    old = make_connector(console=here, name="HubSpot", version="1.0")
    new = make_connector(console=here, name="HubSpot", version="2.0")
    twice = make_account(console=here)
    for _ in range(2):
        make_account_connector(account=twice)
    make_account_connector(account=make_account(console=here))
    make_account_connector(account=make_account(console=here), gone_at=timezone.now())
    gone = make_account(console=here, gone_at=timezone.now())
    make_account_connector(account=gone)
    make_account_connector()  # in another console

    assert entry_of(viewer, old).accounts == 2
    assert entry_of(viewer, new).accounts == 0


def test_what_cannot_be_installed_says_why(viewer: Client, here: Console) -> None:
    draft = make_connector(console=here, is_draft=True)
    system = make_connector(console=here, is_system=True)
    gone = make_connector(console=here, gone_at=timezone.now())
    fine = make_connector(console=here)

    for connector, words in ((draft, "Draft"), (system, "Built into Cyclr"), (gone, "any more")):
        assert words in entry_of(viewer, connector).why_not
        assert "It cannot be installed" in shown(viewer, connector)
    assert entry_of(viewer, fine).why_not == ""
    assert "It cannot be installed" not in shown(viewer, fine)


def test_empty_lists_say_why(viewer: Client, here: Console) -> None:
    empty = text_of(viewer.get(URL))
    make_connector(console=here, name="Klaviyo")
    no_match = text_of(viewer.get(URL, {"q": "Klavijo"}))
    without = text_of(viewer.get(URL, {"q": "klav", "auth": "basic"}))

    assert "The library is empty" in empty
    assert "No connector matches “<bdi>Klavijo</bdi>”" in no_match
    assert "1 matches without the filters." in without


def test_the_first_reading_is_live_until_done(viewer: Client) -> None:
    SyncRun.objects.create(console=make_console())
    waiting = viewer.get(URL)
    version = waiting.context["version"]

    assert "poll-1s from:body" in text_of(waiting)
    assert part(viewer, URL, "library-table", seen=version).status_code == 204


def test_the_query_count_does_not_grow_with_the_library(viewer: Client, here: Console) -> None:
    make_connector(console=here, parameters=[parameter("A")])
    few = queries_of(viewer, URL)
    for _ in range(60):
        make_connector(
            console=here, parameters=[parameter("A")], account=make_account(console=here)
        )

    assert queries_of(viewer, URL) == few <= 12


@pytest.mark.parametrize(
    "query", ["page=x", "page=99", "console=x", "category=%00", "auth=%00", "q=%00", "q=%ED%A0%80"]
)
def test_rubbish_in_the_address_does_no_harm(viewer: Client, here: Console, query: str) -> None:
    make_connector(console=here)

    assert viewer.get(f"{URL}?{query}").status_code == 200


# ---- one connector ----


def test_fields_say_what_they_are(viewer: Client, here: Console) -> None:
    connector = make_connector(
        console=here,
        parameters=[
            parameter("Account ID", DataType="Text"),
            parameter("Token", IsSensitive=True),
            parameter("Rows", DataType="Integer", IsOptional=True),
            parameter("Plan", Values=["a", "b", "c"]),
            parameter("List", TriggerName="lists"),
            parameter("Hidden one", IsHidden=True),
            parameter("Not asked", IsAccountConnectorProperty=False),
        ],
    )

    html = shown(viewer, connector)

    for words in ("Secret", "Whole number", "Choice of 3", "Choice, once authenticated"):
        assert words in html
    assert html.count("Optional") == 1
    assert html.count("Required") == 4
    asked, _, not_asked = html.partition("2 more that an install does not ask for")
    for words in ("Hidden one", "Not asked"):
        assert words not in asked
        assert words in not_asked


def test_eighty_fields_none_and_the_same_twice(viewer: Client, here: Console) -> None:
    many = make_connector(
        console=here, parameters=[parameter("Same") for _ in range(80)], authentication=[]
    )
    none = make_connector(console=here, parameters=[], authentication=[])

    assert shown(viewer, many).count("<bdi>Same</bdi>") == 80
    assert "No settings." in shown(viewer, none)
    assert "It needs none." in shown(viewer, none)


def test_it_shows_in_which_accounts_it_is_installed(viewer: Client, here: Console) -> None:
    connector = make_connector(console=here, name="HubSpot", version="1.0")
    installed = make_account_connector(account=make_account(console=here), name="Our CRM")
    elsewhere = make_account_connector(name="Of another console")

    html = shown(viewer, connector)

    assert f'href="{installed.get_absolute_url()}"' in html
    assert f'href="{installed.account.get_absolute_url()}"' in html
    assert elsewhere.name not in html
    swapped = text_of(part(viewer, connector.get_absolute_url(), "library-accounts"))
    assert swapped.strip().startswith('<div id="library-accounts">')


def test_a_custom_connector_names_its_account(viewer: Client, here: Console) -> None:
    account = make_account(console=here, name="Harbour Books")
    connector = make_connector(console=here, account=account)

    assert f'Only in <a href="{account.get_absolute_url()}"' in shown(viewer, connector)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_letters(viewer: Client, here: Console, name: str) -> None:
    connector = make_connector(
        console=here,
        name=name,
        version=name,
        description=name,
        status=name,
        categories=[name],
        authentication=[{"AuthName": name, "AuthType": "ApiKey", "AuthScheme": name}],
        parameters=[parameter(name, Description=name, DataType=name)],
    )
    make_account_connector(
        account=make_account(console=here, name=name), connector_name=name, connector_version=name
    )

    assert_only_letters(shown(viewer, connector))
    for query in ({}, {"category": name}, {"q": f"{name[:50]} is nowhere"}):
        assert_only_letters(text_of(viewer.get(URL, query)))


def test_only_people_of_its_console_see_it(here: Console) -> None:
    connector = make_connector(console=here)
    foreign = make_connector(name="Foreign")
    mine = signed_in(make_user(Role.VIEWER, console=here))

    assert mine.get(connector.get_absolute_url()).status_code == 200
    assert mine.get(foreign.get_absolute_url()).status_code == 404
    assert names_in(mine.get(URL)) == [connector.name]
    for url in (URL, connector.get_absolute_url()):
        assert Client().get(url)["Location"].startswith("/sign-in/")
        assert signed_in(make_user(None)).get(url).status_code == 403


def test_looking_changes_nothing(viewer: Client, here: Console) -> None:
    connector = make_connector(console=here)

    with nothing_changes():
        viewer.get(URL)
        viewer.get(connector.get_absolute_url())
        assert viewer.post(URL).status_code == 405
