"""LAUNCH, ORBIT and Marketplace: URLs into Cyclr's own pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests

from cyclr_api.simulator import CyclrState, empty_state, load_state
from tests.cyclr_api.simulator.conftest import SHOP, Caller

SEVEN_DIGITS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")

OWNER = "owner0@customer-642.example"

PAGES = [
    ("launch", "LaunchUrl", {}, "/launch", "%2Flaunch"),
    ("orbit", "OrbitUrl", {}, "/orbit", "%2Forbit"),
    (
        "marketplace",
        "MarketplaceUrl",
        {"MarketplaceId": 8},
        "/launch/marketplace/8",
        "%2Flaunch%2Fmarketplace%2F8",
    ),
]

PATHS = [f"/{whose}/{page}" for whose in (f"accounts/{SHOP}", "users") for page, *_ in PAGES]


def launch(api: Caller, account_id: str = SHOP, /, **body: Any) -> requests.Response:
    return api("POST", f"/accounts/{quote(account_id, safe='')}/launch", json=body)


def url_of(api: Caller, /, **body: Any) -> str:
    return str(launch(api, **body).json()["LaunchUrl"])


def flags_of(api: Caller, /, **body: Any) -> list[tuple[str, str]]:
    """The URL's query parameters after token and returnUrl."""
    query = parse_qsl(urlsplit(url_of(api, **body)).query)
    assert [name for name, _ in query[:2]] == ["token", "returnUrl"]
    return query[2:]


def visit(api: Caller, url: str) -> requests.Response:
    return api.session.get(url, timeout=10)


# -- the answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "name", "extra", "path", "quoted"), PAGES)
def test_a_launch_answers_with_a_url_and_its_token(
    state: CyclrState,
    api: Caller,
    page: str,
    name: str,
    extra: dict[str, Any],
    path: str,
    quoted: str,
) -> None:
    answer = api("POST", f"/accounts/{SHOP}/{page}", json=extra)

    found = answer.json()
    token, expires = found.pop("Token"), found.pop("ExpiresAtUtc")
    address = f"{state.service_url}/account/signinwithtoken?token={token}&returnUrl={quoted}"
    assert answer.status_code == 200
    assert found == {"AccountId": SHOP, name: address}
    assert re.fullmatch(r"[\w-]{40,}", token, re.ASCII)
    assert SEVEN_DIGITS.fullmatch(expires)
    assert [(e.kind, e.account, e.ids) for e in state.ledger] == [
        ("user", SHOP, {"username": "API user"}),
        ("launch", SHOP, {"username": "API user", "page": path}),
    ]


@pytest.mark.parametrize(("page", "name", "extra", "path", "quoted"), PAGES)
def test_a_user_is_let_in_by_name(
    state: CyclrState,
    api: Caller,
    page: str,
    name: str,
    extra: dict[str, Any],
    path: str,
    quoted: str,
) -> None:
    body = {"AccountId": SHOP, "Username": "new@shop.example", "Password": "x", **extra}

    answer = api("POST", f"/users/{page}", json=body)

    assert answer.status_code == 200
    assert f"&returnUrl={quoted}" in answer.json()[name]
    assert "new@shop.example" in state.users[SHOP]
    assert "API user" not in state.users[SHOP]
    assert state.ledger[-1].ids == {"username": "new@shop.example", "page": path}


def test_sign_in_tokens_are_of_the_older_kind(api: Caller) -> None:
    tokens = "".join(api.sign_in_token() for _ in range(20))

    assert {"+", "/", "="} <= set(tokens)


def test_a_marketplace_may_be_named_by_text(api: Caller) -> None:
    answer = api("POST", f"/accounts/{SHOP}/marketplace", json={"marketplaceId": "8"})

    assert "%2Flaunch%2Fmarketplace%2F8" in answer.json()["MarketplaceUrl"]


@pytest.mark.parametrize("number", [None, "", "eight", 0, -8, "8/9", True, 10**30])
def test_a_marketplace_needs_its_number(state: CyclrState, api: Caller, number: object) -> None:
    answer = api("POST", "/accounts/new/marketplace", json={"MarketplaceId": number})

    assert (answer.status_code, answer.json()) == (400, {"Message": "MarketplaceId is required"})
    assert "new" not in state.accounts


