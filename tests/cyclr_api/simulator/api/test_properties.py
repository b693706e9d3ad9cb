"""Properties and custom fields of account connectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cyclr_api.simulator import CyclrState, load_state, new_state
from tests.cyclr_api.simulator.conftest import SHOP, Caller

ABSENT = 999_999_999


@pytest.fixture
def one(state: CyclrState) -> int:
    """An account connector of Parcel Desk with two properties."""
    return state.install(SHOP, 19000, properties={"Region": "eu", "SigningKey": "s"}).id


@pytest.fixture
def path(one: int) -> str:
    return f"/account/connectors/{one}/properties"


# -- properties ----------------------------------------------------------------------------------


def test_properties_are_listed_in_any_order(api: Caller, one: int, path: str) -> None:
    listed = api.get(path).json()
    backwards = api.get(f"{path}?orderBy=Name&sortOrderAsc=false").json()

    assert listed == api.get(f"/account/connectors/{one}").json()["Properties"]
    assert [set(entry) for entry in listed] == [{"Name", "Value", "Id", "AccountConnectorId"}] * 2
    assert {entry["AccountConnectorId"] for entry in listed} == {one}
    assert [entry["Name"] for entry in backwards] == ["SigningKey", "Region"]
    assert api.get(f"{path}?page=2&pageSize=1").json() == listed[1:]


def test_a_property_takes_any_name(api: Caller, one: int, path: str) -> None:
    added = api("POST", path, json={"Name": "AnyName", "Value": "1", "Id": 0})

    entry = added.json()
    number = entry.pop("Id")
    assert entry == {"Name": "AnyName", "Value": "1", "AccountConnectorId": one}
    assert api.get(f"{path}/{number}").json() == added.json()
    assert added.json() in api.get(f"/account/connectors/{one}").json()["Properties"]


def test_a_property_may_be_there_twice_and_the_first_counts(
    state: CyclrState, api: Caller, one: int, path: str
) -> None:
    added = api("POST", path, json={"Name": "Region", "Value": "us", "Id": 0})

    assert added.status_code == 200
    assert len(api.get(path).json()) == 3
    assert state.find_installed(one).value_of("Region") == "eu"


@pytest.mark.parametrize(
    ("value", "kept"),
    [(5, "5"), (1.5, "1.5"), (True, "True"), (None, None), ("", ""), ("\ud800\x00", "\ud800\x00")],
)
def test_values_become_text(api: Caller, path: str, value: Any, kept: str | None) -> None:
    added = api("POST", path, json={"Name": "x", "Value": value})

    assert added.json()["Value"] == kept
    assert api.get(f"{path}/{added.json()['Id']}").json()["Value"] == kept


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"Name": null}',
        '{"Name": "  "}',
        '{"Name": []}',
        '{"Name": "x", "Value": []}',
        '{"Name": "x", "Value": {}}',
        "{",
    ],
)
def test_a_property_needs_a_name_and_a_plain_value(api: Caller, path: str, body: str) -> None:
    assert api("POST", path, data=body).status_code == 400
    assert len(api.get(path).json()) == 2


def test_a_property_is_changed_in_part(state: CyclrState, api: Caller, one: int, path: str) -> None:
    number = api.get(path).json()[0]["Id"]
    body = {"Name": "Region", "Value": "us", "Id": number}

    assert api.put(f"{path}/{number}", **body).json() == {**body, "AccountConnectorId": one}
    assert api.put(f"{path}/{number}", Name="Zone").json()["Value"] == "us"
    assert api.put(f"{path}/{number}", Value=None).json()["Name"] == "Zone"
    assert api.put(f"{path}/{number}", Name="").status_code == 400
    assert state.find_installed(one).value_of("Zone") is None
    assert [effect.kind for effect in state.ledger] == ["install", "update", "update", "update"]


def test_a_deleted_property_is_gone(api: Caller, one: int, path: str) -> None:
    first, second = api.get(path).json()

    assert api("DELETE", f"{path}/{first['Id']}").status_code == 200
    assert api("DELETE", f"{path}/{first['Id']}").status_code == 404
    assert api.get(f"{path}/{first['Id']}").status_code == 404
    assert api.get(f"/account/connectors/{one}").json()["Properties"] == [second]


@pytest.mark.parametrize("number", [str(ABSENT), "none", "-1", "1.5", "9" * 40])
def test_an_unknown_property_is_a_404(api: Caller, path: str, number: str) -> None:
    assert api.get(f"{path}/{number}").status_code == 404
    assert api.put(f"{path}/{number}", Name="x").status_code == 404
    assert api("DELETE", f"{path}/{number}").status_code == 404


@pytest.mark.parametrize("what", ["properties", "fields"])
def test_an_unknown_account_connector_has_neither(
    state: CyclrState, api: Caller, what: str
) -> None:
    foreign = state.installed["shop-1043.example"][0].id

    for number in (ABSENT, foreign, "none"):
        path = f"/account/connectors/{number}/{what}"
        assert api.get(path).status_code == 404
        assert api("POST", path, json={"Name": "x", "ConnectorField": "x"}).status_code == 404
        assert api.get(f"{path}/1").status_code == 404


@pytest.mark.parametrize(
    ("value", "kept"), [(5, "5"), (False, "False"), (None, None), ("\ud800", "\ud800")]
)
def test_an_install_makes_texts_of_its_values(api: Caller, value: Any, kept: str | None) -> None:
    given = [{"Name": "Region", "Value": value}]

    [entry] = api.install(19000, Name="\ud800", Properties=given).json()["Properties"]

    assert entry["Value"] == kept


@pytest.mark.parametrize(
    ("given", "status"),
    [(None, 200), ([], 200), ([None], 400), ("x", 400), ([{"Name": "Region", "Value": []}], 400)],
)
def test_an_install_takes_properties_as_a_list_or_not_at_all(
    api: Caller, given: Any, status: int
) -> None:
    assert api.install(19000, Properties=given).status_code == status


def test_a_change_needs_a_body(api: Caller, one: int) -> None:
    assert api("PUT", f"/account/connectors/{one}").status_code == 400


# -- custom fields -------------------------------------------------------------------------------

FIELD = {
    "ConnectorField": "a.b.[c].d",
    "SystemField": "custom_1",
    "DisplayName": "Gift note",
    "Description": None,
    "DataType": "Text",
    "DataTypeFormat": None,
    "MethodUniqueIdentifier": "0d9c3c35-3c57-4f7d-9f62-2f4a4c6b7f88",
    "EntityIdentifier": None,
    "ForRequestFormat": True,
}


@pytest.fixture
def fields(one: int) -> str:
    return f"/account/connectors/{one}/fields"


def test_a_custom_field_is_kept_as_given(api: Caller, one: int, fields: str) -> None:
    assert api.get(fields).json() == []

    added = api("POST", fields, json=FIELD).json()

    assert added == {**FIELD, "Id": added["Id"]}
    assert api.get(f"{fields}/{added['Id']}").json() == added
    assert api.get(f"{fields}?orderBy=DisplayName").json() == [added]
    assert api.get(f"/account/connectors/{one}").json()["CustomFields"] == [added]


def test_what_a_custom_field_does_not_say_is_made_up(api: Caller, fields: str) -> None:
    added = api("POST", fields, json={"connectorfield": "a", "DisplayName": 5}).json()

    assert set(added) == {*FIELD, "Id"}
    assert (added["DataType"], added["ForRequestFormat"]) == ("Text", False)
    assert (added["DisplayName"], added["SystemField"]) == ("5", None)


def test_a_custom_field_is_changed_in_part(api: Caller, fields: str) -> None:
    added = api("POST", fields, json=FIELD).json()
    path = f"{fields}/{added['Id']}"

    changed = api.put(path, DisplayName="Note", ForRequestFormat=False, ConnectorField=None)

    assert changed.json() == {**added, "DisplayName": "Note", "ForRequestFormat": False}
    assert api.get(path).json() == changed.json()


def test_a_deleted_custom_field_leaves_an_empty_list(api: Caller, fields: str) -> None:
    number = api("POST", fields, json=FIELD).json()["Id"]

    assert api("DELETE", f"{fields}/{number}").status_code == 200
    assert api("DELETE", f"{fields}/{number}").status_code == 404
    assert api.get(f"{fields}/{number}").status_code == 404
    assert api.get(fields).json() == []


@pytest.mark.parametrize(
    ("number", "status"),
    [(str(ABSENT), 404), ("9" * 40, 404), ("none", 400), ("-1", 400), ("1.5", 400), ("%00", 400)],
)
def test_a_field_that_is_not_there_is_refused(
    api: Caller, fields: str, number: str, status: int
) -> None:
    assert api.get(f"{fields}/{number}").status_code == status
    assert api.put(f"{fields}/{number}", DisplayName="x").status_code == status
    assert api("DELETE", f"{fields}/{number}").status_code == status


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "{}",
        '{"ConnectorField": ""}',
        '{"ConnectorField": []}',
        '{"ConnectorField": "a", "MethodUniqueIdentifier": "123"}',
    ],
)
def test_a_field_that_makes_no_sense_is_refused(api: Caller, fields: str, body: str) -> None:
    assert api("POST", fields, data=body).status_code == 400
    assert api.get(fields).json() == []


# -- both ----------------------------------------------------------------------------------------


def test_both_survive_files_and_copies(
    state: CyclrState, api: Caller, path: str, fields: str, tmp_path: Path
) -> None:
    last = api("POST", path, json={"Name": "last", "Value": "1"}).json()["Id"]
    field = api("POST", fields, json=FIELD).json()["Id"]
    state.dump(tmp_path / "world.json")

    for again in (load_state(tmp_path / "world.json"), state.copy()):
        assert again.document() == state.document()
        other = again.installed[SHOP][-1]
        assert again.account_connectors.add_property(other, "x", None)["Id"] == last + 1
        assert again.account_connectors.add_custom_field(other, {})["Id"] == field + 1
        assert again.document() != state.document()


def test_ids_go_on_after_those_of_a_file_without_next_ids(state: CyclrState, one: int) -> None:
    found = state.find_installed(one)
    found.custom_fields.append({**FIELD, "Id": 40_000})
    document = state.document()
    del document["NextIds"]

    again = new_state(document)

    assert again.account_connectors.add_custom_field(again.find_installed(one), {})["Id"] == 40_001
