"""The page at `/`: Cyclr's side, for whoever watches."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import requests

from cyclr_api.simulator import CyclrState, mount, scaled_state
from tests.cyclr_api.simulator.conftest import SHOP, Caller

HOSTILE = "</td></table><script>alert(1)</script><b onload='x'>\u202e\x00"

Page = Callable[..., str]


@pytest.fixture
def page(state: CyclrState, api: Caller) -> Page:
    """The page's text; the arguments are its query."""

    def get(**query: str) -> str:
        answer = api.session.get(f"{state.api_url}/", params=query, timeout=10)
        assert answer.status_code == 200
        return answer.text

    return get


def rows(text: str, section: str) -> list[list[str]]:
    """The cells of a section's table, as a reader sees them."""
    part = re.findall(rf"<section><h2>{section}</h2>.*?</section>", text, re.DOTALL)[0]
    found = [re.findall(r"<td.*?</td>", row, re.DOTALL) for row in part.split("<tr>")]
    return [[html.unescape(re.sub("<.*?>", "", cell)) for cell in row] for row in found if row]


def test_it_shows_the_accounts(state: CyclrState, page: Page) -> None:
    name, number, connectors, missing, cycles = rows(page(), "Accounts")[0]

    assert (name, number) == ("Harbour Books", SHOP)
    assert connectors == "3HubSpot, Shopify, MailChimp"
    assert missing == "1"
    assert cycles == str(len(state.cycles.of(SHOP)) or "")


def test_it_shows_what_was_called_the_latest_first(
    state: CyclrState, api: Caller, page: Page
) -> None:
    state.clock = lambda: datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
    state.faults.respond("POST", "*", 503, skip=1)
    api.install(19001, Name="Till", AuthValue="not-to-be-seen")
    api.install(19001, Name="Again")
    text = page()

    assert rows(text, "Latest calls")[:2] == [
        [
            "12:30:15",
            "POST",
            f'/v1.0/connectors/19001/install{{"Name":"{name}"{rest}}}',
            SHOP,
            answer,
        ]
        for name, rest, answer in (
            ("Again", "", "503 respond"),
            ("Till", ',"AuthValue":"***"', "200"),
        )
    ]
    assert "not-to-be-seen" not in text


def test_it_shows_what_happened(state: CyclrState, api: Caller, page: Page) -> None:
    state.clock = lambda: datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
    number = api.install(19001, Name="Till").json()["Id"]
    state.delete(number)

    assert rows(page(), "Latest effects") == [
        [
            "12:30:15",
            f"delete account connector: {number}, name: Till",
            SHOP,
            "console",
        ],
        [
            "12:30:15",
            f"install account connector: {number}, connector: 19001, name: Till",
            SHOP,
            "api",
        ],
    ]


def test_it_shows_the_faults_that_are_set(state: CyclrState, api: Caller, page: Page) -> None:
    state.faults.respond("POST", "/connectors/{id}/install", 500, times=2)
    state.faults.limit_rate(requests=5, seconds=60)
    state.faults.lag_listing(30)
    api.install(19001)

    assert rows(page(), "Faults") == [
        [
            "respond",
            "POST /connectors/{id}/install",
            "1",
            "times: 1, status: 500, body: null, headers: {}",
        ],
        ["limit_rate", "* *", "0", "requests: 5, seconds: 60"],
        ["lag_listing", " ", "", "seconds: 30"],
    ]


def test_without_faults_there_is_no_table_of_them(page: Page) -> None:
    assert "<h2>Faults</h2>" not in page()


def test_it_shows_fifty_calls_and_effects(state: CyclrState, api: Caller, page: Page) -> None:
    for number in range(60):
        api.install(19001, Name=f"Till {number}")
    text = page()

    assert len(rows(text, "Latest calls")) == len(rows(text, "Latest effects")) == 50
    assert "Till 59" in rows(text, "Latest effects")[0][1]


def test_an_account_is_found_by_name_or_id(page: Page) -> None:
    assert [row[0] for row in rows(page(q="hArBour b"), "Accounts")] == ["Harbour Books"]
    assert [row[0] for row in rows(page(q="1042.EX"), "Accounts")] == ["Harbour Books"]
    assert 'value="hArBour b"' in page(q="hArBour b")
    assert "No account has that name or id." in page(q="nobody at all")


def test_of_very_many_accounts_it_shows_a_hundred() -> None:
    state = scaled_state(10_000, 2000, seed=1)
    session = requests.Session()
    mount(state, session)
    text = session.get(f"{state.api_url}/", timeout=10).text

    assert len(rows(text, "Accounts")) == 100
    assert "The first 100 of 10,000." in text
    assert "10,000 accounts, 2,000 installed connectors" in text
    assert len(text) < 100_000


def test_it_loads_itself_again_only_when_asked_to(page: Page) -> None:
    assert "http-equiv" not in page()
    assert '<meta http-equiv="refresh" content="3">' in page(live="1")
    assert "http-equiv" not in page(live="yes")
    assert 'href="/?live=1"' in page()
    assert 'href="/?q=a%26b&amp;live=1"' in page(q="a&b")
    assert 'href="/?q=a%26b"' in page(q="a&b", live="1")


def test_nothing_in_it_can_act(state: CyclrState, api: Caller, page: Page) -> None:
    """Names, ids, paths, bodies, users, faults and the search are text, whatever they hold."""
    state.add_account(Id=HOSTILE, Name=HOSTILE)
    state.install(HOSTILE, 19001, name=HOSTILE)
    state.faults.respond("*", f"/{HOSTILE}", 500, HOSTILE, {HOSTILE: HOSTILE})
    api("POST", f"/accounts/{SHOP}/signintoken", json={"Username": HOSTILE, HOSTILE: HOSTILE})
    api(
        "GET", "/" + HOSTILE.replace("\x00", ""), headers={"X-Cyclr-Account": HOSTILE[:-1].encode()}
    )
    answer = api.session.get(f"{state.api_url}/", params={"q": HOSTILE}, timeout=10)
    text = answer.text

    assert text.count(html.escape("<script>alert(1)</script>")) >= 9
    assert "<script" not in text.lower()
    assert "<b " not in text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert len(rows(text, "Accounts")) == 1


def test_half_a_character_does_not_break_it(state: CyclrState, page: Page) -> None:
    state.add_account(Id="\ud83e", Name="\ud83e")

    assert rows(page(), "Accounts")[-1][0] == "?"


def test_it_is_for_reading_only(state: CyclrState, api: Caller) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert api.session.request(method, f"{state.api_url}/", timeout=10).status_code == 405
    assert api.session.head(f"{state.api_url}/", timeout=10).status_code == 200


def test_looking_at_it_is_no_call(state: CyclrState, page: Page) -> None:
    before = len(state.requests)
    page()

    assert len(state.requests) == before