# -- the flags -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "flags"),
    [
        ({}, []),
        ({"Start": True, "RunOnce": False, "Wizard": False, "DisplayDescriptions": False}, []),
        ({"Start": False}, [("start", "false")]),
        ({"Start": "false"}, [("start", "false")]),
        ({"RunOnce": "true"}, [("once", "true")]),
        ({"wizard": True}, [("wizard", "true")]),
        ({"DisplayDescriptions": True}, [("descriptions", "true")]),
        ({"AutoInstall": True}, [("auto", "true")]),
        ({"AutoInstall": "false"}, [("auto", "false")]),
        ({"SingleInstall": "True"}, [("single", "true")]),
        ({"SingleInstall": False}, [("single", "false")]),
        ({"completeParameter": "order-7"}, [("completeParameter", "order-7")]),
        ({"tags": ["parcels", "returns"]}, [("tags", "parcels"), ("tags", "returns")]),
        ({"Start": "maybe", "RunOnce": 5, "AutoInstall": None, "InlineOAuth": "no"}, []),
        ({"CompleteParameter": "", "Tags": None}, [("completeParameter", "")]),
    ],
)
def test_only_what_differs_stands_in_the_url(
    api: Caller, body: dict[str, Any], flags: list[tuple[str, str]]
) -> None:
    query = urlsplit(url_of(api, **body)).query

    assert parse_qsl(query, keep_blank_values=True)[2:] == flags
    assert all(f"&{name}={value}" in query for name, value in flags)


def test_all_flags_together(api: Caller) -> None:
    url = url_of(
        api,
        start=False,
        runOnce=True,
        wizard=True,
        displayDescriptions=True,
        autoInstall=True,
        singleInstall=True,
        inlineOAuth=False,
        completeParameter="order-7",
        tags=["parcels"],
    )

    assert url.partition("%2Flaunch")[2] == (
        "&start=false&once=true&wizard=true&descriptions=true&auto=true&single=true&inline=false"
        "&completeParameter=order-7&tags=parcels"
    )


@pytest.mark.parametrize(
    ("setting", "sent", "is_inline"),
    [
        (True, {}, True),
        (True, {"InlineOAuth": True}, True),
        (True, {"InlineOAuth": False}, False),
        (False, {}, False),
        (False, {"InlineOAuth": None}, False),
        (False, {"InlineOAuth": "true"}, True),
        (False, {"InlineOAuth": "false"}, False),
    ],
)
def test_the_console_decides_on_inline_oauth_unless_the_caller_does(
    state: CyclrState, api: Caller, setting: bool, sent: dict[str, Any], is_inline: bool
) -> None:
    state.settings["InlineOAuth"] = setting

    assert flags_of(api, **sent) == ([] if is_inline else [("inline", "false")])


def test_the_consoles_setting_survives_a_copy_and_a_file(state: CyclrState, tmp_path: Path) -> None:
    state.settings |= {"InlineOAuth": False, "Unknown": [1]}
    state.dump(tmp_path / "world.json")

    for again in (state.copy(), load_state(tmp_path / "world.json")):
        assert again.settings == state.settings
    assert empty_state().settings["InlineOAuth"] is True


@pytest.mark.parametrize("text", ["a&b=c#d", "ünï 雪", "x" * 100_000, "\u202e", "\x00", "<b>"])
def test_free_text_is_one_value_of_the_url(api: Caller, text: str) -> None:
    flags = flags_of(api, CompleteParameter=text, Tags=[text])

    assert flags == [("completeParameter", text), ("tags", text)]


def test_half_a_character_does_no_harm(api: Caller) -> None:
    assert flags_of(api, Tags=["a\ud800b"]) == [("tags", "a?b")]


# -- what it makes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account_id", "body", "name"),
    [
        ("new-1", {"AccountName": "New Shop", "AccountDescription": "from us"}, "New Shop"),
        ("new-1", {}, "new-1"),
        ("new-1", {"AccountName": ""}, "new-1"),
        ("acme/us 100%", {"AccountName": None}, "acme/us 100%"),
        ("bücher?雪", {}, "bücher?雪"),
        ("x" * 1000, {}, "x" * 1000),
    ],
)
def test_an_unknown_account_is_made(
    state: CyclrState, api: Caller, account_id: str, body: dict[str, Any], name: str
) -> None:
    answer = launch(api, account_id, **body)

    account = state.accounts[account_id]
    assert answer.json()["AccountId"] == account_id
    assert account.name == name
    assert account.document["Description"] == body.get("AccountDescription")
    assert state.users[account_id] == ["API user"]
    assert [e.kind for e in state.ledger] == ["account", "user", "launch"]


def test_an_account_that_is_there_keeps_its_name(state: CyclrState, api: Caller) -> None:
    launch(api, AccountName="Other", AccountDescription="Other")
    launch(api)

    assert state.accounts[SHOP].name == "Harbour Books"
    assert state.accounts[SHOP].document["Description"] is None
    assert state.users[SHOP].count("API user") == 1


