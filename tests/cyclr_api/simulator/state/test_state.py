"""Worlds as files, and what the default one promises."""

from __future__ import annotations

import copy
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclr_api.simulator import (
    CyclrState,
    application,
    demo_state,
    empty_state,
    load_state,
    mount,
    new_state,
)
from cyclr_api.simulator.demo.customers import CUSTOMERS
from cyclr_api.simulator.state.clock import Clock
from cyclr_api.simulator.state.errors import WorldFileError
from cyclr_api.simulator.state.values import ACCOUNT_DEFAULTS, cyclr_time
from tests.cyclr_api.simulator.conftest import SHOP, Caller

TEXT = st.text(max_size=20)
SECRET = "demo-secret-not-for-production"
PLAIN = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT


def names_of(state: CyclrState, account: str) -> set[str]:
    return {one.name for one in state.installed[account]}


# -- files ---------------------------------------------------------------------------------------


def test_a_world_survives_its_file(state: CyclrState, tmp_path: Path) -> None:
    state.install(SHOP, 19001, name="from a stranger")
    state.dump(tmp_path / "world.json")

    again = load_state(tmp_path / "world.json")

    assert again.document() == state.document()
    assert again.installed[SHOP][-1].name == "from a stranger"
    assert again.install(SHOP, 19001).id == state.install(SHOP, 19001).id
    assert list(tmp_path.iterdir()) == [tmp_path / "world.json"]


@settings(max_examples=30, deadline=None)
@given(
    accounts=st.dictionaries(TEXT, st.dictionaries(TEXT, PLAIN, max_size=3), max_size=4),
    extra=st.dictionaries(TEXT, PLAIN, max_size=3),
)
def test_whatever_a_file_says_is_kept_and_returned(
    tmp_path_factory: pytest.TempPathFactory,
    accounts: dict[str, dict[str, Any]],
    extra: dict[str, Any],
) -> None:
    document = {
        "Format": 1,
        "Credentials": [{"ClientId": "desk-demo", "ClientSecret": "s"}],
        "Connectors": [{**extra, "Id": 7, "Name": "Seven"}],
        "Accounts": [{"Simulator": {}, **values, "Id": key} for key, values in accounts.items()],
    }
    path = tmp_path_factory.mktemp("world") / "world.json"
    path.write_text(json.dumps(document))
    state = load_state(path)
    state.dump(path)

    session = requests.Session()
    mount(state, session)
    again = load_state(path)

    assert again.document() == state.document()
    for key, values in accounts.items():
        shown = json.loads(again.accounts[key].encoded())
        given = {k: v for k, v in {**values, "Id": key}.items() if k != "Simulator"}
        assert shown == ACCOUNT_DEFAULTS | given


def test_a_lone_surrogate_reaches_the_caller(state: CyclrState, api: Caller) -> None:
    state.add_account(Id="half", Name="\ud800")

    body = api.get("/accounts/half").content

    assert body.startswith(b'{"Id":"half","Name":"\\ud800",')


NUMBERS = st.integers(1, 10**17)
GUIDS = st.uuids().map(str)
EXTRA = st.dictionaries(st.sampled_from(["Odd", "x-y", "\u00fc", "name"]), PLAIN, max_size=2)
MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(
    lambda moment: cyclr_time(moment.replace(tzinfo=UTC))
)


@st.composite
def small_states(draw: st.DrawFn) -> dict[str, Any]:
    """What a person might write: any ids, attributes nobody knows, much of it left out."""
    connectors = draw(st.lists(NUMBERS, unique=True, min_size=1, max_size=3))
    accounts = draw(st.lists(TEXT, unique=True, min_size=1, max_size=3))
    numbers = draw(st.lists(NUMBERS, unique=True, max_size=5))
    releases = st.sampled_from(["Live", "Draft", "Deprecated"])
    return {
        "Format": 1,
        "Seed": draw(st.integers(0, 2**31)),
        "Anything": draw(PLAIN),
        "Connectors": [
            {
                **draw(EXTRA),
                "Id": number,
                "Name": draw(TEXT),
                "Simulator": {"Release": draw(releases), **draw(EXTRA)},
            }
            for number in connectors
        ],
        "Accounts": [{**draw(EXTRA), "Id": one} for one in accounts],
        "Users": {one: draw(st.lists(TEXT, max_size=2)) for one in accounts},
        "AccountConnectors": [
            {
                **draw(EXTRA),
                "Id": number,
                "Name": draw(TEXT),
                "AuthValue": draw(st.none() | TEXT),
                "Authenticated": draw(st.booleans()),
                "Properties": [
                    {"Name": draw(TEXT), "Value": draw(st.none() | TEXT), **draw(EXTRA)}
                    for _ in range(draw(st.integers(0, 2)))
                ],
                "Simulator": {
                    **draw(EXTRA),
                    "AccountId": draw(st.sampled_from(accounts)),
                    "ConnectorId": draw(st.sampled_from(connectors)),
                    "AuthenticationId": draw(st.none() | GUIDS),
                    "InstalledAt": draw(st.none() | MOMENTS),
                },
            }
            for number in numbers
        ],
    }


