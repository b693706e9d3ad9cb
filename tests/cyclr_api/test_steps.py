"""Steps, edges and mappings: what is sent, and what becomes of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api import (
    Choice,
    ConflictError,
    Edge,
    MappedField,
    NotFoundError,
    OutcomeUnknownError,
    Prerequisite,
    RefusedError,
    Step,
    StepMapping,
    TemporaryError,
    Trigger,
    UndecodableError,
    UnexpectedAnswerError,
    UnsendableError,
)
from cyclr_api.accounts import AccountApi
from cyclr_api.simulator import demo_state
from tests.cyclr_api.mounted import client_of as mounted_client
from tests.cyclr_api.raw_server import client_of, reply, reset, serve

ACCOUNT = "acme/eu"
CYCLE_ID = "2d4f7c19-1f6a-4a77-8c51-3e9bb0a6d001"
ID = "b2c7b6d4-94b2-45f1-9b0d-7d0f5a3c1e02"
OTHER_ID = "c3d8c7e5-05c3-4602-8c1e-8e1f6b4d2f13"
EDGE_ID = "d4e9d8f6-16d4-4713-9d2f-9f2a7c5e3a24"
CANARY = "canary-3b90"

STEP = {
    "Id": ID,
    "Name": "Create parcel",
    "Description": None,
    "ActionType": "Action",
    "AccountConnector": {"Id": 90412, "Name": "Parcels", "AuthValue": CANARY},
    "Method": {
        "Id": 36666,
        "Name": "Create Parcel",
        "Parameters": [{"Id": 16017, "Name": "Depot"}],
        "RequestFields": [{"Id": 283792, "Name": "Email"}],
    },
    "DisplayPositionLeft": 40,
}
EDGE = {"Id": EDGE_ID, "HeadStepId": ID, "TailStepId": OTHER_ID, "EdgeType": "Forward"}
FIELD = {
    "Id": 283792,
    "Name": "Email",
    "Description": None,
    "IsOptional": False,
    "DataType": "Undefined",
    "TriggerName": "Look up people",
    "Values": ["a@shop.example", "b@shop.example"],
    "DisplayOrder": 1,
    "Triggers": [{"TriggerId": 7, "Name": "Look up people", "MethodId": 36666, "SubTriggers": []}],
}
MAPPING = {
    "Field": FIELD,
    "MappingType": "StaticValue",
    "SourceFieldId": None,
    "SourceStepId": None,
    "TriggerValue": None,
    "TriggerValueDisplayName": None,
    "Value": CANARY,
    "IsLaunchVisible": False,
}

Part = Callable[[Any], Any]
"""Carries out an operation of an account."""


# ---- what is read ----


def test_a_step_is_read_with_its_connector_and_method() -> None:
    step = Step.from_json(STEP)

    assert (step.id, step.name, step.description, step.action_type) == (
        ID,
        "Create parcel",
        None,
        "Action",
    )
    assert step.account_connector is not None and step.account_connector.name == "Parcels"
    assert step.method is not None
    assert [field.id for field in step.method.parameters] == [16017]
    assert [field.id for field in step.method.request_fields] == [283792]
    assert step.extra == {"DisplayPositionLeft": 40}
    assert CANARY not in str((step, step.extra, step.account_connector.extra))


@pytest.mark.parametrize("nothing", [None, [], "x", {}, {"Id": 0}])
def test_a_step_without_connector_is_a_step(nothing: object) -> None:
    step = Step.from_json({"Id": ID, "ActionType": 4, "AccountConnector": nothing, "Method": None})

    assert step == Step(id=ID, action_type="4")


def test_a_mapping_is_read_with_what_it_maps_into() -> None:
    mapping = StepMapping.from_json(MAPPING)

    assert mapping == StepMapping(
        target=MappedField(
            id=283792,
            name="Email",
            is_optional=False,
            data_type="Undefined",
            values=("a@shop.example", "b@shop.example"),
            trigger_name="Look up people",
            triggers=(Trigger(7, "Look up people"),),
            display_order=1,
        ),
        mapping_type="StaticValue",
        value=CANARY,
        is_launch_visible=False,
    )
    assert mapping.target.triggers[0].extra == {"MethodId": 36666, "SubTriggers": []}
    assert CANARY not in repr(mapping)


def test_a_parameter_is_mapped_like_a_field() -> None:
    mapping = StepMapping.from_json(
        {
            "Parameter": {"Id": "16017", "Name": "Depot", "Values": None},
            "IsEntityIdentifier": "true",
            "SourceStepId": ID,
            "SourceFieldId": 5,
            "TriggerValue": "d-1",
            "TriggerValueDisplayName": "Leeds",
        }
    )

    assert mapping == StepMapping(
        target=MappedField(16017, "Depot"),
        source_step_id=ID,
        source_field_id=5,
        trigger_value="d-1",
        trigger_value_name="Leeds",
        is_entity_identifier=True,
    )


@pytest.mark.parametrize(
    ("mapping_type", "is_optional", "is_missing"),
    [
        (None, False, True),
        ("Ignore", False, True),
        ("", False, True),
        ("StaticValue", False, False),
        (None, True, False),
        ("Ignore", None, False),
    ],
)
def test_only_what_is_required_can_be_missing(
    mapping_type: str | None, is_optional: bool | None, is_missing: bool
) -> None:
    mapping = StepMapping(MappedField(1, is_optional=is_optional), mapping_type)

    assert mapping.is_missing is is_missing


def test_a_field_whose_answer_is_laid_out_otherwise_is_kept_as_it_is() -> None:
    field = MappedField.from_json({"Step": {"Id": ID, "Fields": [{"Id": 5}]}})

    assert field == MappedField(None)
    assert field.extra == {"Step": {"Id": ID, "Fields": [{"Id": 5}]}}


@pytest.mark.parametrize(
    ("value", "choice"),
    [
        ({"Name": "Leeds", "Value": "d-1"}, Choice("Leeds", "d-1")),
        ({"Name": "Leeds", "Value": 1}, Choice("Leeds", "1")),
        ({"Value": "d-1"}, Choice("d-1", "d-1")),
        ({"name": "Leeds", "value": None}, Choice("Leeds", "Leeds")),
        ({"Name": "none", "Value": ""}, Choice("none", "")),
        ({}, Choice("", "")),
    ],
)
def test_a_choice_has_a_name_and_a_value(value: object, choice: Choice) -> None:
    assert Choice.from_json(value) == choice


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = sorted({*STEP, *EDGE, *FIELD, *MAPPING, "Parameter", "Value", "Name"})
KINDS: list[Any] = [Choice, Edge, MappedField, Step, StepMapping]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(value=JSON, fields=st.dictionaries(st.sampled_from(NAMES), JSON))
def test_nothing_that_cyclr_may_send_is_a_surprise(
    kind: Any, value: object, fields: dict[str, Any]
) -> None:
    for answer in (value, fields, {"Id": ID, "Field": {}, **fields}):
        try:
            kind.from_json(answer)
        except UndecodableError:
            continue


# ---- calls ----

ALL = "all"
"""Marks a list, which is read until a page has nothing new."""

CALLS: dict[str, tuple[Part, str, str, object, object, object]] = {
    # the operation, and then: method, path, body; the answer, and what becomes of it
    "steps": (
        lambda account: account.cycle(CYCLE_ID).steps.all(),
        "GET",
        f"/cycles/{CYCLE_ID}/steps",
        ALL,
        [STEP],
        [Step.from_json(STEP)],
    ),
    "a step": (
        lambda account: account.cycle(CYCLE_ID).steps.get(ID),
        "GET",
        f"/cycles/{CYCLE_ID}/steps/{ID}",
        None,
        [STEP],
        Step.from_json(STEP),
    ),
    "add a step": (
        lambda account: account.cycle(CYCLE_ID).steps.add(
            name="Wait", action_type=4, description="x", more={"DisplayPositionTop": 1}
        ),
        "POST",
        f"/cycles/{CYCLE_ID}/steps",
        {"DisplayPositionTop": 1, "Name": "Wait", "Description": "x", "ActionType": 4},
        STEP,
        Step.from_json(STEP),
    ),
    "change a step": (
        lambda account: account.cycle(CYCLE_ID).steps.change(
            ID, action_type="Action", description="x"
        ),
        "PUT",
        f"/cycles/{CYCLE_ID}/steps/{ID}",
        {"ActionType": "Action", "Description": "x"},
        STEP,
        Step.from_json(STEP),
    ),
    "rename a step": (
        lambda account: account.cycle(CYCLE_ID).steps.change(
            ID, action_type="Action", name="y", description=None, more={"Name": "z", "Extra": 1}
        ),
        "PUT",
        f"/cycles/{CYCLE_ID}/steps/{ID}",
        {"ActionType": "Action", "Name": "y", "Description": None, "Extra": 1},
        STEP,
        Step.from_json(STEP),
    ),
    "delete a step": (
        lambda account: account.cycle(CYCLE_ID).steps.delete(ID),
        "DELETE",
        f"/cycles/{CYCLE_ID}/steps/{ID}",
        None,
        None,
        None,
    ),
    "edges": (
        lambda account: account.cycle(CYCLE_ID).edges.all(),
        "GET",
        f"/cycles/{CYCLE_ID}/edges",
        ALL,
        [EDGE],
        [Edge(EDGE_ID, ID, OTHER_ID, "Forward")],
    ),
    "an edge": (
        lambda account: account.cycle(CYCLE_ID).edges.get("e 1"),
        "GET",
        f"/cycles/{CYCLE_ID}/edges/e%201",
        None,
        EDGE,
        Edge.from_json(EDGE),
    ),
    "add an edge": (
        lambda account: account.cycle(CYCLE_ID).edges.add(head_step_id=ID, tail_step_id=OTHER_ID),
        "POST",
        f"/cycles/{CYCLE_ID}/edges",
        {"HeadStepId": ID, "TailStepId": OTHER_ID, "EdgeType": "Forward"},
        EDGE,
        Edge.from_json(EDGE),
    ),
    "delete an edge": (
        lambda account: account.cycle(CYCLE_ID).edges.delete(EDGE_ID),
        "DELETE",
        f"/cycles/{CYCLE_ID}/edges/{EDGE_ID}",
        None,
        None,
        None,
    ),
    "prerequisites": (
        lambda account: account.step(ID).prerequisites(),
        "GET",
        f"/steps/{ID}/prerequisites",
        None,
        [{"ReasonCode": 41, "ObjectId": 283792, "ObjectType": "ConnectorFieldMapping"}],
        [Prerequisite(41, "", "ConnectorFieldMapping", 283792)],
    ),
    "fields for mapping": (
        lambda account: account.step(ID).fields_for_mapping(),
        "GET",
        f"/steps/{ID}/fieldsformapping",
        ALL,
        [FIELD],
        [MappedField.from_json(FIELD)],
    ),
    "look up fields": (
        lambda account: account.step(ID).look_up_fields(),
        "POST",
        f"/steps/{ID}/fieldmappings/lookup",
        {},
        None,
        None,
    ),
    "field mappings": (
        lambda account: account.step(ID).field_mappings.all(),
        "GET",
        f"/steps/{ID}/fieldmappings",
        ALL,
        [MAPPING],
        [StepMapping.from_json(MAPPING)],
    ),
    "a field mapping": (
        lambda account: account.step(ID).field_mappings.get(283792),
        "GET",
        f"/steps/{ID}/fieldmappings/283792",
        None,
        MAPPING,
        StepMapping.from_json(MAPPING),
    ),
    "map a field": (
        lambda account: account.step(ID).field_mappings.change(
            283792, mapping_type="StaticValue", value="x", is_launch_visible=False
        ),
        "PUT",
        f"/steps/{ID}/fieldmappings/283792",
        {"MappingType": "StaticValue", "Value": "x", "IsLaunchVisible": False},
        MAPPING,
        StepMapping.from_json(MAPPING),
    ),
    "map a parameter": (
        lambda account: account.step(ID).parameters.change(
            16017,
            mapping_type="Other",
            value=None,
            source_step_id=OTHER_ID,
            source_field_id=5,
            trigger_value="d-1",
            trigger_value_name="Leeds",
        ),
        "PUT",
        f"/steps/{ID}/parameters/16017",
        {
            "MappingType": "Other",
            "Value": None,
            "SourceStepId": OTHER_ID,
            "SourceFieldId": 5,
            "TriggerValue": "d-1",
            "TriggerValueDisplayName": "Leeds",
        },
        MAPPING,
        StepMapping.from_json(MAPPING),
    ),
    "parameters": (
        lambda account: account.step(ID).parameters.all(),
        "GET",
        f"/steps/{ID}/parameters",
        ALL,
        [],
        [],
    ),
    "look up choices": (
        lambda account: account.step(ID).parameters.look_up(16017, 7),
        "POST",
        f"/steps/{ID}/parameters/16017/lookup",
        {"TriggerId": 7},
        [{"Name": "Leeds", "Value": "d-1"}],
        [Choice("Leeds", "d-1")],
    ),
}


@pytest.mark.parametrize(
    ("part", "method", "path", "body", "answer", "result"), CALLS.values(), ids=CALLS
)
def test_a_call_is_sent_and_its_answer_read(
    part: Part, method: str, path: str, body: object, answer: object, result: object
) -> None:
    with serve(reply(200, answer)) as server:
        got = part(client_of(server).account(ACCOUNT))

    call = server.calls[0]
    assert (call.method, urlsplit(call.target).path) == (method, f"/v1.0{path}")
    assert call.headers["x-cyclr-account"] == ACCOUNT.encode()
    assert got == result
    if body is not ALL:
        assert (json.loads(call.body) if call.body else None) == body
        assert len(server.calls) == 1


def test_a_list_is_read_to_its_end_if_cyclr_pages_it() -> None:
    other = {**STEP, "Id": OTHER_ID}
    with serve(reply(200, [STEP]), reply(200, [other]), reply(200, [])) as server:
        steps = client_of(server).account(ACCOUNT).cycle(CYCLE_ID).steps.all(only_actions=True)

    assert [step.id for step in steps] == [ID, OTHER_ID]
    assert all("filter=action" in call.target for call in server.calls)


def test_a_list_with_what_cannot_be_read_is_an_error() -> None:
    with serve(reply(200, [MAPPING, {"Value": "x"}])) as server:
        mappings = client_of(server).account(ACCOUNT).step(ID).field_mappings
        with pytest.raises(UnexpectedAnswerError):
            mappings.all()


# ---- with the simulator ----


@pytest.fixture
def account() -> AccountApi:
    """An account with connectors, in the support desk's Cyclr."""
    state = demo_state()
    state.api_url = "https://api.cyclr.test"
    return mounted_client(state).account("shop-1042.example")


