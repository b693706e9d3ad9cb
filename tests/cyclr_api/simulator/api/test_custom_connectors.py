"""Connectors that an account defines for itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cyclr_api.simulator import CyclrState, load_state, new_state
from tests.cyclr_api.simulator.conftest import SHOP, Caller

CUSTOM = "/account/connectors/custom"

LISTED = "/connectors?includeCustomConnectors=true&pageSize=1000"

GUID = "5c0f7e0a-64a1-4a54-9a3b-0c8a9d2f1e77"


def definition(**values: Any) -> dict[str, Any]:
    return {"Name": "Shelf Counter", "UniqueIdentifier": GUID, "Version": "1.0", **values}


def define(api: Caller, **values: Any) -> dict[str, Any]:
    answer = api("POST", CUSTOM, json=definition(**values))
    assert answer.status_code == 200
    return dict(answer.json())


def ids_listed(api: Caller, path: str = LISTED) -> set[int]:
    return {one["Id"] for one in api.get(path).json()}


def test_a_definition_becomes_a_connector_of_its_account_only(api: Caller) -> None:
    one = define(api, Authentication=[{"AuthType": "ApiKey"}])

    assert (one["Name"], one["Version"]) == ("Shelf Counter", "1.0")
    assert "Simulator" not in one
    assert api.get(f"{CUSTOM}/{one['Id']}").json() == one
    assert api.get(f"/connectors/{one['Id']}").json() == one
    assert api.get("/connectors/Shelf%20Counter").json() == [one]
    assert one["Id"] in ids_listed(api)
    assert one["Id"] not in ids_listed(api, "/connectors?pageSize=1000")
    api.account = "tidewater-tea"
    assert one["Id"] not in ids_listed(api)
    assert api.get(f"{CUSTOM}/{one['Id']}").status_code == 404
    assert api.get(f"/connectors/{one['Id']}").status_code == 404


def test_an_accounts_own_connectors_are_listed(api: Caller) -> None:
    number = define(api)["Id"]

    assert [one["Id"] for one in api.get(CUSTOM).json()] == [19046, number]
    assert api.get(f"{CUSTOM}/").json() == api.get(CUSTOM).json()
    assert [one["Id"] for one in api.get(f"{CUSTOM}?page=2&pageSize=1").json()] == [number]
    api.account = "tidewater-tea"
    assert api.get(CUSTOM).json() == []


def test_a_definition_is_read_as_its_files_are_written(api: Caller) -> None:
    one = define(
        api,
        Categories=["Ecommerce"],
        Authentication=[{"AuthType": "Basic", "AuthName": "Sign in", "Id": "not a guid"}],
        Parameters=[
            {"DisplayName": "Shop", "TargetName": "shop", "IsSensitive": "true", "Values": None},
            {"Name": "Version", "IsAccountConnectorProperty": False},
        ],
        Triggers=[{"Name": "List aisles"}],
    )

    shop, version = one["Parameters"]
    assert (shop["Name"], shop["TargetName"], shop["IsSensitive"]) == ("Shop", "shop", True)
    assert (version["TargetName"], version["IsAccountConnectorProperty"]) == ("Version", False)
    assert len({shop["Id"], version["Id"]}) == 2
    assert (one["AuthType"], one["Categories"]) == ("Basic", ["Ecommerce"])
    assert [trigger["Name"] for trigger in one["Triggers"]] == ["List aisles"]
    installed = api.install(
        one["Id"],
        AuthValue="dTpw",
        AuthenticationId=one["Authentication"][0]["Id"],
        Properties=[{"Name": "shop", "Value": "7"}],
    )
    assert installed.json()["Authenticated"] is True


def test_a_custom_connector_has_methods_and_triggers(api: Caller) -> None:
    one = define(api, Authentication=[{"AuthType": "None"}], Triggers=[{"Name": "List aisles"}])
    number = api.install(one["Id"]).json()["Id"]
    methods = api.get(f"/connectors/{one['Id']}/methods").json()
    trigger = one["Triggers"][0]["TriggerId"]

    assert len(methods) >= 3
    called = api.get(f"/account/connectors/{number}/methods/{methods[0]['Id']}")
    run = api("POST", f"/account/connectors/{number}/triggers/{trigger}", json={})
    assert called.status_code == 200
    assert run.json()[0] == {"Name": "Aisle 1", "Value": "aisle-1"}


def test_a_draft_is_not_installed(api: Caller) -> None:
    number = define(api, ReleaseStatus="Draft")["Id"]

    answer = api.install(number)

    assert number in ids_listed(api)
    assert answer.status_code == 400
    assert answer.json() == {"Message": f"Connector {number} is a draft and cannot be installed."}


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "null",
        "[]",
        "1",
        "{",
        "{}",
        '{"Name": "x"}',
        '{"Name": "x", "UniqueIdentifier": ""}',
        '{"Name": "x", "UniqueIdentifier": "123"}',
        '{"Name": "x", "UniqueIdentifier": null}',
        '{"Name": "x", "UniqueIdentifier": []}',
    ],
)
def test_a_definition_needs_a_guid(state: CyclrState, api: Caller, body: str) -> None:
    count = len(state.connectors)

    assert api("POST", CUSTOM, data=body).status_code == 400
    assert len(state.connectors) == count
    assert state.ledger == []


@pytest.mark.parametrize("name", [{}, {"Name": None}, {"Name": ""}, {"Name": "  "}])
def test_a_definition_needs_a_name(api: Caller, name: dict[str, Any]) -> None:
    answer = api("POST", f"{CUSTOM}/", json={"UniqueIdentifier": GUID, **name})

    assert answer.status_code == 400
    assert answer.content == b'{"Message":"Invalid connector: (Column \'Name\' cannot be null)"}'


@pytest.mark.parametrize(
    "values",
    [
        {"Categories": "x"},
        {"Categories": [[]]},
        {"Parameters": {}},
        {"Parameters": [1]},
        {"Parameters": [{"Values": {}}]},
        {"Authentication": "x"},
        {"Authentication": [None]},
        {"Triggers": 5},
        {"Version": []},
        {"Name": {}},
    ],
)
def test_a_definition_of_the_wrong_types_is_refused(api: Caller, values: dict[str, Any]) -> None:
    assert api("POST", CUSTOM, json=definition(**values)).status_code == 400


@pytest.mark.parametrize("name", ["\ud800", "a\x00b", "<script>", "n" * 100_000, "12345", 5])
def test_hostile_names_are_kept(api: Caller, name: Any) -> None:
    one = define(api, Name=name, Version="\ud800")

    assert one["Name"] == str(name)
    assert one["Id"] in ids_listed(api)
    assert len(api.get(f"/connectors/{one['Id']}/methods").json()) >= 3
    assert api.install(one["Id"]).json()["Name"] == str(name)


def test_a_unique_identifier_is_used_once_in_an_account(api: Caller) -> None:
    number = define(api)["Id"]

    assert api("POST", CUSTOM, json=definition(UniqueIdentifier=GUID.upper())).status_code == 400
    api.account = "tidewater-tea"
    assert define(api)["Id"] != number


def test_an_account_must_be_named(api: Caller) -> None:
    api.account = ""

    assert api.get(CUSTOM).status_code == 401
    assert api("POST", CUSTOM, json=definition()).status_code == 401
    assert api("DELETE", f"{CUSTOM}/19046", json={}).status_code == 401


def test_a_deleted_connector_is_gone_from_everywhere(
    state: CyclrState, api: Caller, tmp_path: Path
) -> None:
    number = define(api)["Id"]
    installed = api.install(number).json()["Id"]
    method = api.get(f"/connectors/{number}/methods").json()[0]["Id"]

    assert api("DELETE", f"{CUSTOM}/{number}", json={}).status_code == 200

    assert number not in ids_listed(api)
    assert api.get("/connectors/Shelf%20Counter").json() == []
    gone = [
        f"{CUSTOM}/{number}",
        f"/connectors/{number}",
        f"/connectors/{number}/methods",
        f"/methods/{method}",
        f"/account/connectors/{installed}",
    ]
    assert {api.get(path).status_code for path in gone} == {404}
    assert api("DELETE", f"{CUSTOM}/{number}").status_code == 404
    assert [e.kind for e in state.ledger] == ["connector", "install", "delete", "connector_delete"]
    state.dump(tmp_path / "world.json")
    assert load_state(tmp_path / "world.json").document() == state.document()
    assert define(api)["Id"] != number


@pytest.mark.parametrize("number", ["1", "19000", "19023", "none", "-1", "9" * 40])
def test_what_is_no_custom_connector_of_the_account_is_a_404(api: Caller, number: str) -> None:
    assert api.get(f"{CUSTOM}/{number}").status_code == 404
    assert api("DELETE", f"{CUSTOM}/{number}", json={}).status_code == 404


def test_an_accounts_connectors_go_with_the_account(state: CyclrState, api: Caller) -> None:
    number = define(api)["Id"]

    assert api("DELETE", f"/accounts/{SHOP}").status_code == 200

    assert not {number, 19046} & set(state.connectors)


def test_given_methods_go_with_their_connector() -> None:
    state = new_state(
        {
            "Format": 1,
            "Connectors": [{"Id": 7, "Name": "Seven", "Simulator": {"AccountId": "a"}}],
            "Accounts": [{"Id": "a"}],
            "Methods": [{"Id": 71, "Name": "Get", "Simulator": {"ConnectorId": 7}}],
        }
    )

    state.drop_connector(state.connectors[7])

    assert state.methods.numbered(71) is None
    assert "Methods" not in state.document()


def test_defined_connectors_survive_files_and_copies(
    state: CyclrState, api: Caller, tmp_path: Path
) -> None:
    one = define(api, ReleaseStatus="Draft", Name="\ud800")
    state.dump(tmp_path / "world.json")

    for again in (load_state(tmp_path / "world.json"), state.copy()):
        assert again.document() == state.document()
        assert again.connectors.visible(one["Id"], SHOP).release == "Draft"