@settings(max_examples=60, deadline=None)
@given(document=small_states())
def test_what_was_written_is_read_and_written_again(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    first, second = (tmp_path_factory.mktemp("world") / name for name in ("first", "second"))
    state = new_state(copy.deepcopy(document))
    state.dump(first)
    load_state(first).dump(second)

    assert first.read_bytes() == second.read_bytes()
    assert new_state(document).copy().encoded() == state.encoded()
    kept = json.loads(first.read_text())
    assert kept["Anything"] == document["Anything"]
    assert kept["Accounts"] == document["Accounts"]
    assert kept["Connectors"] == document["Connectors"]
    assert kept["Users"] == document["Users"]
    found = {one["Id"]: one for one in kept["AccountConnectors"]}
    for entry in document["AccountConnectors"]:
        one = found.pop(entry["Id"])
        properties = one.pop("Properties")
        assert one.items() >= {k: v for k, v in entry.items() if k != "Properties"}.items()
        for wanted, got in zip(entry["Properties"], properties, strict=True):
            assert got.items() >= wanted.items()
    assert found == {}


def test_any_id_may_be_chosen(tmp_path: Path) -> None:
    """As Cyclr's own examples have them."""
    guid = "6a0d8f3c-1a4e-4a52-b1f5-3b0e4c1a9d77"
    document = {
        "Format": 1,
        "Credentials": [{"ClientId": "desk-demo", "ClientSecret": SECRET}],
        "Connectors": [
            {"Id": 17, "Name": "Access CRM"},
            {"Id": 5122, "Name": "Access CRM", "Simulator": {"Release": "Draft"}},
        ],
        "Accounts": [{"Id": SHOP}, {"Id": guid}],
        "AccountConnectors": [{"Id": 1874, "Connector": {"Id": 17}, "AccountId": SHOP}],
        "Methods": [
            {
                "Id": 6001,
                "MethodUniqueIdentifier": guid,
                "Name": "Get Contacts",
                "Simulator": {"ConnectorId": 17},
            }
        ],
    }
    path = tmp_path / "world.json"
    path.write_text(json.dumps(document))
    state = load_state(path)
    session = requests.Session()
    mount(state, session)
    api = Caller(state.api_url, session)

    assert api.get("/account/connectors/1874").json()["Connector"]["Id"] == 17
    assert api.get("/methods/6001").json()["MethodUniqueIdentifier"] == guid
    assert api.get(f"/accounts/{guid}").status_code == 200
    assert api.install(5122).json() == {
        "Message": "Connector 5122 is a draft and cannot be installed."
    }


def test_a_connector_may_be_written_where_it_is_installed() -> None:
    """As the API shows it, and by hand."""
    state = new_state(
        {
            "Format": 1,
            "Accounts": [{"Id": "a"}],
            "AccountConnectors": [
                {"Id": 1, "AccountId": "a", "Connector": {"Id": 7, "Name": "Seven"}},
                {"Id": 2, "AccountId": "a", "Connector": {"Id": 7}, "Name": "Another"},
            ],
        }
    )
    one, other = state.installed["a"]

    assert (one.name, one.connector_name, other.name) == ("Seven", "Seven", "Another")
    assert one.connector is other.connector
    assert "Connector" not in state.document()["AccountConnectors"][0]
    assert new_state(state.document()).document() == state.document()


def test_a_dumped_account_connector_keeps_an_attribute_called_account_id() -> None:
    entry = {
        "Id": 1,
        "AccountId": "told by the API some day",
        "Simulator": {"AccountId": "a", "ConnectorId": 7},
    }
    state = new_state(
        {
            "Format": 1,
            "Accounts": [{"Id": "a"}],
            "Connectors": [{"Id": 7, "Name": "Seven"}],
            "AccountConnectors": [entry],
        }
    )

    assert state.installed["a"][0].extra == {"AccountId": "told by the API some day"}


def test_properties_get_the_ids_they_lack() -> None:
    state = new_state(
        {
            "Format": 1,
            "Accounts": [{"Id": "a"}],
            "AccountConnectors": [
                {
                    "Id": number,
                    "AccountId": "a",
                    "Connector": {"Id": 7, "Name": "Seven"},
                    "Properties": [{"Name": "x"}, {"Name": "y", "Id": 551001 + number}],
                }
                for number in (1, 2)
            ],
        }
    )
    entries = [entry for one in state.installed["a"] for entry in one.properties]

    assert [entry["Id"] for entry in entries] == [551004, 551002, 551005, 551003]
    assert entries[0]["Value"] is None


def test_what_a_file_says_of_next_ids_gives_none_out_twice() -> None:
    document = {
        "Format": 1,
        "NextIds": {"AccountConnector": 5, "Property": 7},
        "Accounts": [{"Id": "a"}],
        "AccountConnectors": [
            {"Id": 95000, "AccountId": "a", "Connector": {"Id": 7, "Name": "Seven"}}
        ],
    }

    assert new_state(document).install("a", 7, name="next").id == 95001


def test_an_account_shows_what_the_file_leaves_out(state: CyclrState, api: Caller) -> None:
    state.add_account(Id="bare")

    shown = api.get("/accounts/bare").json()

    assert len(shown) == 13
    assert shown["CreatedDate"] == "0001-01-01T00:00:00"
    assert state.accounts["bare"].dumped() == {"Id": "bare"}


def broken(part: str, *entries: Any) -> dict[str, Any]:
    """A small state with something wrong in one part."""
    return {
        "Format": 1,
        "Connectors": [{"Id": 17, "Name": "Seventeen"}],
        "Accounts": [{"Id": "a"}],
        "AccountConnectors": [{"Id": 1, "Simulator": {"AccountId": "a", "ConnectorId": 17}}],
        part: list(entries),
    }


OWN = {"AccountId": "a", "ConnectorId": 17}


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({}, "Format: None is not format 1 of a world file."),
        ({"Format": 2}, "Format: 2 is not format 1 of a world file."),
        ({"Format": 1, "Accounts": {}}, "Accounts: a list is wanted."),
        ({"Format": 1, "Users": []}, None),
        ({"Format": 1, "Users": [1]}, "Users: an object is wanted."),
        ({"Format": 1, "Users": {"a": [5]}}, "Users['a'][0]: a text is wanted."),
        ({"Format": 1, "Seed": "x"}, "Seed: a whole number is wanted."),
        ({"Format": 1, "Settings": 5}, "Settings: an object is wanted."),
        ({"Format": 1, "NextIds": {"Guid": "x"}}, "NextIds.Guid: a whole number is wanted."),
        ({"Format": 1, "OAuthApps": "Slack"}, "OAuthApps: a list is wanted."),
        (
            broken("Credentials", {"ClientId": "x"}),
            "Credentials[0].ClientSecret: a text is missing.",
        ),
        (broken("Accounts", {"Id": "a"}, {}), "Accounts[1].Id: a text is missing."),
        (broken("Accounts", "a"), "Accounts[0]: an object is wanted."),
        (broken("Accounts", {"Id": 5}), "Accounts[0].Id: a text is wanted."),
        (
            broken("Accounts", {"Id": "a"}, {"Id": "b"}, {"Id": "a"}),
            "Accounts[2]: there is an account 'a' already.",
        ),
        (broken("Accounts", {"Id": "b"}), "AccountConnectors[0]: account 'a' is not in this file."),
        (broken("Connectors", {"Name": "x"}), "Connectors[0].Id: a number is missing."),
        (broken("Connectors", {"Id": "17"}), "Connectors[0].Id: a whole number is wanted."),
        (broken("Connectors", {"Id": True}), "Connectors[0].Id: a whole number is wanted."),
        (
            broken("Connectors", {"Id": -1}),
            "Connectors[0].Id: a number from 0 to 999999999999999999 is wanted.",
        ),
        (
            broken("Connectors", {"Id": 17}, {"Id": 17}),
            "Connectors[1]: there is a connector 17 already.",
        ),
        (
            broken("Connectors", {"Id": 17, "Parameters": ["x"]}),
            "Connectors[0].Parameters[0]: an object is wanted.",
        ),
        (
            broken("Connectors", {"Id": 17, "Categories": [None]}),
            "Connectors[0].Categories[0]: a text is missing.",
        ),
        (
            broken("Connectors", {"Id": 17, "Simulator": {"Release": "Old"}}),
            "Connectors[0].Simulator.Release: one of Live, Deprecated, Draft is wanted.",
        ),
        (
            broken("Connectors", {"Id": 18}),
            "AccountConnectors[0]: connector 17 is not in this file.",
        ),
        (broken("AccountConnectors", {}), "AccountConnectors[0].Id: a number is missing."),
        (
            broken("AccountConnectors", {"Id": 1}),
            "AccountConnectors[0].Simulator.ConnectorId is missing.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Connector": {"Id": 17}}),
            "AccountConnectors[0].Simulator.AccountId is missing.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Connector": {"Id": 18}, "AccountId": "a"}),
            "AccountConnectors[0]: connector 18 is not in this file.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Connector": {}, "AccountId": "a"}),
            "AccountConnectors[0].Connector.Id: a number is missing.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Simulator": {**OWN, "AccountId": ["a"]}}),
            "AccountConnectors[0]: account ['a'] is not in this file.",
        ),
        (
            broken(
                "AccountConnectors", *({"Id": number, "Simulator": OWN} for number in (1, 2, 3, 2))
            ),
            "AccountConnectors[3]: there is an account connector 2 already.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Simulator": OWN, "Name": None}),
            "AccountConnectors[0].Name: a text is missing.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Simulator": OWN, "AuthValue": {}}),
            "AccountConnectors[0].AuthValue: a text is wanted.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Simulator": OWN, "Authenticated": "yes"}),
            "AccountConnectors[0].Authenticated: true or false is wanted.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Simulator": OWN, "Properties": [{}]}),
            "AccountConnectors[0].Properties[0].Name: a text is missing.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Simulator": OWN, "CustomFields": [{"Id": "x"}]}),
            "AccountConnectors[0].CustomFields[0].Id: a whole number is wanted.",
        ),
        (
            broken("AccountConnectors", {"Id": 1, "Simulator": {**OWN, "InstalledAt": "May"}}),
            "AccountConnectors[0].Simulator.InstalledAt: a moment is wanted, "
            "like 2024-05-01T09:30:00.0000000Z.",
        ),
        (broken("Methods", {"Name": "x"}), "Methods[0].Id: a number is missing."),
        (
            broken("Methods", {"Id": 5, "Simulator": {"ConnectorId": 4}}),
            "Methods[0]: connector 4 is not in this file.",
        ),
        (broken("Templates", {"Id": 5}), "Templates[0].Id: a text is wanted."),
        (broken("Cycles", {"Id": "x"}), "Cycles[0].Simulator.AccountId is missing."),
        (
            broken("Cycles", {"Id": "x", "Simulator": {"AccountId": "b"}}),
            "Cycles[0]: account 'b' is not in this file.",
        ),
    ],
)
def test_what_makes_no_world_is_refused_with_its_place(
    document: dict[str, Any], sentence: str | None
) -> None:
    if sentence is None:
        new_state(document)
        return
    with pytest.raises(WorldFileError) as caught:
        new_state(document)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Line 1, column 1: not JSON (Expecting value)."),
        (b'{\n "Format": 1,\n}', "Line 3, column 1: not JSON (Expecting property name"),
        (b'{"Format": NaN}', "NaN is not JSON."),
        (b"\xff", "Byte 0: not UTF-8."),
        (b"[]", "The file: an object is wanted."),
        (b"[" * 100_000, "Nested too deeply."),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "x.json").write_bytes(content)

    with pytest.raises(WorldFileError) as caught:
        load_state(tmp_path / "x.json")

    assert str(caught.value).startswith(sentence)