def test_steps_are_made_joined_and_removed(account: AccountApi) -> None:
    cycle = account.cycle(account.cycles.create(name="By hand").id)
    first = cycle.steps.add(name="Wait", action_type="Delay")
    second = cycle.steps.add(name="Wait more", action_type="Delay", description="long")
    edge = cycle.edges.add(head_step_id=second.id, tail_step_id=first.id)

    changed = cycle.steps.change(first.id, action_type="Delay", name="Wait less")
    joined = cycle.edges.get(edge.id)
    cycle.edges.delete(edge.id)
    cycle.steps.delete(second.id)

    assert (joined, changed.name) == (edge, "Wait less")
    assert (joined.head_step_id, joined.tail_step_id) == (second.id, first.id)
    assert ([step.id for step in cycle.steps.all()], cycle.edges.all()) == ([first.id], [])
    assert cycle.steps.all(only_actions=True) == []
    with pytest.raises(RefusedError):
        cycle.steps.change(first.id, action_type="No such thing")


def test_a_step_is_set_up_with_what_the_third_party_offers(account: AccountApi) -> None:
    template = account.cycles.all()[0].template_id or ""
    cycle = account.cycle(account.templates.install(template, name="Newsletter").id)
    step = account.step(cycle.steps.all()[-1].id)
    (parameter,) = [one for one in step.parameters.all() if one.is_missing]
    (field,) = [one for one in step.field_mappings.all() if one.is_missing]
    assert {lack.object_id for lack in step.prerequisites()} == {
        parameter.target.id,
        field.target.id,
    }

    choices = step.parameters.look_up(
        parameter.target.id or 0, parameter.target.triggers[0].id or 0
    )
    chosen = step.parameters.change(
        parameter.target.id or 0, mapping_type="StaticValue", value=choices[0].value
    )
    step.look_up_fields()
    typed = step.field_mappings.change(
        field.target.id or 0, mapping_type="StaticValue", value="news@shop.example"
    )

    assert (chosen.value, typed.value) == (choices[0].value, "news@shop.example")
    assert step.field_mappings.get(field.target.id or 0) == typed
    assert "Customer Id" in {source.name for source in step.fields_for_mapping()}
    assert step.prerequisites() == cycle.prerequisites() == []


