"""Methods: what releases can do, and what calling them on an account connector answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from cyclr_api.simulator import CyclrState, load_state, mount, new_state
from cyclr_api.simulator.state.values import AccountConnector
from tests.cyclr_api.simulator.conftest import SHOP, Caller

UNLISTED = {
    "Message": "Unknown client IP Address: contact support to request access for this IP address"
}

KEY = {"AuthValue": "not-a-real-key"}

HUBSPOT, OLD_HUBSPOT = 17273, 16293


def methods_of(api: Caller, connector: int | str, query: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"/connectors/{connector}/methods{query}")
    assert answer.status_code == 200
    return list(answer.json())


def method_of(api: Caller, connector: int | str, name: str) -> dict[str, Any]:
    return next(one for one in methods_of(api, connector) if one["Name"] == name)


def installed(state: CyclrState, connector: int, **values: Any) -> AccountConnector:
    """An account connector of the shop, with credentials."""
    return state.install(SHOP, connector, **{"auth_value": '{"AccessToken": "a"}', **values})


def call(
    api: Caller, one: AccountConnector, method: dict[str, Any], **body: Any
) -> requests.Response:
    path = f"/account/connectors/{one.id}/methods/{method['MethodUniqueIdentifier']}"
    return api("POST", path, json=body)


# -- what there is -------------------------------------------------------------------------------


def test_a_method_is_as_the_api_shows_it(api: Caller) -> None:
    one = method_of(api, HUBSPOT, "Update Contact")

    assert set(one) == {
        "Id",
        "MethodUniqueIdentifier",
        "Name",
        "Description",
        "Category",
        "MethodType",
        "EndPoint",
        "Parameters",
        "RequestFields",
        "ResponseFields",
    }
    assert (one["Category"], one["MethodType"]) == ("Contacts", "Action")
    assert [p["TargetName"] for p in one["Parameters"]] == ["contactId"]
    assert {f["ConnectorField"] for f in one["RequestFields"]} >= {"email", "firstName"}
    ids = [e["Id"] for key in ("Parameters", "RequestFields", "ResponseFields") for e in one[key]]
    assert len(set(ids)) == len(ids)
    assert api.get(f"/methods/{one['Id']}").json() == one


@pytest.mark.parametrize("path", ["19000", "Parcel%20Desk", "Parcel%20Desk/2.0"])
def test_the_methods_of_a_release_are_listed_by_name(api: Caller, path: str) -> None:
    found = methods_of(api, path)

    assert 3 <= len(found) <= 12
    assert [one["Name"] for one in found] == sorted(one["Name"] for one in found)


def test_a_trailing_slash_behind_methods_is_accepted(api: Caller) -> None:
    assert api.get("/connectors/19000/methods/").json() == methods_of(api, 19000)


def test_by_id_is_that_release_and_by_name_the_latest(api: Caller) -> None:
    old, new = methods_of(api, OLD_HUBSPOT), methods_of(api, HUBSPOT)

    assert methods_of(api, "HubSpot") == new
    assert [m["MethodUniqueIdentifier"] for m in old] == [m["MethodUniqueIdentifier"] for m in new]
    assert not {m["Id"] for m in old} & {m["Id"] for m in new}


def test_methods_are_searched_by_part_of_the_name_and_by_category(api: Caller) -> None:
    by_name = methods_of(api, HUBSPOT, "?query=CONTACT")
    by_category = methods_of(api, HUBSPOT, "?category=Contacts")

    assert {"Get Contact", "List Contacts"} <= {one["Name"] for one in by_name}
    assert {one["Category"] for one in by_category} == {"Contacts"}
    assert methods_of(api, HUBSPOT, "?category=contacts") == []
    assert methods_of(api, HUBSPOT, "?query=parcel") == []


def test_methods_come_in_pages(api: Caller) -> None:
    everything = methods_of(api, HUBSPOT)
    second = api.get(f"/connectors/{HUBSPOT}/methods?page=2&pageSize=2")

    assert second.json() == everything[2:4]


def test_a_query_of_too_many_names_is_not_read(api: Caller) -> None:
    query = "?query=contact&" + "&".join(f"x{n}=1" for n in range(300))

    assert methods_of(api, HUBSPOT, query) == methods_of(api, HUBSPOT)


@pytest.mark.parametrize(
    "path",
    [
        "/methods/1",
        "/methods/999999999999999999999999",
        "/methods/9afbeecc-6019-49c6-ade9-721874d81c5a",
        "/connectors/1/methods",
        "/connectors/Nobody/methods",
        "/connectors/Parcel%20Desk/9.9/methods",
    ],
)
def test_what_is_unknown_is_a_404(api: Caller, path: str) -> None:
    assert api.get(path).status_code == 404


def test_another_accounts_custom_connector_shows_no_methods(api: Caller) -> None:
    number = methods_of(api, 19046)[0]["Id"]

    api.account = "tidewater-tea"

    assert api.get("/connectors/19046/methods").status_code == 404
    assert api.get(f"/methods/{number}").status_code == 404


def test_every_release_has_believable_methods(state: CyclrState) -> None:
    for connector in state.connectors.values():
        found = state.methods.of(connector)

        assert 3 <= len(found) <= 12, connector
        assert all(re.fullmatch(r"[0-9a-f-]{36}", method.unique_id) for method in found)
    crms = [one for one in state.connectors.values() if "CRMs" in one.categories]
    for connector in crms:
        names = {method.name for method in state.methods.of(connector)}
        assert {"Get Contact", "List Contacts", "Add Contact", "Delete Contact"} <= names


def test_reading_and_writing_methods_are_told_apart_by_name(state: CyclrState) -> None:
    found = state.methods.of(state.connectors[HUBSPOT])

    writing = {method.name.split()[0] for method in found if method.is_writing}

    assert writing & {"Get", "List", "Search"} == set()
    assert {"Add", "Update", "Delete"} <= writing


# -- calling -------------------------------------------------------------------------------------


def test_a_call_answers_what_the_third_party_says(state: CyclrState, api: Caller) -> None:
    one = installed(state, HUBSPOT)

    answer = call(api, one, method_of(api, HUBSPOT, "List Contacts"))

    contacts = answer.json()["contacts"]
    assert answer.status_code == 200
    assert [contact["email"] for contact in contacts] == [
        "robin.alder@customer.example",
        "sam.birch@customer.example",
        "kim.cedar@customer.example",
    ]


def test_a_call_gives_values_by_numeric_id(state: CyclrState, api: Caller) -> None:
    one, method = installed(state, HUBSPOT), method_of(api, HUBSPOT, "Update Contact")
    contact, email = method["Parameters"][0]["Id"], method["RequestFields"][0]["Id"]

    answer = call(
        api,
        one,
        method,
        Parameters={str(contact): "1001"},
        Fields={str(email): "new@customer.example"},
        Mergefields={"anything": 1},
    )

    assert answer.status_code == 200


def test_single_quotes_and_numbers_as_keys_are_read(state: CyclrState, api: Caller) -> None:
    one, method = installed(state, HUBSPOT), method_of(api, HUBSPOT, "Get Contact")
    body = f"{{'Parameters': {{{method['Parameters'][0]['Id']}: 'p-77'}}}}"
    path = f"/account/connectors/{one.id}/methods/{method['Id']}"

    assert api("POST", path, data=body).status_code == 200


@pytest.mark.parametrize("kind", ["methods", "test"])
@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("key", ["Id", "MethodUniqueIdentifier"])
def test_a_method_is_called_and_tested_by_number_or_unique_id(
    state: CyclrState, api: Caller, kind: str, verb: str, key: str
) -> None:
    one, method = installed(state, HUBSPOT), method_of(api, HUBSPOT, "List Contacts")

    body = "{}" if verb == "POST" else None
    answer = api(verb, f"/account/connectors/{one.id}/{kind}/{method[key]}", data=body)

    assert answer.status_code == 200
    assert len(answer.json()["contacts"]) == 3


def test_a_call_without_values_cannot_miss_any(state: CyclrState, api: Caller) -> None:
    one, method = installed(state, HUBSPOT), method_of(api, HUBSPOT, "Get Contact")
    path = f"/account/connectors/{one.id}/methods/{method['Id']}"

    assert api.get(path).status_code == 200
    refused = api("POST", path, json={})
    assert refused.status_code == 400
    assert refused.json()["Message"].endswith("of 'Get Contact' needs a value.")


@pytest.mark.parametrize("kind", ["methods", "test"])
@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("9afbeecc-6019-49c6-ade9-721874d81c5a", 404),
        ("9afbeecc-6019-49c6-ade9-721874d81c5aa", 400),
        ("List%20Contacts", 400),
        ("-1", 400),
        ("1", 404),
        ("9" * 40, 404),
        ("1900001", 404),
    ],
)
def test_a_method_that_is_not_the_connectors_is_refused(
    state: CyclrState, api: Caller, kind: str, verb: str, method: str, status: int
) -> None:
    one = installed(state, HUBSPOT)

    answer = api(verb, f"/account/connectors/{one.id}/{kind}/{method}", data="{}")

    assert answer.status_code == status
    assert not [effect for effect in state.ledger if effect.kind == "call"]


@pytest.mark.parametrize(
    "body",
    [
        {"Parameters": {"1": "x"}},
        {"Fields": {"1": "x"}},
        {"Parameters": {"contactId": "x"}},
        {"Parameters": {"9" * 40: "x"}},
        {"Parameters": []},
        {"Fields": "x"},
        {"Mergefields": 1},
    ],
)
def test_values_that_are_not_the_methods_are_refused(
    state: CyclrState, api: Caller, body: dict[str, Any]
) -> None:
    one, method = installed(state, HUBSPOT), method_of(api, HUBSPOT, "List Contacts")

    assert call(api, one, method, **body).status_code == 400
    assert call(api, one, method, Parameters=None, Fields=None).status_code == 200


def test_ids_of_another_release_are_refused_for_the_latest(state: CyclrState, api: Caller) -> None:
    one = installed(state, OLD_HUBSPOT)
    old = method_of(api, OLD_HUBSPOT, "Get Contact")
    values = {"Parameters": {str(old["Parameters"][0]["Id"]): "1001"}}
    by_number = f"/account/connectors/{one.id}/methods/{old['Id']}"

    assert call(api, one, old, **values).status_code == 400
    assert api("POST", by_number, json=values).status_code == 200


@pytest.mark.parametrize(
    "body", ["null", "[]", "1", "{", "\ud800".encode("utf-8", "surrogatepass")]
)
def test_a_body_that_is_no_object_is_refused(
    state: CyclrState, api: Caller, body: str | bytes
) -> None:
    one, method = installed(state, HUBSPOT), method_of(api, HUBSPOT, "List Contacts")
    path = f"/account/connectors/{one.id}/methods/{method['Id']}"

    assert api("POST", path, data=body).status_code == 400
    assert api("POST", path).status_code == 200


def test_a_raw_body_goes_to_the_third_party(state: CyclrState, api: Caller) -> None:
    one, method = installed(state, HUBSPOT), method_of(api, HUBSPOT, "Update Contact")
    path = f"/account/connectors/{one.id}/methods/{method['MethodUniqueIdentifier']}/body"

    assert api("POST", path, data="<contact/>").status_code == 200
    assert api("POST", path, data="").status_code == 400
    assert api("GET", path).status_code == 405


def test_without_credentials_nothing_is_called(state: CyclrState, api: Caller) -> None:
    one = installed(state, HUBSPOT, name="CRM", auth_value=None)

    answer = call(api, one, method_of(api, HUBSPOT, "List Contacts"))

    assert answer.status_code == 400
    assert answer.json() == {"Message": "Account connector 'CRM' is not authenticated."}


def test_an_unknown_account_connector_is_a_404(state: CyclrState, api: Caller) -> None:
    number = method_of(api, HUBSPOT, "List Contacts")["Id"]
    foreign = state.install("tidewater-tea", HUBSPOT, auth_value='{"AccessToken": "a"}').id

    for one in ("1", "none", str(foreign)):
        assert api.get(f"/account/connectors/{one}/methods/{number}").status_code == 404
        assert api.get(f"/account/connectors/{one}/test/{number}").status_code == 404


def test_the_ledger_tells_what_was_called_and_whether_it_writes(
    state: CyclrState, api: Caller
) -> None:
    one, add = installed(state, HUBSPOT), method_of(api, HUBSPOT, "Add Contact")
    changes = state.changes

    call(api, one, method_of(api, HUBSPOT, "List Contacts"))
    api("POST", f"/account/connectors/{one.id}/test/{add['Id']}", json={})

    calls = [effect.ids for effect in state.ledger if effect.kind == "call"]
    assert [(ids["method"], ids["writes"], ids["is_test"]) for ids in calls] == [
        ("List Contacts", False, False),
        ("Add Contact", True, True),
    ]
    assert calls[1]["account_connector"] == one.id
    assert calls[1]["method_id"] == add["Id"]
    assert state.changes == changes


# -- who may call --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("POST", "methods/{}"),
        ("GET", "methods/{}"),
        ("POST", "methods/{}/body"),
        ("POST", "test/{}"),
        ("GET", "test/{}"),
    ],
)
def test_an_address_that_is_not_allowed_calls_nothing(
    state: CyclrState, api: Caller, verb: str, path: str
) -> None:
    one = installed(state, HUBSPOT)
    number = method_of(api, HUBSPOT, "List Contacts")["Id"]
    url = f"/account/connectors/{one.id}/{path.format(number)}"
    state.allowed_ips = ["203.0.113.7"]

    refused = api(verb, url, data="{}")
    state.allowed_ips = ["203.0.113.7", "127.0.0.1"]

    assert (refused.status_code, refused.json()) == (403, UNLISTED)
    assert api(verb, url, data="{}").status_code == 200


def test_native_connectors_are_called_from_everywhere(state: CyclrState, api: Caller) -> None:
    path = "/connectors/19047/install"
    native = api("POST", path, json={**KEY, "IsPartnerIntegrationConnector": True}).json()
    usual = api("POST", path, json={**KEY, "Name": "Not ours"}).json()
    number = methods_of(api, 19047)[0]["Id"]
    state.allowed_ips = []

    answers = [
        api.get(f"/account/connectors/{one['Id']}/methods/{number}") for one in (native, usual)
    ]

    assert [answer.status_code for answer in answers] == [200, 403]


def test_everything_else_works_from_everywhere(state: CyclrState, api: Caller) -> None:
    one = installed(state, HUBSPOT)
    state.allowed_ips = []

    assert api.get(f"/account/connectors/{one.id}").status_code == 200
    assert api.get(f"/connectors/{HUBSPOT}/methods").status_code == 200
    assert api.get(f"/account/connectors/{one.id}/properties").status_code == 200


# -- what third parties answer -------------------------------------------------------------------


def test_an_account_connector_has_answers_of_its_own(state: CyclrState, api: Caller) -> None:
    one = installed(state, HUBSPOT)
    listing, adding = (method_of(api, HUBSPOT, n) for n in ("List Contacts", "Add Contact"))
    one.answers[listing["MethodUniqueIdentifier"].upper()] = ["a", None]
    one.answers["*"] = {"Status": 401, "Body": {"error": "revoked"}}

    listed, added = call(api, one, listing), call(api, one, adding)

    assert (listed.status_code, listed.json()) == (200, ["a", None])
    assert (added.status_code, added.json()) == (401, {"error": "revoked"})


def test_an_answer_with_a_status_of_its_own_is_no_http_status(
    state: CyclrState, api: Caller
) -> None:
    one = installed(state, HUBSPOT, name="s")
    one.answers["*"] = {"Status": "posted"}

    assert call(api, one, method_of(api, HUBSPOT, "List Contacts")).json() == {"Status": "posted"}


def test_an_answer_without_content_has_no_body(state: CyclrState, api: Caller) -> None:
    one = installed(state, HUBSPOT)
    one.answers["*"] = {"Status": 204}

    answer = call(api, one, method_of(api, HUBSPOT, "List Contacts"))

    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("name", "status", "value"),
    [
        ("List nobody", 200, []),
        ("Count things", 200, 42),
        ("Get text", 200, "<ok/>"),
        ("Get nothing", 200, None),
        ("Get a refusal", 401, {"error": "The key has been revoked."}),
        ("Get an accident", 502, "Bad Gateway"),
    ],
)
def test_unusual_answers_arrive_as_they_are(
    state: CyclrState, api: Caller, name: str, status: int, value: Any
) -> None:
    one = installed(state, 19002)

    answer = call(api, one, method_of(api, 19002, name))

    assert (answer.status_code, answer.json()) == (status, value)


def test_an_answer_may_be_large(state: CyclrState, api: Caller) -> None:
    one = installed(state, 19002)

    answer = call(api, one, method_of(api, 19002, "List everything"))

    assert 5_000_000 < len(answer.content) < 5_001_000
    assert len({row["id"] for row in answer.json()}) > 10_000


def test_what_sounds_like_reading_may_write(state: CyclrState, api: Caller) -> None:
    one = installed(state, 19002)

    call(api, one, method_of(api, 19002, "Get rid of everything"))

    assert state.ledger[-1].ids["writes"] is True


def test_hostile_methods_are_listed_and_called(state: CyclrState, api: Caller) -> None:
    one = installed(state, 19019)
    found = methods_of(api, 19019)

    answers = [call(api, one, method) for method in found]

    assert '<img src=x onerror="alert(1)">' in {method["Name"] for method in found}
    assert {answer.status_code for answer in answers} == {200}


# -- world files ---------------------------------------------------------------------------------


def described(**method: Any) -> dict[str, Any]:
    """A world file with one connector, one account connector (id 5) and one method (id 71)."""
    return {
        "Format": 1,
        "Credentials": [
            {"ClientId": "desk-demo", "ClientSecret": "demo-secret-not-for-production"}
        ],
        "Connectors": [{"Id": 7, "Name": "Seven"}, {"Id": 8, "Name": "Eight"}],
        "Accounts": [{"Id": SHOP, "Name": "Shop"}],
        "AccountConnectors": [
            {
                "Id": 5,
                "Name": "Seven",
                "Authenticated": True,
                "Simulator": {"AccountId": SHOP, "ConnectorId": 7},
            }
        ],
        "Methods": [
            {
                "Id": 71,
                "MethodUniqueIdentifier": "0D9C3C35-3C57-4F7D-9F62-2F4A4C6B7F88",
                "Name": "Get parcel",
                "Odd": [1],
                **method,
                "Simulator": {"ConnectorId": 7, **method.get("Simulator", {})},
            }
        ],
    }


def caller_of(state: CyclrState) -> Caller:
    session = requests.Session()
    mount(state, session)
    return Caller(state.api_url, session)


def test_a_world_file_lists_exactly_the_methods_of_a_release() -> None:
    document = described(Simulator={"Answer": {"parcel": "p-77"}, "Status": 201})
    api = caller_of(new_state(document))

    [listed] = methods_of(api, 7)
    answer = api("POST", f"/account/connectors/5/methods/{listed['MethodUniqueIdentifier']}")

    assert listed == {
        "Id": 71,
        "MethodUniqueIdentifier": "0D9C3C35-3C57-4F7D-9F62-2F4A4C6B7F88",
        "Name": "Get parcel",
        "Odd": [1],
    }
    assert len(methods_of(api, 8)) >= 3
    assert (answer.status_code, answer.json()) == (201, {"parcel": "p-77"})


def test_an_answer_is_made_of_the_response_fields() -> None:
    fields = [
        {"Id": 1, "ConnectorField": "parcel.[lines].weight", "DataType": "Decimal"},
        {"Id": 2, "ConnectorField": "parcel.[lines].isFragile", "DataType": "Boolean"},
        {"Id": 3, "ConnectorField": "parcel.[tags]"},
        {"Id": 4, "ConnectorField": "total", "DataType": "Integer"},
        {"Id": 5, "ConnectorField": "total.contradiction"},
        {"Id": 6, "Name": "no path"},
        {"Id": 7},
    ]
    api = caller_of(new_state(described(ResponseFields=fields)))

    answers = [api.get("/account/connectors/5/methods/71").json() for _ in range(2)]

    assert answers[0] == answers[1]
    lines = answers[0]["parcel"]["lines"]
    assert [line["isFragile"] for line in lines] == [True, False, True]
    assert all(isinstance(line["weight"], float) for line in lines)
    assert len(answers[0]["parcel"]["tags"]) == 3
    assert isinstance(answers[0]["total"], int)
    assert {"no path", "value"} <= set(answers[0])


def test_fields_without_a_name_above_them_are_a_list() -> None:
    fields = [{"Id": 1, "ConnectorField": "[].id"}]
    api = caller_of(new_state(described(ResponseFields=fields)))

    answer = api.get("/account/connectors/5/methods/71").json()

    assert answer == [{"id": "1001"}, {"id": "1002"}, {"id": "1003"}]


def test_two_methods_with_one_id_are_refused() -> None:
    document = described()
    document["Methods"] *= 2

    with pytest.raises(ValueError, match="71"):
        new_state(document)


@pytest.mark.parametrize("source", ["made up", "given"])
def test_methods_answers_and_addresses_survive_files_and_copies(
    source: str, state: CyclrState, tmp_path: Path
) -> None:
    if source == "given":
        state = new_state(described())
    one = state.installed[SHOP][0]
    one.authenticated = True
    one.answers["*"] = {"ok": True}
    state.allowed_ips = {"127.0.0.1"}
    state.dump(tmp_path / "world.json")

    for again in (load_state(tmp_path / "world.json"), state.copy()):
        api = caller_of(again)
        [number, *_] = [method.id for method in state.methods.of(one.connector)]

        assert again.document() == state.document()
        assert again.allowed_ips == ["127.0.0.1"]
        assert methods_of(api, one.connector_id) == methods_of(caller_of(state), one.connector_id)
        assert api.get(f"/account/connectors/{one.id}/methods/{number}").json() == {"ok": True}


def test_copies_do_not_share_answers(state: CyclrState) -> None:
    twin = state.copy()

    twin.installed[SHOP][0].answers["*"] = 1

    assert state.installed[SHOP][0].answers == {}


def test_made_up_methods_are_not_written_down(state: CyclrState) -> None:
    state.methods.of(state.connectors[HUBSPOT])

    assert "Methods" not in state.document()
    assert new_state(described()).document()["Methods"] == described()["Methods"]
