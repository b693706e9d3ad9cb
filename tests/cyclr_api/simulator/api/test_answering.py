"""The API's rules, with Cyclr's own words where they are known."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from cyclr_api.simulator import CyclrState
from tests.cyclr_api.simulator.conftest import SHOP, Caller

DENIED = {"Message": "Authorization has been denied for this request."}

SEVEN_DIGITS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


# -- tokens --------------------------------------------------------------------------------------


def test_a_token_is_as_cyclr_makes_it(api: Caller) -> None:
    answer = api.ask_token().json()

    assert re.fullmatch(r"[0-9a-f]{64}", answer.pop("access_token"))
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.pop(".issued"))
    assert answer.pop(".expires").endswith(" GMT")
    assert answer == {
        "token_type": "bearer",
        "expires_in": 1209599,
        "clientId": "desk-demo",
        ".refresh": "False",
    }


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "account:unknown"}, "invalid_scope"),
    ],
)
def test_a_wrong_token_request_is_refused(api: Caller, form: dict[str, str], error: str) -> None:
    answer = api.ask_token(**form)

    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_credentials_in_the_query_are_not_read(state: CyclrState, api: Caller) -> None:
    query = "grant_type=client_credentials&client_id=desk-demo&client_secret=x"

    answer = api.session.post(f"{state.api_url}/oauth/token?{query}", timeout=1)

    assert answer.status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer unknown", "Basic ZGVzaw=="])
def test_without_a_valid_token_nothing_is_answered(api: Caller, header: str) -> None:
    answer = api.get("/accounts", headers={"Authorization": header})

    assert (answer.status_code, answer.json()) == (401, DENIED)


def test_a_token_lives_fourteen_days(state: CyclrState, api: Caller) -> None:
    state.advance(1209598)
    assert api.get("/accounts").status_code == 200

    state.advance(2)
    assert api.get("/accounts").status_code == 401


def test_tokens_end_with_their_credentials_or_when_revoked(state: CyclrState, api: Caller) -> None:
    state.revoke_access_tokens()
    assert api.get("/accounts").status_code == 401

    api.token = api.ask_token().json()["access_token"]
    assert api.get("/accounts").status_code == 200

    state.credentials.pop(0)
    assert api.get("/accounts").status_code == 401


def test_a_narrowed_token_sees_its_account_only(api: Caller) -> None:
    api.token = api.ask_token(scope=f"account:{SHOP}").json()["access_token"]

    assert api.get("/account/connectors").status_code == 200
    assert api.get(f"/accounts/{SHOP}").status_code == 200
    assert api.get("/accounts/tidewater-tea").status_code == 401
    other = api.get("/account/connectors", headers={"X-Cyclr-Account": "tidewater-tea"})
    assert other.status_code == 401


# -- headers, paths, lists -----------------------------------------------------------------------


@pytest.mark.parametrize("account", ["", "unknown", None])
def test_an_account_level_path_needs_an_account(api: Caller, account: str | None) -> None:
    api.account = account

    assert api.get("/account/connectors").status_code == 401
    assert api.get("/connectors").status_code == 401
    assert api.get("/accounts").status_code == 200


@pytest.mark.parametrize("path", ["/accounts", "/accounts/unknown", "/nowhere", "/account/x"])
def test_every_response_forbids_sniffing(api: Caller, path: str) -> None:
    assert api.get(path).headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("quoted", "account_id"),
    [
        ("acme%2Feu", "acme/eu"),
        ("larkspur%20us", "larkspur us"),
        ("region%237", "region#7"),
        ("100%25-wool", "100%-wool"),
        ("who%3Fwhat=1&b", "who?what=1&b"),
        ("a.b..c", "a.b..c"),
    ],
)
def test_an_account_id_is_one_segment_of_the_path(
    api: Caller, quoted: str, account_id: str
) -> None:
    answer = api.get(f"/accounts/{quoted}")
    api.account = account_id

    assert answer.json()["Id"] == account_id
    assert api.get("/account/connectors").status_code == 200


def test_an_unquoted_slash_is_another_path(api: Caller) -> None:
    assert api.get("/accounts/acme/eu").status_code == 404


def test_a_trailing_slash_is_accepted(api: Caller) -> None:
    assert api.get(f"/accounts/{SHOP}/").status_code == 200


def test_the_account_header_is_utf8(state: CyclrState, api: Caller) -> None:
    state.add_account(Id="bücher/雪", Name="Snow")
    api.account = "bücher/雪"

    assert api.get("/account/connectors").json() == []


def test_lists_come_in_pages(state: CyclrState, api: Caller) -> None:
    everything = api.get("/accounts?pageSize=1000").json()
    pages = [api.get(f"/accounts?page={n}&pageSize=20") for n in (1, 2, 3, 4)]

    assert [len(page.json()) for page in pages] == [20, 20, len(everything) - 40, 0]
    assert [row["Id"] for page in pages for row in page.json()] == [a["Id"] for a in everything]
    assert {page.headers["Total-Pages"] for page in pages} == {"3"}


def test_a_server_may_cap_the_page_size(state: CyclrState, api: Caller) -> None:
    state.max_page_size = 7

    assert len(api.get("/accounts?pageSize=100").json()) == 7


def test_lists_are_ordered_as_asked(api: Caller) -> None:
    ascending = [row["Id"] for row in api.get("/connectors?orderBy=Id").json()]
    descending = api.get("/connectors?orderBy=id&sortOrderAsc=false&pageSize=500").json()

    assert ascending == sorted(ascending)
    assert descending[-1]["Id"] == ascending[0]


def test_nonsense_in_a_query_is_ignored(api: Caller) -> None:
    answer = api.get("/accounts?page=-1&pageSize=many&orderBy=Nothing&sortOrderAsc=maybe")

    assert answer.status_code == 200


# -- the catalogue -------------------------------------------------------------------------------


def test_a_connector_is_an_object_by_id_and_an_array_by_name(api: Caller) -> None:
    one = api.get("/connectors/19000").json()

    assert one["Name"] == "Parcel Desk"
    assert api.get("/connectors/Parcel%20Desk").json() == [one]
    assert api.get("/connectors/Parcel%20Desk/2.0").json() == [one]
    assert api.get("/connectors/Parcel%20Desk/9.9").json() == []
    assert api.get("/connectors/1").status_code == 404
    assert "Simulator" not in one


def test_a_version_with_a_slash_is_one_segment(api: Caller) -> None:
    found = api.get("/connectors/Versions%2FAnd%20Slashes/1.0%2Fbeta%202").json()

    assert [one["Id"] for one in found] == [19022]


def test_the_catalogue_is_searched_by_name_and_category(api: Caller) -> None:
    by_name = api.get("/connectors?query=hubsp").json()
    by_category = api.get("/connectors?category=CRMs").json()

    assert [one["Name"] for one in by_name] == ["HubSpot"]
    assert len(by_category) > 10
    assert all("CRMs" in one["Categories"] for one in by_category)
    assert api.get("/connectors?category=crms").json() == []


def test_deprecated_releases_are_found_by_id_only(api: Caller) -> None:
    assert api.get("/connectors/16278").json()["Name"] == "Salesforce"
    assert [one["Id"] for one in api.get("/connectors/Salesforce").json()] == [17159]


def test_custom_connectors_are_listed_when_asked_for(api: Caller) -> None:
    path = "/connectors?pageSize=500"
    usual = {one["Id"] for one in api.get(path).json()}
    custom = {one["Id"] for one in api.get(f"{path}&includeCustomConnectors=true").json()}
    api.account = "tidewater-tea"
    elsewhere = {one["Id"] for one in api.get(f"{path}&includeCustomConnectors=true").json()}

    assert custom - usual == {19023, 19046}
    assert custom - elsewhere == {19046}


# -- installing ----------------------------------------------------------------------------------


def test_an_install_answers_with_the_account_connector(state: CyclrState, api: Caller) -> None:
    answer = api.install(19000, Name="Parcels (EU)", Properties=[{"Name": "Region", "Value": "eu"}])

    one = answer.json()
    number = one["Id"]
    properties = one.pop("Properties")
    assert one.pop("Connector") == api.get("/connectors/19000").json()
    assert one == {
        "Id": number,
        "Name": "Parcels (EU)",
        "Description": None,
        "AuthValue": None,
        "Authenticated": False,
        "IsPartnerIntegrationConnector": False,
        "CustomFields": [],
    }
    assert [(p["Name"], p["Value"], p["AccountConnectorId"]) for p in properties] == [
        ("Region", "eu", number)
    ]
    assert state.installed[SHOP][-1].name == "Parcels (EU)"


@pytest.mark.parametrize("which", ["19001", "Till%20Cloud"])
def test_an_install_by_id_or_name_takes_the_connectors_name(api: Caller, which: str) -> None:
    assert api.install(which).json()["Name"] == "Till Cloud"


def test_an_install_by_name_and_version(api: Caller) -> None:
    assert api.install("Parcel%20Desk/2.0").json()["Connector"]["Id"] == 19000
    assert api.install("Parcel%20Desk/9").status_code == 404


@pytest.mark.parametrize(
    ("connector", "body", "message"),
    [
        (
            19000,
            {"Properties": [{"Name": "Colour", "Value": "red", "Id": 0}]},
            "There is not a connector property that matches name 'Colour'.",
        ),
        (
            19000,
            {"Properties": [{"Name": "apiVersion", "Value": "2"}]},
            "Connector property name 'apiVersion' is not an account connector property.",
        ),
        (19023, {}, "Connector 19023 is a draft and cannot be installed."),
        (17273, {"Name": "Shopify"}, "Account connector name 'Shopify' is in use."),
        (17273, {}, "Account connector name 'HubSpot' is in use."),
    ],
)
def test_an_install_is_refused_in_cyclrs_words(
    state: CyclrState, api: Caller, connector: int, body: dict[str, object], message: str
) -> None:
    answer = api.install(connector, **body)

    assert (answer.status_code, answer.json()) == (400, {"Message": message})
    assert state.ledger == []


def test_an_install_needs_a_json_object(api: Caller) -> None:
    path = "/connectors/19000/install"

    assert api("POST", path).status_code == 500
    assert api("POST", path, data="[]").status_code == 400
    assert api("POST", path, data="{'Name': 1").status_code == 400
    assert api("POST", path, json={"Properties": "x"}).status_code == 400


def test_json_keys_are_found_whatever_their_case(api: Caller) -> None:
    body = {"name": "x", "properties": [{"NAME": "Region", "value": "eu"}], "AUTHVALUE": "k"}

    one = api("POST", "/connectors/19000/install", json=body).json()

    assert (one["Name"], one["Properties"][0]["Value"], one["AuthValue"]) == ("x", "eu", "k")


KEY, BASIC = {"AuthValue": "k"}, {"AuthValue": "dTpw"}
TOKENS = {"AuthValue": '{"AccessToken": "a", "RefreshToken": "r"}'}


def properties(**values: str) -> dict[str, object]:
    return {"Properties": [{"Name": key, "Value": value} for key, value in values.items()]}


APP = {"ClientId": "i", "ClientSecret": "s"}


@pytest.mark.parametrize(
    ("name", "body", "authenticated"),
    [
        ("Pipedrive", {}, False),
        ("Pipedrive", KEY, True),
        ("Till Cloud", BASIC, True),
        ("Slack", {}, False),
        ("Slack", TOKENS, True),
        ("Slack", {"AuthValue": "{}"}, False),
        ("Machine to Machine", {"AuthValue": "{}"}, False),
        ("Machine to Machine", {"AuthValue": "{}", **properties(Tenant="t", **APP)}, True),
        ("Password Grant", properties(Domain="d", Username="u", Password="p"), False),
        (
            "Password Grant",
            {"AuthValue": "{}", **properties(Domain="d", Username="u", Password="p")},
            True,
        ),
        ("No Question At All", {}, True),
        ("Old Handshake", {}, False),
        ("Kerberos Vault", {}, False),
        ("Body Fields", properties(login="l"), False),
        ("Body Fields", properties(login="l", pin="1"), True),
        ("Bare Minimum", KEY, True),
        ("Legacy Only", {}, False),
    ],
)
def test_what_makes_a_connector_authenticated(
    api: Caller, name: str, body: dict[str, object], authenticated: bool
) -> None:
    answer = api.install(quote(name), **body)

    assert answer.json()["Authenticated"] is authenticated


def test_the_authentication_method_is_chosen_by_id(api: Caller) -> None:
    methods = api.get("/connectors/19005").json()["Authentication"]

    basic = api.install(19005, Name="b", AuthenticationId=methods[1]["Id"], **BASIC)
    unknown = api.install(19005, Name="u", AuthenticationId="none-such")

    assert basic.json()["Authenticated"] is True
    assert unknown.status_code == 400


def test_without_an_id_the_default_method_is_used(state: CyclrState, api: Caller) -> None:
    number = api.install(19006).json()["Id"]

    chosen = state.authentication.method_of(state.find_installed(number))
    assert chosen["AuthType"] == "OAuth2"


def test_a_customers_own_app_needs_no_listed_property(api: Caller) -> None:
    assert api.install(19028, **properties(**APP)).status_code == 200
    assert api.install(19001, **properties(**APP)).status_code == 400


# -- installed connectors ------------------------------------------------------------------------


def test_a_change_is_partial(state: CyclrState, api: Caller) -> None:
    number = api.install(19001, Description="first", **BASIC).json()["Id"]
    path = f"/account/connectors/{number}"

    assert api.put(path, Description="second").json()["Name"] == "Till Cloud"
    assert api.put(path, Name="Till 2").json()["Description"] == "second"
    assert api.put(path, Name="Shopify").status_code == 400
    assert api.put(path, Description=None).json()["Description"] is None
    assert state.find_installed(number).auth_value == "dTpw"


def test_a_new_auth_value_authenticates(api: Caller) -> None:
    number = api.install(19001).json()["Id"]

    changed = api.put(f"/account/connectors/{number}", AuthValue="bmV3OnBhc3M=").json()

    assert (changed["Authenticated"], changed["AuthValue"]) == (True, "bmV3OnBhc3M=")
    assert api.get(f"/account/connectors/{number}").json() == changed


def test_properties_are_merged(api: Caller) -> None:
    number = api.install(19000, **properties(Region="eu", SigningKey="a")).json()["Id"]
    path = f"/account/connectors/{number}"

    changed = api.put(path, **properties(Region="us")).json()

    assert [(p["Name"], p["Value"]) for p in changed["Properties"]] == [
        ("Region", "us"),
        ("SigningKey", "a"),
    ]
    assert api.put(path, **properties(Colour="red")).status_code == 400


def test_deauthenticating_says_so(state: CyclrState, api: Caller) -> None:
    shopify = next(one for one in state.installed[SHOP] if one.name == "Shopify")

    answer = api.put(f"/account/connectors/{shopify.id}/deauthenticate")

    assert answer.json() == {"Message": "Connector 'Shopify' successfully de-authenticated."}
    assert (shopify.authenticated, shopify.auth_value) == (False, None)


def test_deleting_frees_the_name(state: CyclrState, api: Caller) -> None:
    shopify = next(one for one in state.installed[SHOP] if one.name == "Shopify")
    path = f"/account/connectors/{shopify.id}"

    assert api("DELETE", path).status_code == 200
    assert api("DELETE", path).status_code == 404
    assert api.get(path).status_code == 404
    assert api.install(shopify.connector_id).status_code == 200


def test_accounts_do_not_see_each_other(state: CyclrState, api: Caller) -> None:
    foreign = state.installed["shop-1043.example"][0]

    assert api.get(f"/account/connectors/{foreign.id}").status_code == 404
    assert api.put(f"/account/connectors/{foreign.id}", Name="x").status_code == 404


def test_dates_have_seven_digits(api: Caller) -> None:
    answer = api("POST", f"/accounts/{SHOP}/signintoken", json={"Username": "new@shop.example"})

    assert SEVEN_DIGITS.fullmatch(answer.json()["ExpiresAtUtc"])
    assert SEVEN_DIGITS.fullmatch(api.get(f"/accounts/{SHOP}").json()["CreatedDate"])


def test_a_sign_in_token_creates_its_user_once(state: CyclrState, api: Caller) -> None:
    api.sign_in_token("new@shop.example")
    api.sign_in_token("new@shop.example")

    assert state.users[SHOP].count("new@shop.example") == 1
    assert [e.kind for e in state.ledger] == ["user", "sign_in_token", "sign_in_token"]


def test_a_sign_in_token_needs_an_account_and_a_name(api: Caller) -> None:
    assert api("POST", "/accounts/none/signintoken", json={"Username": "x"}).status_code == 404
    assert api("POST", f"/accounts/{SHOP}/signintoken", json={}).status_code == 400


def test_an_unknown_method_is_not_allowed(api: Caller) -> None:
    assert api("PATCH", "/accounts").status_code == 405


# -- what the simulator tells tests ---------------------------------------------------------------


def test_the_ledger_tells_whose_deed_it_was(state: CyclrState, api: Caller) -> None:
    number = api.install(19001).json()["Id"]
    stranger = state.install(SHOP, 19001)
    state.authenticate(stranger.id)
    state.deauthenticate(stranger.id)
    state.delete(stranger.id)

    deeds = [(e.kind, e.by, e.account, e.ids["account_connector"]) for e in state.ledger]

    assert stranger.name == "Till Cloud 2"
    assert deeds == [
        ("install", "api", SHOP, number),
        ("install", "console", SHOP, stranger.id),
        ("authenticate", "console", SHOP, stranger.id),
        ("deauthenticate", "console", SHOP, stranger.id),
        ("delete", "console", SHOP, stranger.id),
    ]


def test_requests_are_logged_without_secrets(state: CyclrState, api: Caller) -> None:
    token = api.sign_in_token()
    url = f"{state.service_url}/connectorauth/updateaccountconnectoroauth"
    api.session.get(url, params={"token": token, "id": "1"}, timeout=1)

    last = state.requests[-1]

    assert last.path.endswith("?token=***&id=1")
    assert last.status == 403
    assert token not in repr(state.requests)


def test_an_unknown_account_has_no_installed_list(state: CyclrState) -> None:
    with pytest.raises(KeyError):
        state.installed["typo"]