# ---- what goes wrong ----

WRITES: dict[str, Part] = {
    "add a step": lambda account: account.cycle(CYCLE_ID).steps.add(name="x", action_type=4),
    "change a step": lambda account: account.cycle(CYCLE_ID).steps.change(ID, action_type=4),
    "delete a step": lambda account: account.cycle(CYCLE_ID).steps.delete(ID),
    "add an edge": lambda account: account.cycle(CYCLE_ID).edges.add(
        head_step_id=ID, tail_step_id=OTHER_ID
    ),
    "delete an edge": lambda account: account.cycle(CYCLE_ID).edges.delete("e"),
    "map": lambda account: account.step(ID).parameters.change(7, mapping_type="Ignore"),
}


@pytest.mark.parametrize("part", WRITES.values(), ids=WRITES.keys())
def test_a_write_without_an_answer_is_unknown_and_sent_once(part: Part) -> None:
    with serve(reset) as server, pytest.raises(OutcomeUnknownError):
        part(client_of(server).account(ACCOUNT))

    assert len(server.calls) == 1


@pytest.mark.parametrize("part", WRITES.values(), ids=WRITES.keys())
def test_a_running_cycle_is_not_changed(part: Part) -> None:
    with serve(reply(409, {"Message": "No."})) as server, pytest.raises(ConflictError):
        part(client_of(server).account(ACCOUNT))


