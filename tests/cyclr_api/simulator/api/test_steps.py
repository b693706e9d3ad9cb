"""Setting steps up in the simulator: prerequisites, mappings, look-ups."""

from __future__ import annotations

from typing import Any

import pytest

from cyclr_api.simulator import CyclrState
from tests.cyclr_api.simulator.conftest import SHOP, Caller
from tests.cyclr_api.simulator.cycle_makers import (
    MALFORMED,
    UNKNOWN,
    join,
    make_cycle,
    make_step,
    method_id,
    start,
)

HUBSPOT, SHOPIFY, MAILCHIMP = 90101, 90102, 90103

LISTS = "Add Subscriber to List"


class Setup:
    """Shopify's orders, by hand, to a contact in MailChimp that nobody has mapped yet."""

    def __init__(self, api: Caller, second: str = "Add Contact") -> None:
        self.api = api
        self.cycle = make_cycle(api)
        self.first = self._step(SHOPIFY, 17199, "List Orders")
        self.second = self._step(MAILCHIMP, 16919, second)
        join(api, self.cycle, self.first, self.second)

    def _step(self, account_connector: int, release: int, method: str) -> str:
        callee = {"AccountConnectorId": account_connector}
        number = method_id(self.api, release, method)
        return make_step(self.api, self.cycle, MethodId=number, **callee)

    def get(self, what: str) -> Any:
        return self.api.get(f"/steps/{self.second}/{what}").json()

    def put(self, what: str, **body: Any) -> Any:
        return self.api.put(f"/steps/{self.second}/{what}", **body).json()

    def cycle_lines(self) -> list[Any]:
        found: list[Any] = self.api.get(f"/cycles/{self.cycle}/prerequisites").json()
        return found


@pytest.fixture
def setup(api: Caller) -> Setup:
    return Setup(api)


@pytest.fixture
def list_step(api: Caller) -> str:
    """The step of Harbour Books whose parameter is looked up; its cycle is stopped."""
    cycle = api.get("/cycles?connectorName=MailChimp").json()[0]["Id"]
    api("PUT", f"/cycles/{cycle}/deactivate", json={})
    steps = api.get(f"/cycles/{cycle}/steps").json()
    return str(next(one["Id"] for one in steps if one["Name"] == LISTS))


# -- what is missing -----------------------------------------------------------------------------


def test_a_cycle_names_the_step_and_the_step_the_field(setup: Setup) -> None:
    email = setup.get("fieldmappings")[0]["Field"]["Id"]

    assert setup.cycle_lines() == [
        {
            "ReasonCode": 30,
            "Reason": "Missing mapping",
            "ObjectType": "Action",
            "ObjectId": setup.second,
        }
    ]
    assert setup.get("prerequisites") == [
        {
            "ReasonCode": 41,
            "Reason": "Missing field mapping",
            "ObjectType": "ConnectorFieldMapping",
            "ObjectId": email,
        }
    ]


def test_a_required_parameter_without_mapping_is_missed(api: Caller) -> None:
    setup = Setup(api, "Get Contact")
    parameter = setup.get("parameters")[0]["Parameter"]["Id"]

    lines = setup.get("prerequisites")
    setup.put(f"parameters/{parameter}", MappingType="StaticValue", Value="7")

    assert [(one["ReasonCode"], one["ObjectType"], one["ObjectId"]) for one in lines] == [
        (40, "Parameter", parameter)
    ]
    assert (setup.get("prerequisites"), setup.cycle_lines()) == ([], [])


@pytest.mark.parametrize(
    ("mapping", "is_enough"),
    [
        ({"MappingType": "StaticValue", "Value": "johntest"}, True),
        ({"MappingType": "StaticValue", "Value": ""}, False),
        ({"MappingType": "StaticValue"}, False),
        ({"MappingType": "Ignore", "Value": "x"}, False),
        ({"MappingType": None, "Value": "x"}, False),
        ({"MappingType": "ValueList", "Value": "x"}, True),
        ({"MappingType": "PreviousStep"}, False),
        ({"MappingType": "PreviousStep", "SourceFieldId": 0}, True),
        ({"MappingType": "Trigger", "TriggerValue": "x"}, True),
        ({"MappingType": "Variable", "Value": "JOVar1"}, True),
    ],
)
def test_a_required_field_is_mapped_when_it_gets_something(
    setup: Setup, mapping: dict[str, Any], is_enough: bool
) -> None:
    field = setup.get("fieldmappings")[0]["Field"]["Id"]

    setup.put(f"fieldmappings/{field}", **mapping)

    assert (setup.cycle_lines() == []) is is_enough