def test_a_file_may_begin_with_a_mark(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf" + b'{"Format": 1}')

    assert load_state(tmp_path / "x.json").accounts == {}


@settings(max_examples=200, deadline=None)
@given(
    part=st.sampled_from(
        [
            *("Seed", "NextIds", "Credentials", "OAuthApps", "Settings", "Connectors", "Accounts"),
            *("Users", "AccountConnectors", "Methods", "Templates", "Folders", "Cycles"),
        ]
    ),
    value=st.recursive(
        PLAIN,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "Id",
                        "Name",
                        "Simulator",
                        "Properties",
                        "AccountId",
                        "ConnectorId",
                        "Connector",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
)
def test_nonsense_in_any_part_is_read_or_refused(part: str, value: Any) -> None:
    document = {"Format": 1, "Connectors": [{"Id": 17}], "Accounts": [{"Id": "a"}], part: value}
    try:
        state = new_state(document)
    except WorldFileError as error:
        assert str(error)
    else:
        assert new_state(state.document()).encoded() == state.encoded()


# -- the same again ------------------------------------------------------------------------------


def story(state: CyclrState) -> list[bytes]:
    """Calls of all kinds, and every answer to the byte."""
    session = requests.Session()
    mount(state, session)
    answers: list[bytes] = []

    def keep(answer: requests.Response, **_: Any) -> None:
        answers.append(f"{answer.status_code} {dict(answer.headers)}\n".encode() + answer.content)

    session.hooks["response"].append(keep)
    api = Caller(state.api_url, session)

    def go(url: str, **options: Any) -> requests.Response:
        return session.get(url, allow_redirects=False, timeout=10, **options)

    api.get("/accounts?pageSize=5")
    child = api("POST", "/accounts", json={"Name": "New", "ParentAccountId": SHOP}).json()["Id"]
    api("PUT", f"/accounts/{child}", json={"StepDataSuccessRetentionHours": 5})
    api("PUT", f"/accounts/{child}/users", json={"UserName": "a@b.example", "Password": "p"})
    api.get(f"/accounts/{SHOP}/usage")
    api("POST", f"/accounts/{child}/launch", json={})
    slack = api.install("Slack", Name="Chat").json()["Id"]
    api.install(19001, Name="Till", AuthValue="k")
    api.install(19001, Name="Till")
    token = api.sign_in_token()
    start = go(
        f"{state.service_url}/connectorauth/updateaccountconnectoroauth",
        params={"id": slack, "token": token, "targetOrigin": "https://desk.example/"},
    ).headers["Location"]
    go(start)
    oauth_state = parse_qs(urlsplit(start).query)["state"][0]
    back = session.post(
        f"{state.provider_url}/authorize",
        data={"state": oauth_state, "decision": "approve"},
        allow_redirects=False,
        timeout=10,
    )
    go(back.headers["Location"])
    api.get(f"/account/connectors/{slack}")
    methods = api.get("/connectors/Slack/methods").json()
    api("POST", f"/account/connectors/{slack}/methods/{methods[0]['Id']}", json={})
    api("POST", f"/account/connectors/{slack}/properties", json={"Name": "x", "Value": "y"})
    api("POST", f"/account/connectors/{slack}/fields", json={"DisplayName": "x"})
    custom = {"Name": "Own", "UniqueIdentifier": "0b0e8c1e-7a43-4c8e-9a51-0d9f2f3b7c11"}
    api("POST", "/account/connectors/custom", json=custom)
    cycle = api("POST", "/cycles", json={"Name": "By hand"}).json()["Id"]
    api("POST", f"/cycles/{cycle}/steps", json={"Name": "s", "ActionType": "Action"})
    api.get(f"/cycles/{cycle}/prerequisites")
    for template in api.get("/templates").json()[:1]:
        api("POST", f"/templates/{template['Id']}/install", json={})
    api.get("/cycles")
    api.put(f"/account/connectors/{slack}/deauthenticate")
    api("DELETE", f"/account/connectors/{slack}")
    api.get("/nowhere")
    state.faults.respond("GET", "/accounts", 503, probability=0.5)
    for _ in range(5):
        api.get("/accounts?pageSize=1")
    api.ask_token()
    return answers


def frozen(state: CyclrState) -> CyclrState:
    state.clock = Clock(lambda: datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC))
    return state


def test_the_same_seed_and_time_give_the_same_answers_to_the_byte() -> None:
    one, other = story(frozen(demo_state(7))), story(frozen(demo_state(7)))

    assert len(one) >= 35
    assert one == other


def test_a_copy_and_a_file_answer_as_the_world_itself(tmp_path: Path) -> None:
    state = demo_state(7)
    state.dump(tmp_path / "world.json")
    answers = story(frozen(state.copy()))

    assert story(frozen(load_state(tmp_path / "world.json"))) == answers


def test_another_seed_or_address_has_other_tokens() -> None:
    states = [demo_state(7), demo_state(8), demo_state(7)]
    states[2].api_url = "http://other.test"
    tokens = [state.tokens.hex(32) for state in states]

    assert len(set(tokens)) == 3


def test_no_token_comes_twice_however_many_ask(state: CyclrState) -> None:
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: state.tokens.urlsafe(24), range(2000)))

    assert len(set(tokens)) == 2000
    assert all(re.fullmatch(r"[\w-]{32}", token) for token in tokens)