@pytest.mark.parametrize(
    "part",
    [
        lambda step: step.look_up_fields(),
        lambda step: step.parameters.look_up(16017, 7),
    ],
)
def test_a_look_up_without_an_answer_may_be_asked_again_and_is_not_by_itself(part: Part) -> None:
    with serve(reset) as server, pytest.raises(TemporaryError):
        part(client_of(server).account(ACCOUNT).step(ID))

    assert len(server.calls) == 1


def test_what_the_step_does_not_have_is_not_found() -> None:
    with serve(reply(404)) as server:
        step = client_of(server).account(ACCOUNT).step(ID)
        for part in (
            step.prerequisites,
            lambda: step.field_mappings.get(123),
            lambda: step.parameters.look_up(123, 7),
        ):
            with pytest.raises(NotFoundError):
                part()


@pytest.mark.parametrize("name", ["value", "trigger_value"])
def test_a_value_that_cyclr_quotes_back_does_not_show(name: str) -> None:
    answer = reply(400, {"Message": f"'{CANARY}' is not valid."})
    values: dict[str, Any] = {name: CANARY}
    with serve(answer) as server, pytest.raises(RefusedError) as caught:
        client_of(server).account(ACCOUNT).step(ID).parameters.change(
            7, mapping_type="StaticValue", **values
        )

    assert CANARY not in str(caught.value)


UNSENDABLE: dict[str, Part] = {
    "a step of no GUID": lambda account: account.step("x"),
    "a step of a cycle": lambda account: account.cycle(CYCLE_ID).steps.get("x"),
    "changing a step": lambda account: account.cycle(CYCLE_ID).steps.change("x", action_type=4),
    "deleting a step": lambda account: account.cycle(CYCLE_ID).steps.delete("x"),
    "an edge that is no path": lambda account: account.cycle(CYCLE_ID).edges.get(""),
}


@pytest.mark.parametrize("part", UNSENDABLE.values(), ids=UNSENDABLE.keys())
def test_what_cannot_work_is_not_sent(part: Part) -> None:
    with serve(reply(200, STEP)) as server, pytest.raises(UnsendableError):
        part(client_of(server).account(ACCOUNT))

    assert server.requests == []