@pytest.mark.parametrize("quoted", ["%00", "a%0Ab", "%20"])
def test_an_id_that_no_account_can_have_is_refused(
    state: CyclrState, api: Caller, quoted: str
) -> None:
    before = list(state.accounts)

    answer = api("POST", f"/accounts/{quoted}/launch", json={})

    assert answer.status_code == 400
    assert list(state.accounts) == before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"AccountId": SHOP}, "Username is required"),
        ({"AccountId": SHOP, "Username": " "}, "Username is required"),
        ({"AccountId": SHOP, "Username": "new"}, "Password is required"),
        ({"Username": OWNER}, "AccountId is required"),
        ({"AccountId": "", "Username": OWNER}, "AccountId is required"),
    ],
)
def test_a_users_launch_needs_account_and_user(
    state: CyclrState, api: Caller, body: dict[str, Any], message: str
) -> None:
    answer = api("POST", "/users/launch", json=body)

    assert (answer.status_code, answer.json()) == (400, {"Message": message})
    assert state.ledger == []


def test_a_known_user_is_let_in_to_a_new_account(state: CyclrState, api: Caller) -> None:
    answer = api("POST", "/users/launch", json={"AccountId": "new-1", "Username": OWNER})

    assert answer.status_code == 200
    assert state.users["new-1"] == [OWNER]


# -- native connectors ---------------------------------------------------------------------------

NATIVE = {"Name": "Partner Product", "AuthValue": "key-1"}


@pytest.mark.parametrize(
    "body",
    [
        {"ConnectorAuthentications": [NATIVE]},
        {"ConnectorAuthentications": NATIVE},
        {"PartnerConnector": NATIVE},
        {"connectorAuthentications": [{**NATIVE, "Version": None, "Properties": []}]},
    ],
)
def test_a_native_connector_is_installed(
    state: CyclrState, api: Caller, body: dict[str, Any]
) -> None:
    launch(api, "new-1", **body)

    (one,) = state.installed["new-1"]
    assert (one.name, one.is_partner, one.authenticated) == ("Partner Product", True, True)
    assert one.auth_value == "key-1"
    assert [e.kind for e in state.ledger] == ["account", "user", "install", "launch"]


def test_a_native_connector_gets_the_credentials_of_the_next_launch(
    state: CyclrState, api: Caller
) -> None:
    launch(api, "new-1", ConnectorAuthentications=[NATIVE])
    launch(api, "new-1", ConnectorAuthentications=[{**NATIVE, "AuthValue": "key-2"}])

    (one,) = state.installed["new-1"]
    assert one.auth_value == "key-2"
    assert [e.kind for e in state.ledger][-2:] == ["update", "launch"]


def test_what_the_customer_installed_is_left_alone(state: CyclrState, api: Caller) -> None:
    mine = state.install(SHOP, 19047, auth_value="mine")

    launch(api, ConnectorAuthentications=[NATIVE])

    native = state.installed[SHOP][-1]
    assert mine.auth_value == "mine"
    assert (native.name, native.is_partner) == ("Partner Product 2", True)


def test_a_native_connector_comes_with_version_method_and_settings(
    state: CyclrState, api: Caller
) -> None:
    method = state.connectors[19000].methods()[1]["Id"]
    properties = [{"Name": "Region", "Value": "eu"}]
    wanted = {**NATIVE, "Name": "Parcel Desk", "Version": "2.0", "AuthenticationId": method}

    launch(api, "new-1", ConnectorAuthentications=[{**wanted, "Properties": properties}])

    (one,) = state.installed["new-1"]
    assert (one.connector_id, one.authentication_id) == (19000, method)
    assert one.value_of("Region") == "eu"


@pytest.mark.parametrize("account_id", [SHOP, "new-1"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"Name": "No Such Product"},
        {"Name": "Parcel Desk", "Version": "9.9"},
        {"Name": "Partner Product", "Properties": [{"Name": "x", "Value": "y"}]},
        {"Name": "Partner Product", "AuthenticationId": "no-such-method"},
        {"Name": "Draft Desk"},
        {},
        {"Name": []},
        {"Name": "Partner Product", "Properties": {}},
        {"Name": "Partner Product", "AuthValue": {"AccessToken": "x"}},
    ],
)
def test_a_refused_native_connector_leaves_nothing_behind(
    state: CyclrState, api: Caller, account_id: str, wrong: dict[str, Any]
) -> None:
    answer = launch(api, account_id, ConnectorAuthentications=[NATIVE, wrong])

    assert answer.status_code == 400
    assert list(answer.json()) == ["Message"]
    assert state.ledger == []
    assert "new-1" not in state.accounts