def test_worlds_do_not_share_what_changes() -> None:
    one, other = demo_state(), demo_state()
    one.install(SHOP, 19001)
    one.find_installed(90102).properties[0]["Value"] = "changed"
    one.accounts[SHOP].document["Name"] = "changed"

    assert len(other.installed[SHOP]) == len(one.installed[SHOP]) - 1
    assert other.find_installed(90102).properties[0]["Value"] != "changed"
    assert other.accounts[SHOP].name == "Harbour Books"


def test_an_empty_world_has_credentials_and_nothing_else() -> None:
    state = empty_state()

    assert state.credentials[0] == ("desk-demo", "demo-secret-not-for-production")
    assert (len(state.accounts), len(state.connectors), len(state.installed)) == (0, 0, 0)


def test_doubled_ids_are_refused(state: CyclrState) -> None:
    with pytest.raises(ValueError, match=SHOP):
        state.add_account(Id=SHOP)
    with pytest.raises(ValueError, match="19001"):
        state.add_connector(Id=19001, Name="x")


def test_one_name_is_installed_once_however_many_try(state: CyclrState) -> None:
    def attempt(_: int) -> int:
        with requests.Session() as session:
            mount(state, session)
            return Caller(state.api_url, session).install(19001, Name="wanted").status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(attempt, range(32)))

    assert answers == [200] + [400] * 31
    assert len(state.ledger) == 1