def test_a_step_without_a_method_lacks_nothing(api: Caller) -> None:
    step = make_step(api, make_cycle(api))

    assert api.get(f"/steps/{step}/prerequisites").json() == []


# -- mapped --------------------------------------------------------------------------------------


def test_a_field_mapping_shows_the_field_and_what_is_mapped(setup: Setup) -> None:
    one = setup.get("fieldmappings")[0]

    assert (
        one.pop("Field").items()
        >= {
            "Name": "Email",
            "IsOptional": False,
            "Values": [],
            "TriggerName": None,
            "Triggers": [],
        }.items()
    )
    assert one == {
        "MappingType": None,
        "SourceFieldId": None,
        "SourceStepId": None,
        "TriggerValue": None,
        "TriggerValueDisplayName": None,
        "Value": None,
        "IsLaunchVisible": False,
        "IsEntityIdentifier": False,
    }


def test_a_field_mapping_is_changed_in_part(state: CyclrState, setup: Setup) -> None:
    field = setup.get("fieldmappings")[0]["Field"]["Id"]
    body = {
        "Field": {"Id": field, "ForRequestFormat": True},
        "MappingType": "StaticValue",
        "IsLaunchVisible": False,
        "Value": "johntest",
    }

    first = setup.put(f"fieldmappings/{field}", **body)
    second = setup.put(f"fieldmappings/{field}", IsLaunchVisible="true")

    assert (first["Field"]["Id"], first["Field"]["Name"]) == (field, "Email")
    assert (first["MappingType"], first["Value"], first["IsLaunchVisible"]) == (
        "StaticValue",
        "johntest",
        False,
    )
    assert second == first | {"IsLaunchVisible": True}
    assert setup.get(f"fieldmappings/{field}") == second
    assert state.ledger[-1].ids == {"cycle": setup.cycle, "step": setup.second}


def test_a_parameter_mapping_needs_no_value(api: Caller) -> None:
    setup = Setup(api, "Get Contact")
    parameter = setup.get("parameters")[0]["Parameter"]["Id"]

    changed = setup.put(f"parameters/{parameter}", MappingType="StaticValue")

    assert (changed["MappingType"], changed["Value"]) == ("StaticValue", None)
    assert setup.get(f"parameters/{parameter}") == changed


def test_earlier_steps_offer_the_fields_of_their_answers(setup: Setup, api: Caller) -> None:
    fields = setup.get("fieldsformapping")

    assert [one["Name"] for one in fields] == [
        "Id",
        "Customer Id",
        "Status",
        "Total",
        "Currency",
        "Placed At",
    ]
    assert api.get(f"/steps/{setup.first}/fieldsformapping").json() == []


def test_a_running_cycles_mappings_stay_as_they_are(setup: Setup, api: Caller) -> None:
    field = setup.get("fieldmappings")[0]["Field"]["Id"]
    setup.put(f"fieldmappings/{field}", MappingType="StaticValue", Value="x")
    start(api, setup.cycle)

    answer = api.put(f"/steps/{setup.second}/fieldmappings/{field}", Value="y")

    assert answer.status_code == 409
    assert setup.get(f"fieldmappings/{field}")["Value"] == "x"


def test_a_new_method_has_nothing_mapped(setup: Setup, api: Caller) -> None:
    path = f"/cycles/{setup.cycle}/steps/{setup.second}"

    api.put(path, MethodId=method_id(api, 16919, "Get Contact"))

    assert setup.get("fieldmappings") == []
    assert [one["MappingType"] for one in setup.get("parameters")] == [None]


# -- looked up -----------------------------------------------------------------------------------


def test_a_parameter_is_looked_up(api: Caller, list_step: str) -> None:
    parameter = api.get(f"/steps/{list_step}/parameters").json()[0]["Parameter"]
    trigger = parameter["Triggers"][0]
    path = f"/steps/{list_step}/parameters/{parameter['Id']}/lookup"

    found = api("POST", path, json={"TriggerId": trigger["TriggerId"]})
    as_text = api("POST", path, json={"TriggerId": str(trigger["TriggerId"])})

    assert trigger == {
        "TriggerId": 4490,
        "AccountConnectorId": MAILCHIMP,
        "MethodId": 3666602,
        "Name": "Look up lists",
        "HumanReadableKey": "[lists].name",
        "IdentifierKey": "[lists].id",
        "SubTriggers": [],
        "EntityId": parameter["Id"],
    }
    assert found.json() == [
        {"Name": "Newsletter", "Value": "a78f86e7d7"},
        {"Name": "Wholesale customers", "Value": "0c1d2e3f4a"},
    ]
    assert as_text.json() == found.json()


