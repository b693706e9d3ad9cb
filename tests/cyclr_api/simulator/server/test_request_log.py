"""What the simulator remembers of requests, and what it must not."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api.simulator import CyclrState, mount
from cyclr_api.simulator.state.request_log import LARGEST_READ, LONGEST_BODY, masked, masked_body
from tests.cyclr_api.simulator.conftest import SHOP, Caller

CANARY = "CaNaRy-7f3a"

SECRET_KEYS = [
    "AuthValue",
    "authvalue",
    "Auth_Value",
    "Password",
    "NewPassword",
    "Value",
    "Values",
    "TriggerValue",
    "client_secret",
    "ClientSecret",
    "Token",
    "access_token",
    "AccessToken",
    "RefreshToken",
    "API Key",
    "x-api-key",
    "PrivateKey",
    "Passphrase",
    "Authorization",
    "Credentials",
    "PIN",
    "88001",
]

PLAIN_KEYS = ["Name", "Id", "Description", "AuthenticationId", "Username", "Status", "Tags"]


def kept(state: CyclrState) -> str:
    """All that anybody can read of the log."""
    page = requests_page(state)
    return page + json.dumps([call.dumped() for call in state.requests])


def requests_page(state: CyclrState) -> str:
    with requests.Session() as session:
        mount(state, session)
        return session.get(f"{state.api_url}/", timeout=10).text


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()


# -- what is kept --------------------------------------------------------------------------------


def test_a_body_is_kept_without_its_secrets(state: CyclrState, api: Caller) -> None:
    properties = [{"Name": "Region", "Value": "eu", "Id": 0}]
    api.install(19000, Name="Parcels", AuthValue="k-1", Properties=properties)

    call = state.requests[-1]

    assert call.body is not None
    assert json.loads(call.body) == {
        "Name": "Parcels",
        "AuthValue": "***",
        "Properties": [{"Name": "Region", "Value": "***", "Id": 0}],
    }
    assert call.size > len("k-1")
    assert (call.method, call.account, call.fault) == ("POST", SHOP, None)


def test_a_call_without_a_body_has_none(state: CyclrState, api: Caller) -> None:
    api.get("/accounts?page=1")

    call = state.requests[-1]

    assert (call.path, call.body, call.size) == ("/v1.0/accounts?page=1", None, 0)


def test_the_faults_that_were_met_are_named(state: CyclrState, api: Caller) -> None:
    state.sleep = lambda seconds: None
    state.faults.delay("*", "*", 0.1)
    state.faults.respond("*", "*", 503)

    api.install(19001, Name="Till")

    call = state.requests[-1]
    assert (call.fault, call.status) == ("delay+respond", 503)
    assert call.body == '{"Name":"Till"}'


def test_an_empty_secret_is_seen_to_be_empty() -> None:
    body = as_json({"AuthValue": "", "Password": None})

    assert masked_body(body, "") == '{"AuthValue":"","Password":null}'


def test_a_long_body_is_cut_after_it_was_masked() -> None:
    body = as_json({"Description": "x" * 5000, "Password": CANARY})
    kept_text = masked_body(body, "application/json")

    assert kept_text is not None
    assert len(kept_text) == LONGEST_BODY
    assert kept_text.endswith("x…")


def test_json_as_only_cyclr_reads_it_is_masked_too() -> None:
    body = f"{{name: 'Till', authValue: '{CANARY}'}}".encode()

    assert masked_body(body, "application/json") == '{"name":"Till","authValue":"***"}'


def test_half_a_character_is_no_obstacle() -> None:
    assert masked_body(b"{'Name': '\\ud83e'}", "") == '{"Name":"\\ud83e"}'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (f'{{"Password": "{CANARY}"', "application/json"),
        (f'"{CANARY}"', "application/json"),
        (f"{CANARY}", "text/plain"),
        (f"<Password>{CANARY}</Password>", "text/xml"),
        (f'{{"Password":"{CANARY}"}}', "application/x-www-form-urlencoded"),
        (f"a=1&{CANARY} {CANARY}", "application/x-www-form-urlencoded"),
        (f"Password={CANARY}", "application/json"),
        (f'{{"Note": "{"x" * LARGEST_READ}"}}', "application/json"),
    ],
)
def test_of_what_cannot_be_read_only_the_size_is_kept(
    state: CyclrState, api: Caller, body: str, content_type: str
) -> None:
    api("POST", "/connectors/19001/install", data=body, headers={"Content-Type": content_type})

    call = state.requests[-1]

    assert (call.body, call.size) == (None, len(body))
    assert CANARY not in kept(state)


# -- what is not ---------------------------------------------------------------------------------


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_a_secret_is_known_by_its_key_at_any_depth(key: str) -> None:
    document = {
        key: CANARY,
        "list": [{"inner": {key: CANARY}}, [{key: [CANARY]}]],
        "text": json.dumps({"inner": [{key: CANARY}]}),
        "object": {key: {"anything": CANARY}},
        "number": {key: 17},
    }
    text = masked_body(as_json(document), "application/json")

    assert text is not None
    assert CANARY not in text
    assert json.loads(text)["number"] == {key: "***"}


@pytest.mark.parametrize("key", PLAIN_KEYS)
def test_other_values_stay_readable(key: str) -> None:
    assert masked({key: "told"}) == {key: "told"}


@given(
    st.recursive(
        st.just(CANARY), lambda inner: st.lists(inner) | st.fixed_dictionaries({"a": inner})
    )
)
def test_whatever_is_under_a_secret_key_is_hidden(value: Any) -> None:
    text = masked_body(orjson.dumps({"Secret": value}), "")

    assert text == '{"Secret":"***"}'


def test_what_lies_too_deep_is_hidden() -> None:
    body = b'{"a":' * 900 + as_json(CANARY) + b"}" * 900
    text = masked_body(body, "")

    assert text is not None
    assert CANARY not in text


@pytest.mark.parametrize("text", ['{"Password": "%s"', "<a>%s</a>", "[%s", '  {"Token":"%s"}'])
def test_a_document_in_a_text_is_hidden_unless_it_can_be_masked(text: str) -> None:
    body = as_json({"Note": text % CANARY})

    assert CANARY not in str(masked_body(body, ""))


@pytest.mark.parametrize(
    "name", ["client_secret", "Password", "client%5Fsecret", "%54oken", "code"]
)
def test_forms_and_queries_hide_their_secrets(state: CyclrState, api: Caller, name: str) -> None:
    form = f"grant_type=password&{name}={CANARY}&client_id=desk-demo"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{state.api_url}/oauth/token?page=2&{name}={CANARY}"
    api.session.post(url, data=form, headers=headers, timeout=10)

    call = state.requests[-1]

    assert call.path.startswith("/oauth/token?page=2&")
    assert call.path.endswith("=***")
    assert call.body == f"grant_type=password&{name}=***&client_id=desk-demo"
    assert CANARY not in kept(state)


def test_headers_leave_no_trace(state: CyclrState, api: Caller) -> None:
    headers = {"Authorization": f"Bearer {CANARY}", "Cookie": CANARY, "X-Api-Key": CANARY}
    api.get("/accounts", headers=headers)

    assert CANARY not in kept(state)


def test_a_whole_life_leaves_no_secret_in_the_log(state: CyclrState, api: Caller) -> None:
    """Everything secret that Cyclr takes or gives on the way of a connector."""
    secret = state.credentials[0][1]
    api.install(19000, AuthValue=CANARY, Properties=[{"Name": "Region", "Value": CANARY}])
    number = api.install("Slack", Name="Chat", AuthValue=CANARY).json()["Id"]
    api.put(f"/account/connectors/{number}", AuthValue=CANARY)
    api("PUT", f"/accounts/{SHOP}/users", json={"UserName": "a@b.example", "Password": CANARY})
    api("PUT", "/users", json={"UserName": "a@b.example", "Password": CANARY})
    token = api.sign_in_token()
    page = api.session.get(
        f"{state.service_url}/connectorauth/updateaccountconnectoroauth",
        params={"id": number, "token": token, "targetOrigin": "https://desk.example/"},
        allow_redirects=False,
        timeout=10,
    )
    oauth_state = page.headers["Location"].rpartition("state=")[2]
    back = api.session.post(
        f"{state.provider_url}/authorize",
        data={"state": oauth_state, "decision": "approve"},
        allow_redirects=False,
        timeout=10,
    )
    api.session.get(back.headers["Location"], allow_redirects=False, timeout=10)
    log = kept(state)

    assert state.find_installed(number).authenticated
    assert len(state.requests) == 10
    for hidden in (CANARY, secret, token, api.token, oauth_state):
        assert hidden not in log
        assert quote(hidden, safe="") not in log


def test_only_the_latest_calls_are_kept(state: CyclrState, api: Caller) -> None:
    for _ in range(10):
        api.get("/accounts/unknown")
    state.requests.extend(list(state.requests) * 1000)

    assert len(state.requests) == 5000