@pytest.mark.parametrize("raw", ["RAW_URI", "REQUEST_URI", None])
def test_the_application_runs_under_other_servers(state: CyclrState, raw: str | None) -> None:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/connectorauth/updateaccountconnectoroauth",
        "QUERY_STRING": "token=x",
        "HTTP_HOST": "service.cyclr.test",
        "wsgi.input": io.BytesIO(),
    }
    if raw:
        address = "http://service.cyclr.test/connectorauth/updateaccountconnectoroauth?token=x"
        environ |= {raw: address, "PATH_INFO": "/wrong"}
    started: list[Any] = []

    body = application(state)(environ, lambda *answer: started.append(answer))  # type: ignore[arg-type]

    assert started[0][0] == "403 Forbidden"
    assert "Access is denied." in b"".join(body).decode()


# -- the default state ---------------------------------------------------------------------------


def test_the_default_world_is_the_same_for_the_same_seed() -> None:
    assert demo_state(5).document() == demo_state(5).document()
    assert demo_state(5).document() != demo_state(6).document()


def test_the_default_world_is_large_and_varied(state: CyclrState) -> None:
    installed = [one for account in state.installed.values() for one in account]
    kinds = {
        (method.get("AuthType"), method.get("OAuth2Type"))
        for one in state.connectors.values()
        for method in one.methods()
    }
    parameters = [p for one in state.connectors.values() for p in one.parameters]

    assert len(state.accounts) >= 40
    assert len(state.connectors) >= 120
    assert len(installed) == 150
    assert 15 <= sum(not one.authenticated for one in installed) <= 21
    assert {grant for auth, grant in kinds if auth == "OAuth2"} >= {
        "AuthorisationCode",
        "ClientCredentials",
        "PasswordCredentials",
    }
    assert {auth for auth, _ in kinds} >= {
        "ApiKey",
        "Basic",
        "OAuth1",
        "AuthFields",
        "None",
        "Kerberos",
    }
    assert len({p["DataType"] for p in parameters}) == 8
    assert max(len(name) for _, name, _ in CUSTOMERS) == 255


def test_harbour_books_is_as_the_demo_expects(state: CyclrState) -> None:
    shop = state.accounts[SHOP]
    states = {one.name: one.authenticated for one in state.installed[SHOP]}

    assert (shop.name, shop.document["Timezone"]) == ("Harbour Books", "Europe/London")
    assert (states["HubSpot"], states["Shopify"]) == (False, True)
    assert not names_of(state, SHOP) & {"Slack", "Salesforce"}


def test_names_in_an_account_are_unique(state: CyclrState) -> None:
    for account in state.installed.values():
        folded = [one.name.casefold() for one in account]
        assert len(folded) == len(set(folded))


@pytest.mark.parametrize("account", [account for account, _, _ in CUSTOMERS if account])
def test_every_account_can_be_reached(state: CyclrState, api: Caller, account: str) -> None:
    quoted = quote(account, safe="")
    api.account = account

    assert api.get(f"/accounts/{quoted}").json()["Id"] == account
    assert api.get("/account/connectors").status_code == 200