# -- who may, and what a browser sees ------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_a_narrowed_token_is_refused(state: CyclrState, api: Caller, path: str) -> None:
    api.token = api.ask_token(scope=f"account:{SHOP}").json()["access_token"]
    body = {"AccountId": SHOP, "Username": OWNER, "MarketplaceId": 8}

    assert api("POST", path, json=body).status_code == 401
    assert state.ledger == []


@pytest.mark.parametrize("header", ["unknown", "", "tidewater-tea"])
def test_the_account_header_means_nothing(state: CyclrState, api: Caller, header: str) -> None:
    api.account = header

    assert launch(api, SHOP).json()["AccountId"] == SHOP


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("launch", "Cyclr LAUNCH"),
        ("orbit", "Cyclr ORBIT"),
        ("marketplace", "Cyclr Marketplace 8"),
    ],
)
def test_the_url_opens_a_page_once(state: CyclrState, api: Caller, page: str, title: str) -> None:
    body = {"MarketplaceId": 8, "Tags": ["<i>parcels</i>"]}
    found = api("POST", f"/accounts/{SHOP}/{page}", json=body).json()
    url = next(value for name, value in found.items() if name.endswith("Url"))

    first, second = visit(api, url), visit(api, url)

    assert (first.status_code, second.status_code) == (200, 403)
    assert f"<h1>{title}</h1>" in first.text
    assert "Harbour Books" in first.text
    assert "&lt;i&gt;parcels&lt;/i&gt;" in first.text
    assert found["Token"] not in first.text
    assert [e.kind for e in state.ledger] == ["user", "launch", "sign_in"]


def test_a_sign_in_without_a_page_is_told_so(state: CyclrState, api: Caller) -> None:
    token = quote(api.sign_in_token(), safe="")
    url = f"{state.service_url}/account/signinwithtoken?token={token}"

    page = visit(api, f"{url}&returnUrl=https%3A%2F%2Fevil.example")

    assert "<h1>Cyclr</h1>" in page.text
    assert "evil" not in page.text


def test_the_url_expires_after_five_minutes(state: CyclrState, api: Caller) -> None:
    early, late = url_of(api), url_of(api)

    state.advance(299)
    assert visit(api, early).status_code == 200
    state.advance(1)
    assert visit(api, late).status_code == 403


def test_tokens_are_not_written_down(state: CyclrState, api: Caller, tmp_path: Path) -> None:
    found = launch(api).json()
    visit(api, found["LaunchUrl"])
    state.dump(tmp_path / "world.json")

    assert found["Token"] not in (tmp_path / "world.json").read_text()
    assert not [call for call in state.requests if found["Token"] in call.path]


# -- whatever comes ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"[]", b"null", b"5", b"{", b"\xff", b"[" * 10_000])
def test_a_body_is_an_object(state: CyclrState, api: Caller, path: str, body: bytes) -> None:
    answer = api("POST", path, data=body)

    assert (answer.status_code, answer.json()) == (400, {"Message": "The request is invalid."})
    assert state.ledger == []


@pytest.mark.parametrize("value", [[], {}, [[]], {"x": []}, [{"x": 1}]], ids=repr)
@pytest.mark.parametrize("path", [path for path in PATHS if path.endswith("marketplace")])
@pytest.mark.parametrize(
    "name",
    ["AccountName", "Start", "Tags", "CompleteParameter", "MarketplaceId", "AccountId"]
    + ["Username", "Password", "ConnectorAuthentications", "PartnerConnector"],
)
def test_values_of_the_wrong_shape_are_refused_or_ignored(
    state: CyclrState, api: Caller, path: str, name: str, value: Any
) -> None:
    usual = {"AccountId": SHOP, "Username": "new", "Password": "x", "MarketplaceId": 8}

    answer = api("POST", path, json={**usual, name: value})

    assert answer.status_code in (200, 400)
    assert (answer.status_code == 200) == (state.ledger != [])


@pytest.mark.parametrize("text", ["x" * 100_000, "\ud800", "\x00", "\u202eabc", "\ufffe"])
def test_any_text_is_taken_or_refused(api: Caller, text: str) -> None:
    texts = dict.fromkeys(["AccountName", "AccountDescription", "CompleteParameter"], text)

    assert launch(api, "new-1", **texts).status_code == 200
    assert api.get("/accounts/new-1").json()["Name"] == text
    for path in PATHS:
        body = {"AccountId": text, "Username": text, "Password": text, "MarketplaceId": text}
        assert api("POST", path, json=body).status_code in (200, 400)


def test_a_launch_needs_no_body(api: Caller) -> None:
    assert api("POST", f"/accounts/{SHOP}/launch").status_code == 200