@pytest.mark.parametrize(
    ("parameter", "trigger", "status"),
    [
        (366660101, 123, 404),
        (366660101, "123", 404),
        (123, 4490, 404),
        ("XXX", 4490, 400),
        (366660101, "XXX", 400),
        (366660101, None, 400),
        (366660101, [4490], 400),
    ],
)
def test_only_what_there_is_is_looked_up(
    api: Caller, list_step: str, parameter: Any, trigger: Any, status: int
) -> None:
    path = f"/steps/{list_step}/parameters/{parameter}/lookup"

    assert api("POST", path, json={"TriggerId": trigger}).status_code == status


def test_a_look_up_needs_an_authenticated_connector(
    state: CyclrState, api: Caller, list_step: str
) -> None:
    state.deauthenticate(MAILCHIMP)

    answer = api(
        "POST", f"/steps/{list_step}/parameters/366660101/lookup", json={"TriggerId": 4490}
    )

    assert answer.status_code == 400


def test_a_look_up_needs_a_connector_that_is_there(
    state: CyclrState, api: Caller, list_step: str
) -> None:
    state.delete(MAILCHIMP)
    path = f"/steps/{list_step}/parameters/366660101"

    assert api.get(path).json()["Parameter"]["Triggers"][0]["AccountConnectorId"] == MAILCHIMP
    assert api("POST", f"{path}/lookup", json={"TriggerId": 4490}).status_code == 400


def test_a_parameter_uses_the_trigger_of_its_connector(state: CyclrState, api: Caller) -> None:
    """Where the parameter only gives the trigger's name, as methods of the catalogue may do."""
    one = state.install(SHOP, 19016)
    state.authenticate(one.id)
    parameter = {"Id": 5, "Name": "Warehouse", "TriggerName": "List warehouses"}
    step = {"Id": UNKNOWN, "AccountConnectorId": one.id, "Method": {"Parameters": [parameter]}}
    state.cycles.add(Name="x", Simulator={"AccountId": SHOP, "Steps": [step]})

    shown = api.get(f"/steps/{UNKNOWN}/parameters/5").json()["Parameter"]
    found = api("POST", f"/steps/{UNKNOWN}/parameters/5/lookup", json={"TriggerId": 4411}).json()

    assert [trigger["TriggerId"] for trigger in shown["Triggers"]] == [4411]
    assert found
    assert all(row["Name"] and row["Value"] for row in found)


def test_custom_fields_are_looked_for(api: Caller, list_step: str) -> None:
    assert api("POST", f"/steps/{list_step}/fieldmappings/lookup", json={}).status_code == 200


# -- ids -----------------------------------------------------------------------------------------


PATHS = [
    ("GET", "prerequisites"),
    ("GET", "fieldsformapping"),
    ("GET", "fieldmappings"),
    ("GET", "fieldmappings/123"),
    ("PUT", "fieldmappings/123"),
    ("POST", "fieldmappings/lookup"),
    ("GET", "parameters"),
    ("GET", "parameters/123"),
    ("PUT", "parameters/123"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_an_unknown_step_is_not_found_and_a_malformed_one_refused(
    api: Caller, method: str, path: str
) -> None:
    assert api(method, f"/steps/{UNKNOWN}/{path}", json={}).status_code == 404
    assert api(method, f"/steps/{MALFORMED}/{path}", json={}).status_code == 400


@pytest.mark.parametrize("kind", ["fieldmappings", "parameters"])
@pytest.mark.parametrize(
    ("target", "status"),
    [("123", 404), ("1234", 404), ("-1", 404), ("XXX", 400), ("1.5", 400), ("99999999999", 400)],
)
def test_a_field_id_is_a_number(
    setup: Setup, api: Caller, kind: str, target: str, status: int
) -> None:
    path = f"/steps/{setup.second}/{kind}/{target}"

    assert api.get(path).status_code == status
    assert api.put(path, MappingType="StaticValue", Value="johntest").status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {"Field": {"Id": "XXX"}},
        {"Field": 7},
        {"MappingType": "Telepathy"},
        {"MappingType": 99},
        {"Value": ["x"]},
        {"SourceStepId": "x"},
        {"SourceFieldId": "x"},
        {"IsLaunchVisible": "x"},
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(setup: Setup, body: dict[str, Any]) -> None:
    field = setup.get("fieldmappings")[0]["Field"]["Id"]
    path = f"/steps/{setup.second}/fieldmappings/{field}"

    assert setup.api.put(path, **body).status_code == 400
    assert setup.api.put(f"/steps/{UNKNOWN}/fieldmappings/{field}", **body).status_code == 400


def test_steps_of_other_accounts_are_not_found(setup: Setup, api: Caller) -> None:
    api.account = "tidewater-tea"

    assert api.get(f"/steps/{setup.second}/prerequisites").status_code == 404
