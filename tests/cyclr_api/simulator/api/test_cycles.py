"""Cycles in the simulator: what the real API was seen to do, and where they stop."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cyclr_api.simulator import CyclrState, demo_state, new_state
from tests.cyclr_api.simulator.conftest import SHOP, Caller
from tests.cyclr_api.simulator.cycle_makers import (
    MALFORMED,
    UNKNOWN,
    join,
    make_cycle,
    make_ready_cycle,
    make_step,
    start,
)

HUBSPOT, SHOPIFY, MAILCHIMP = 90101, 90102, 90103

ZERO = "00000000-0000-0000-0000-000000000000"

NEW_CYCLE = {
    "Name": "API Create Test Cycle",
    "Description": "Create cycle with API",
    "Shareable": True,
    "StepErrorAction": "Ignore",
    "LogStepDataRequests": True,
    "CollectionSplitType": "All",
    "Tags": ["API Test"],
}


def reasons(api: Caller, cycle: str) -> list[int]:
    return [line["ReasonCode"] for line in api.get(f"/cycles/{cycle}/prerequisites").json()]


# -- listed --------------------------------------------------------------------------------------


def test_cycles_are_listed_with_the_icons_of_their_connectors(api: Caller) -> None:
    path = "/cycles?pageSize=10&page=1&orderBy=Id&sortOrderAsc=true"

    with_icons = api.get(f"{path}&includeIcons=true").json()
    without = api.get(f"{path}&includeIcons=false").json()

    assert [one["Id"] for one in with_icons] == sorted(one["Id"] for one in with_icons)
    assert with_icons[0]["Connectors"][0]["Icon"].startswith("data:image/png;base64")
    assert without[0]["Connectors"][0]["Icon"] is None
    assert api.get(path).json() == with_icons


def test_cycles_are_listed_by_pages(api: Caller) -> None:
    everything = api.get("/cycles").json()
    pages = [api.get(f"/cycles?pageSize=1&page={n}").json() for n in (1, 2, 3)]

    assert len(everything) == 2
    assert [page[0] for page in pages[:2]] == everything
    assert pages[2] == []


def test_cycles_are_found_by_connector_and_version(api: Caller) -> None:
    both = api.get("/cycles?connectorName=MailChimp&connectorVersion=v3").json()

    assert [one["Name"] for one in both] == ["Orders to newsletter"]
    assert api.get("/cycles?connectorName=mailchimp").json() == []
    assert api.get("/cycles?connectorName=MailChimp&connectorVersion=1.0").json() == []
    assert len(api.get("/cycles?connectorVersion=1.0").json()) == 2


def test_tags_are_spelled_exactly(api: Caller) -> None:
    tagged = make_cycle(api, Tags=["backup_1"])

    assert [one["Id"] for one in api.get("/cycles?tag=backup_1").json()] == [tagged]
    assert api.get("/cycles?tag=Backup_1").json() == []


def test_accounts_do_not_see_each_others_cycles(api: Caller) -> None:
    cycle = make_cycle(api)
    api.account = "tidewater-tea"

    assert api.get(f"/cycles/{cycle}").status_code == 404
    assert cycle not in [one["Id"] for one in api.get("/cycles").json()]


def test_an_unknown_account_is_denied(api: Caller) -> None:
    api.account = "nobody"

    assert api.get("/cycles").status_code == 401


# -- made, changed, deleted ----------------------------------------------------------------------


def test_a_new_cycle_is_paused_and_says_what_it_was_told(state: CyclrState, api: Caller) -> None:
    answer = api("POST", "/cycles", json=NEW_CYCLE)

    cycle = answer.json()
    assert answer.status_code == 201
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", cycle["Id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", cycle["CreatedOnUtc"])
    assert {key: cycle[key] for key in NEW_CYCLE} == NEW_CYCLE
    assert (cycle["Status"], cycle["Connectors"]) == ("Paused", [])
    assert cycle["LastSuccessfulRunDate"] == "0001-01-01T00:00:00"
    assert api.get(f"/cycles/{cycle['Id']}").json() == cycle
    assert [(e.kind, e.account, e.ids) for e in state.ledger] == [
        ("cycle_create", SHOP, {"cycle": cycle["Id"]})
    ]


def test_a_change_of_a_cycle_is_partial(api: Caller) -> None:
    cycle = make_cycle(api, Tags=["API Test"])
    change = {
        "Description": "New description",
        "StepErrorAction": "Retry",
        "LogStepDataRequests": False,
        "CollectionSplitType": "None",
    }

    changed = api.put(f"/cycles/{cycle}", **change)

    assert changed.status_code == 200
    shown = {**change, "Name": "Made by hand", "Tags": ["API Test"], "Id": cycle}
    assert shown.items() <= changed.json().items()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"StepErrorAction": 1}, {"StepErrorAction": "Retry"}),
        ({"StepErrorAction": "retry"}, {"StepErrorAction": "Retry"}),
        ({"CollectionSplitType": "1"}, {"CollectionSplitType": "All"}),
        ({"name": "lower case"}, {"Name": "lower case"}),
        ({"LogStepDataRequests": "false"}, {"LogStepDataRequests": False}),
        ({"Description": None}, {"Description": None}),
        ({"Name": None}, {"Name": "API Create Test Cycle"}),
        ({"Tags": []}, {"Tags": []}),
        ({"StepDataSuccessRetentionHours": 800}, {"StepDataSuccessRetentionHours": 744}),
        ({"StepDataErroredRetentionHours": "0"}, {"StepDataErroredRetentionHours": 0}),
        ({"Status": "Active"}, {"Status": "Paused"}),
    ],
)
def test_what_a_body_says_is_read_leniently(
    api: Caller, said: dict[str, Any], shown: dict[str, Any]
) -> None:
    cycle = api("POST", "/cycles", json=NEW_CYCLE).json()["Id"]

    assert shown.items() <= api.put(f"/cycles/{cycle}", **said).json().items()


@pytest.mark.parametrize(
    "body",
    [
        {"StepErrorAction": "Explode"},
        {"StepErrorAction": 99},
        {"StepErrorAction": ["Ignore"]},
        {"LogStepDataRequests": "maybe"},
        {"Tags": "not a list"},
        {"Name": {"first": "x"}},
        {"Name": ""},
        {"StepDataSuccessRetentionHours": -1},
    ],
)
def test_what_makes_no_sense_is_refused_even_for_an_unknown_cycle(
    api: Caller, body: dict[str, Any]
) -> None:
    assert api.put(f"/cycles/{make_cycle(api)}", **body).status_code == 400
    assert api.put(f"/cycles/{UNKNOWN}", **body).status_code == 400
    assert api("POST", "/cycles", json={"Name": "x", **body}).status_code == 400


def test_a_cycle_needs_a_name(api: Caller) -> None:
    answer = api("POST", "/cycles", json={})

    assert (answer.status_code, answer.json()) == (400, {"Message": "Name is required"})


def test_a_deleted_cycle_is_gone(state: CyclrState, api: Caller) -> None:
    cycle = make_cycle(api)

    assert api("DELETE", f"/cycles/{cycle}", json={}).status_code == 200
    assert api("DELETE", f"/cycles/{cycle}", json={}).status_code == 404
    assert api.get(f"/cycles/{cycle}").status_code == 404
    assert state.ledger[-1].kind == "cycle_delete"


SUB_PATHS = [
    ("GET", "", None),
    ("PUT", "", {"Description": "x"}),
    ("DELETE", "", {}),
    ("GET", "/prerequisites", None),
    ("PUT", "/activate", {"RunOnce": True}),
    ("PUT", "/deactivate?finishQueuedTransactions=true", {}),
    ("GET", "/steps?filter=action", None),
    ("POST", "/steps", {"Name": "x", "ActionType": 4}),
    ("GET", f"/steps/{ZERO}", None),
    ("PUT", f"/steps/{ZERO}", {"ActionType": "Action", "Description": "x"}),
    ("DELETE", f"/steps/{ZERO}", {}),
    ("GET", "/edges", None),
    ("POST", "/edges/", {"Id": ZERO, "HeadStepId": ZERO, "TailStepId": ZERO}),
    ("GET", f"/edges/{ZERO}", None),
    ("DELETE", f"/edges/{ZERO}", {}),
    ("GET", "/variables", None),
    ("POST", "/variables", {"DisplayName": "JOVar1"}),
    ("PATCH", "/variables", [{"DisplayName": "JOVar1"}]),
    ("GET", "/variables/JOVar1", None),
    ("PUT", "/variables/JOVar1", {"DisplayName": "JOVar1"}),
    ("DELETE", "/variables/JOVar1", {}),
    ("GET", "/transactions", None),
    ("GET", f"/transactions/{ZERO}", None),
    ("GET", "/incidents?pageSize=100&sortOrderAsc=true", None),
    ("DELETE", "/incidents?pageSize=100&sortOrderAsc=true", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), SUB_PATHS)
def test_below_an_unknown_or_malformed_cycle_there_is_nothing(
    api: Caller, method: str, path: str, body: Any
) -> None:
    assert api(method, f"/cycles/{UNKNOWN}{path}", json=body).status_code == 404
    assert api(method, f"/cycles/{MALFORMED}{path}", json=body).status_code == 400


# -- started, stopped ----------------------------------------------------------------------------


def test_a_cycle_runs_until_it_is_deactivated(state: CyclrState, api: Caller) -> None:
    cycle, _ = make_ready_cycle(api)

    started = api.put(f"/cycles/{cycle}/activate", RunOnce=True)
    state.advance(24 * 3600)
    running = api.get(f"/cycles/{cycle}").json()
    stopped = api("PUT", f"/cycles/{cycle}/deactivate?finishQueuedTransactions=false", json={})

    assert (started.status_code, stopped.status_code) == (200, 200)
    assert (started.json()["Status"], running["Status"]) == ("Active", "Active")
    assert stopped.json()["Status"] == "Paused"
    assert [e.kind for e in state.ledger][-2:] == ["cycle_activate", "cycle_deactivate"]


def test_deactivating_twice_does_no_harm(state: CyclrState, api: Caller) -> None:
    cycle, _ = make_ready_cycle(api)
    start(api, cycle)
    path = f"/cycles/{cycle}/deactivate?finishQueuedTransactions="

    answers = [api("PUT", f"{path}{finish}", json={}) for finish in ("true", "false", "true")]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert [e.kind for e in state.ledger].count("cycle_deactivate") == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"Interval": 15}, 200),
        ({"Interval": "10080", "RunOnce": "false", "StartTime": "2018-01-01T00:00:00Z"}, 200),
        ({"Interval": 0, "RunOnce": True}, 200),
        ({"Interval": 7}, 400),
        ({"Interval": 0}, 400),
        ({}, 200),
        ({"RunOnce": False}, 200),
        ({"Interval": "often"}, 400),
        ({"Interval": 15, "StartTime": "soon"}, 400),
        ({"RunOnce": "once"}, 400),
    ],
)
def test_a_cycle_runs_at_intervals_that_cyclr_knows(
    api: Caller, body: dict[str, Any], status: int
) -> None:
    cycle, _ = make_ready_cycle(api)

    assert api.put(f"/cycles/{cycle}/activate", **body).status_code == status


def test_an_activation_without_interval_keeps_the_cycles_own(
    api: Caller, state: CyclrState
) -> None:
    cycle, _ = make_ready_cycle(api)
    api.put(f"/cycles/{cycle}/activate", Interval=15)
    api("PUT", f"/cycles/{cycle}/deactivate", json={})

    api("PUT", f"/cycles/{cycle}/activate", json={})

    assert state.cycles.one(api.account or "", cycle).own["Interval"] == 15


def test_a_cycle_that_a_webhook_starts_needs_no_interval(state: CyclrState, api: Caller) -> None:
    api.account = next(a.id for a in state.accounts.values() if a.name == "Saltmarsh Surf School")
    cycle = api.get("/cycles").json()[0]["Id"]
    api("PUT", f"/cycles/{cycle}/deactivate", json={})

    assert api.put(f"/cycles/{cycle}/activate", Interval=0).status_code == 200


def test_a_cycle_that_lacks_something_does_not_start(state: CyclrState, api: Caller) -> None:
    cycle = make_cycle(api)

    answer = api.put(f"/cycles/{cycle}/activate", RunOnce=True)

    assert answer.status_code == 400
    assert "at least two steps" in answer.json()["Message"]
    assert api.get(f"/cycles/{cycle}").json()["Status"] == "Paused"
    assert state.ledger[-1].kind == "cycle_create"


WRITES = [
    ("PUT", "", {"Description": "Stop cycle test", "CollectionSplitType": "None"}),
    ("DELETE", "", {}),
    ("POST", "/steps", {"Name": "x", "ActionType": 4}),
    ("PUT", "/steps/{step}", {"ActionType": "Action", "Description": "My test step"}),
    ("DELETE", "/steps/{step}", {}),
    ("POST", "/edges", {"HeadStepId": ZERO, "TailStepId": ZERO, "EdgeType": "Forward"}),
    ("DELETE", "/edges/{edge}", {}),
    ("POST", "/variables", {"DisplayName": "JOVar1", "MappingType": "StaticValue"}),
    ("PATCH", "/variables", [{"DisplayName": "JOVar1", "Value": "x"}]),
    ("PUT", "/variables/JOVar1", {"DisplayName": "JOVar1", "Value": "x"}),
    ("DELETE", "/variables/JOVar1", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_a_running_cycle_is_not_changed(
    state: CyclrState, api: Caller, method: str, path: str, body: Any
) -> None:
    cycle, steps = make_ready_cycle(api)
    edge = api.get(f"/cycles/{cycle}/edges").json()[0]["Id"]
    start(api, cycle)
    before = state.document()["Cycles"]

    answer = api(method, f"/cycles/{cycle}{path.format(step=steps[0], edge=edge)}", json=body)

    assert answer.status_code == 409
    assert state.document()["Cycles"] == before


def test_a_running_cycle_can_be_read(api: Caller) -> None:
    cycle, steps = make_ready_cycle(api)
    start(api, cycle)
    paths = ["", "/steps", f"/steps/{steps[0]}", "/edges", "/variables", "/prerequisites"]

    assert {api.get(f"/cycles/{cycle}{path}").status_code for path in paths} == {200}


def test_a_cycle_that_is_being_deleted_stays_as_it_is(state: CyclrState, api: Caller) -> None:
    api.account = "shop-1043.example"
    cycle = next(one for one in api.get("/cycles").json() if one["Status"] == "DeleteScheduled")

    assert api.put(f"/cycles/{cycle['Id']}", Name="x").status_code == 409
    assert api.put(f"/cycles/{cycle['Id']}/activate", RunOnce=True).status_code == 409


@pytest.mark.parametrize("how", ["deauthenticate", "delete"])
def test_cycles_stop_when_a_connector_of_theirs_is_lost(
    state: CyclrState, api: Caller, how: str
) -> None:
    running = {one["Name"]: one["Status"] for one in api.get("/cycles").json()}

    if how == "delete":
        api("DELETE", f"/account/connectors/{SHOPIFY}")
    else:
        api.put(f"/account/connectors/{SHOPIFY}/deauthenticate")

    assert running == {"Orders to newsletter": "Active", "Customers to HubSpot": "Paused"}
    assert {one["Status"] for one in api.get("/cycles").json()} == {"Paused"}
    assert [(e.kind, e.by) for e in state.ledger] == [("cycle_stop", "api"), (how, "api")]


def test_a_stranger_stops_cycles_too(state: CyclrState) -> None:
    state.deauthenticate(SHOPIFY)

    assert [(e.kind, e.by) for e in state.ledger] == [
        ("cycle_stop", "console"),
        ("deauthenticate", "console"),
    ]


def test_a_connector_that_no_running_cycle_uses_stops_none(state: CyclrState, api: Caller) -> None:
    api.put(f"/account/connectors/{HUBSPOT}/deauthenticate")

    assert [e.kind for e in state.ledger] == ["deauthenticate"]


# -- what is missing -----------------------------------------------------------------------------


def test_a_new_cycle_lacks_steps(api: Caller) -> None:
    cycle = make_cycle(api)

    assert api.get(f"/cycles/{cycle}/prerequisites").json() == [
        {
            "ReasonCode": 10,
            "Reason": "Cycle must have at least two steps",
            "ObjectType": "Cycle",
            "ObjectId": cycle,
        }
    ]


def test_steps_must_be_joined_behind_one_trigger(api: Caller) -> None:
    cycle = make_cycle(api)
    one, two, three = (make_step(api, cycle) for _ in range(3))
    found = [reasons(api, cycle)]

    join(api, cycle, one, two)
    found.append(reasons(api, cycle))
    join(api, cycle, three, two)
    found.append(reasons(api, cycle))
    join(api, cycle, one, three)
    found.append(reasons(api, cycle))

    assert found == [[11], [11], [11], []]


def test_a_line_vanishes_when_its_connector_is_authenticated(
    state: CyclrState, api: Caller
) -> None:
    cycle, _ = make_ready_cycle(api, SHOPIFY, HUBSPOT)
    path = f"/cycles/{cycle}/prerequisites"

    before = api.get(path).json()
    state.authenticate(HUBSPOT)

    assert before == [
        {
            "ReasonCode": 20,
            "Reason": "Unauthenticated connector",
            "ObjectType": "AccountConnector",
            "ObjectId": HUBSPOT,
        }
    ]
    assert api.get(path).json() == []


def test_a_deleted_connector_is_missed(state: CyclrState, api: Caller) -> None:
    cycle, _ = make_ready_cycle(api, SHOPIFY, MAILCHIMP)
    state.delete(MAILCHIMP)

    shown = api.get(f"/cycles/{cycle}").json()

    assert reasons(api, cycle) == [20]
    assert [one["AccountConnectorId"] for one in shown["Connectors"]] == [SHOPIFY]


def test_a_tool_that_is_not_set_up_is_missed(state: CyclrState, api: Caller) -> None:
    api.account = "JO-Test-1234567890"
    named = {one["Name"]: one["Id"] for one in api.get("/cycles").json()}

    found = api.get(f"/cycles/{named['Order follow-up']}/prerequisites").json()

    assert [(one["ReasonCode"], one["ObjectType"]) for one in found] == [
        (31, "Decision"),
        (32, "Delay"),
        (33, "WaitUntil"),
        (30, "Action"),
    ]


def test_a_world_file_can_name_other_things_that_are_missing(
    state: CyclrState, api: Caller
) -> None:
    line = {"ReasonCode": 99, "Reason": "?", "ObjectType": "Riddle", "ObjectId": "x"}
    own = {"AccountId": SHOP, "Prerequisites": [line]}

    cycle = state.cycles.add(Name="Odd", Simulator=own)

    assert api.get(f"/cycles/{cycle.id}/prerequisites").json()[1:] == [line]


# -- steps and edges -----------------------------------------------------------------------------


def test_a_step_says_whom_and_what_it_calls(state: CyclrState, api: Caller) -> None:
    cycle = api.get("/cycles?connectorName=MailChimp").json()[0]["Id"]

    step = api.get(f"/cycles/{cycle}/steps?filter=action").json()[0]

    release = state.find_installed(SHOPIFY).connector_id
    assert (step["Name"], step["ActionType"]) == ("List Orders", "Action")
    assert (step["AccountConnector"]["Id"], step["AccountConnector"]["Name"]) == (
        SHOPIFY,
        "Shopify",
    )
    assert step["Method"]["Name"] == "List Orders"
    assert step["Method"]["Id"] in [
        one["Id"] for one in api.get(f"/connectors/{release}/methods").json()
    ]
    assert api.get(f"/cycles/{cycle}/steps/{step['Id']}").json() == step


def test_a_step_tells_no_credentials(api: Caller) -> None:
    cycle = api.get("/cycles?connectorName=MailChimp").json()[0]["Id"]

    assert "AuthValue" not in api.get(f"/cycles/{cycle}/steps").text


def test_steps_are_filtered_by_type(state: CyclrState, api: Caller) -> None:
    cycle = make_cycle(api)
    make_step(api, cycle, Name="do", ActionType="Action")
    make_step(api, cycle, Name="wait", ActionType="delay")

    names = {
        wanted: [one["Name"] for one in api.get(f"/cycles/{cycle}/steps?filter={wanted}").json()]
        for wanted in ("action", "Delay", "", "nothing")
    }

    assert names == {
        "action": ["do"],
        "Delay": ["wait"],
        "": ["do", "wait"],
        "nothing": ["do", "wait"],
    }


def test_a_step_is_made_changed_and_deleted(state: CyclrState, api: Caller) -> None:
    cycle = make_cycle(api)
    body = {
        "Name": "Test Step",
        "Description": "Test",
        "ActionType": 4,
        "DisplayPositionLeft": 0,
        "DisplayPositionTop": 0,
    }

    made = api("POST", f"/cycles/{cycle}/steps", json=body)
    path = f"/cycles/{cycle}/steps/{made.json()['Id']}"
    changed = api.put(path, ActionType="Action", Description="My SF test step")

    step = {"Id": made.json()["Id"], **body, "ActionType": "Action"}
    nothing = {"AccountConnector": None, "Method": None}
    assert (made.status_code, made.json()) == (200, step | nothing)
    assert changed.json() == step | nothing | {"Description": "My SF test step"}
    assert api("DELETE", path, json={}).status_code == 200
    assert api("DELETE", path, json={}).status_code == 404
    assert [e.ids["step"] for e in state.ledger[1:]] == [step["Id"]] * 3


@pytest.mark.parametrize("body", [{}, {"Name": ""}, {"ActionType": 4}])
def test_a_step_needs_a_name(api: Caller, body: dict[str, Any]) -> None:
    answer = api("POST", f"/cycles/{make_cycle(api)}/steps", json=body)

    assert (answer.status_code, answer.json()) == (400, {"Message": "Name is required"})


def test_a_wrong_type_of_step_is_refused_before_anybody_looks(api: Caller) -> None:
    cycle = make_cycle(api)
    body = {"ActionType": "XYZ-123", "Description": "My SF test step"}

    assert api.put(f"/cycles/{cycle}/steps/{UNKNOWN}", **body).status_code == 400
    assert api.put(f"/cycles/{UNKNOWN}/steps/{UNKNOWN}", **body).status_code == 400
    assert api.put(f"/cycles/{cycle}/steps/{UNKNOWN}", Description="x").status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_malformed_step_id_is_refused_before_anybody_looks(api: Caller, method: str) -> None:
    assert api(method, f"/cycles/{UNKNOWN}/steps/{MALFORMED}", json={}).status_code == 400


@pytest.mark.parametrize(
    "callee",
    [
        {"AccountConnectorId": 90104},
        {"AccountConnector": {"Id": 1}},
        {"MethodId": 1},
        {"Method": {"Id": "x"}},
        {"Method": 7},
        {"DisplayPositionLeft": "left"},
    ],
)
def test_a_step_calls_only_what_there_is(api: Caller, callee: dict[str, Any]) -> None:
    cycle = make_cycle(api)
    body = {"Name": "x", **callee}

    assert api("POST", f"/cycles/{cycle}/steps", json=body).status_code == 400
    assert api.get(f"/cycles/{cycle}/steps").json() == []


def test_a_cycle_counts_the_steps_of_each_connector(api: Caller) -> None:
    cycle, _ = make_ready_cycle(api, SHOPIFY, SHOPIFY)
    make_step(api, cycle, AccountConnectorId=MAILCHIMP)

    rows = api.get(f"/cycles/{cycle}?includeIcons=false").json()["Connectors"]

    assert rows == [
        {
            "Id": 17199,
            "AccountConnectorId": SHOPIFY,
            "Name": "Shopify",
            "Version": "1.0",
            "Authenticated": True,
            "StepCount": 2,
            "Icon": None,
        },
        {
            "Id": 16919,
            "AccountConnectorId": MAILCHIMP,
            "Name": "MailChimp",
            "Version": "v3",
            "Authenticated": True,
            "StepCount": 1,
            "Icon": None,
        },
    ]


def test_an_edge_joins_two_steps(api: Caller) -> None:
    cycle, (tail, head) = make_ready_cycle(api)

    edge = api.get(f"/cycles/{cycle}/edges").json()[0]
    path = f"/cycles/{cycle}/edges/{edge['Id']}"

    assert edge == {
        "Id": edge["Id"],
        "HeadStepId": head,
        "TailStepId": tail,
        "EdgeType": "Forward",
    }
    assert api.get(path).json() == edge
    assert api("DELETE", path, json={}).status_code == 200
    assert api.get(path).status_code == 404
    assert api.get(f"/cycles/{cycle}/edges/{MALFORMED}").status_code == 400


@pytest.mark.parametrize("ends", [("{one}", "{one}"), ("{one}", ZERO), ("{one}", "x"), ("", "")])
def test_an_edge_needs_two_steps_of_its_cycle(api: Caller, ends: tuple[str, str]) -> None:
    cycle, (one, _) = make_ready_cycle(api)
    tail, head = (end.format(one=one) for end in ends)

    answer = api("POST", f"/cycles/{cycle}/edges", json={"TailStepId": tail, "HeadStepId": head})

    assert answer.status_code == 400


def test_a_deleted_step_takes_its_edges_with_it(api: Caller) -> None:
    cycle, (_, second) = make_ready_cycle(api)

    api("DELETE", f"/cycles/{cycle}/steps/{second}")

    assert api.get(f"/cycles/{cycle}/edges").json() == []


# -- variables -----------------------------------------------------------------------------------


def test_variables_are_made_changed_and_deleted(api: Caller) -> None:
    path = f"/cycles/{make_cycle(api)}/variables"
    body = {"DisplayName": "JOVar1", "Value": "Test-ABC", "MappingType": "StaticValue"}
    variable = {**body, "SystemName": "JOVar1"}

    made = api("POST", path, json=body)
    patched = api("PATCH", path, json=[{**body, "Value": "Test-ABC-123"}])
    put = api.put(f"{path}/JOVar1", **body | {"Value": "XYZ"})

    assert (made.status_code, made.json()) == (200, variable)
    assert (patched.status_code, patched.json()) == (200, [variable | {"Value": "Test-ABC-123"}])
    assert (put.status_code, put.json()) == (200, variable | {"Value": "XYZ"})
    assert api.get(f"{path}/JOVar1").json() == put.json()
    assert api.get(path).json() == [put.json()]
    assert api("DELETE", f"{path}/JOVar1", json={}).status_code == 200
    assert api.get(f"{path}/JOVar1").status_code == 404


def test_a_variables_system_name_has_no_blanks_and_stays(api: Caller) -> None:
    path = f"/cycles/{make_cycle(api)}/variables"

    made = api("POST", path, json={"DisplayName": "Sender address"}).json()
    renamed = api.put(f"{path}/Senderaddress", DisplayName="From").json()

    assert made["SystemName"] == "Senderaddress"
    assert (renamed["SystemName"], renamed["DisplayName"]) == ("Senderaddress", "From")
    assert api("POST", path, json={"DisplayName": "Sender  address"}).status_code == 400


def test_several_variables_change_together_or_not_at_all(state: CyclrState, api: Caller) -> None:
    path = f"/cycles/{make_cycle(api)}/variables"
    api("POST", path, json={"DisplayName": "one", "Value": "1"})
    twice = [{"SystemName": "one", "Value": "2"}, {"DisplayName": "one", "Value": "3"}]

    answer = api("PATCH", path, json=[{"DisplayName": "one", "Value": "9"}, {"SystemName": "two"}])

    assert answer.status_code == 404
    assert api.get(f"{path}/one").json()["Value"] == "1"
    assert [one["Value"] for one in api("PATCH", path, json=twice).json()] == ["2", "3"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"DisplayName": "  "},
        {"DisplayName": None},
        {"DisplayName": "x", "MappingType": "?"},
    ],
)
def test_a_variable_needs_a_name_and_a_known_mapping(api: Caller, body: Any) -> None:
    assert api("POST", f"/cycles/{make_cycle(api)}/variables", json=body).status_code == 400


@pytest.mark.parametrize("body", [{}, "x", [1], [{"MappingType": "?"}], None])
def test_variables_are_changed_by_a_list(api: Caller, body: Any) -> None:
    assert api("PATCH", f"/cycles/{make_cycle(api)}/variables", json=body).status_code == 400


# -- states --------------------------------------------------------------------------------------


def test_worlds_do_not_share_their_cycles() -> None:
    one, other = demo_state(), demo_state()
    cycle, twin = one.cycles.of(SHOP)[0], other.cycles.of(SHOP)[0]
    before = other.document()["Cycles"]

    one.cycles.deactivate(cycle, finishes_queued=True)
    one.cycles.change(cycle, {"Name": "changed"})
    one.cycles.change_step(cycle, cycle.steps[0], {"Name": "changed"})
    one.cycles.add_variable(cycle, {"DisplayName": "x"})
    one.cycles.add_transaction(cycle)
    one.cycles.clear_incidents(cycle)
    cycle.document["Tags"].append("changed")
    cycle.steps[1]["Name"] = "changed"

    assert other.document()["Cycles"] == before
    assert (twin.status, twin.name) == ("Active", "Orders to newsletter")


def test_cycles_survive_their_file(state: CyclrState, api: Caller) -> None:
    cycle, _ = make_ready_cycle(api, SHOPIFY, MAILCHIMP)
    start(api, cycle)

    again = new_state(state.document())

    assert again.document() == state.document()
    assert again.cycles.one(SHOP, cycle).is_running
    assert again.new_guid() == state.new_guid()


def test_a_file_gives_a_cycle_any_id_and_attribute(state: CyclrState, api: Caller) -> None:
    document = state.document()
    document["Cycles"] = [
        {
            "Id": "BC974C60-9F32-410F-AA83-2B2817AD9A19",
            "Name": "Given",
            "Status": "Strange",
            "Colour": "red",
            "Connectors": [{"AccountConnectorId": SHOPIFY, "Authenticated": False}],
            "Simulator": {"AccountId": SHOP, "Steps": [{"Id": UNKNOWN, "Name": "One"}]},
        }
    ]

    again = new_state(document)
    shown = again.cycles.shown(again.cycles.one(SHOP, "bc974c60-9f32-410f-aa83-2b2817ad9a19"))

    assert (shown["Status"], shown["Colour"], shown["Tags"]) == ("Strange", "red", [])
    assert [one["Authenticated"] for one in shown["Connectors"]] == [True]
    assert new_state(again.document()).document() == again.document()


@pytest.mark.parametrize(
    ("part", "key"),
    [("Steps", "Id"), ("Edges", "Id"), ("Variables", "SystemName"), ("Transactions", "Id")],
)
def test_a_file_with_parts_that_cannot_be_told_apart_is_refused(
    state: CyclrState, part: str, key: str
) -> None:
    with pytest.raises(ValueError, match=f"One of the {part} of cycle .* has no {key}"):
        state.cycles.add(Simulator={"AccountId": SHOP, part: [{"Name": "One"}]})


@pytest.mark.parametrize("account", ["nobody", SHOP])
def test_a_file_with_a_stray_or_doubled_cycle_is_refused(state: CyclrState, account: str) -> None:
    known = state.cycles.of(SHOP)[0].id

    with pytest.raises(ValueError, match=f"{account}|{known}"):
        state.cycles.add(Id=known, Simulator={"AccountId": account})


def test_a_deleted_account_takes_its_cycles_with_it(state: CyclrState, api: Caller) -> None:
    used = state.cycles.tasks_used(SHOP)

    api("DELETE", f"/accounts/{SHOP}")

    assert used > 0
    assert (state.cycles.of(SHOP), state.cycles.tasks_used(SHOP)) == ([], 0)
    assert all(one["Simulator"]["AccountId"] != SHOP for one in state.document()["Cycles"])


# -- the default state ---------------------------------------------------------------------------


def test_the_default_world_has_cycles_in_many_states(state: CyclrState) -> None:
    cycles = [one for account in state.accounts for one in state.cycles.of(account)]
    with_cycles = {one.account_id for one in cycles}
    codes = {line["ReasonCode"] for cycle in cycles for line in state.cycles.prerequisites(cycle)}

    assert 15 <= len(with_cycles) <= 20
    assert {one.status for one in cycles} == {"Active", "Paused", "DeleteScheduled"}
    assert codes >= {0, 10, 20, 30, 31, 32, 33, 42}
    assert max(len(one.incidents) for one in cycles) == 400
    assert len(state.templates.upgradeable("shop-1043.example")) == 2
    assert state.ledger == []


@pytest.mark.parametrize("seed", [None, 1, 5])
def test_active_cycles_of_the_default_world_lack_nothing(seed: int | None) -> None:
    state = demo_state(seed)
    active = [
        one for account in state.accounts for one in state.cycles.of(account) if one.is_running
    ]

    assert active
    assert all(not state.cycles.prerequisites(one) for one in active)


def test_harbour_books_has_one_cycle_that_runs_and_one_that_waits_for_hubspot(
    state: CyclrState, api: Caller
) -> None:
    cycles = {one["Name"]: one for one in api.get("/cycles").json()}

    lines = api.get(f"/cycles/{cycles['Customers to HubSpot']['Id']}/prerequisites").json()

    assert cycles["Orders to newsletter"]["Status"] == "Active"
    assert (lines[0]["ReasonCode"], lines[0]["ObjectId"]) == (20, HUBSPOT)


def test_cycles_whose_template_has_a_newer_release_can_be_upgraded(api: Caller) -> None:
    api.account = "shop-1043.example"
    make_cycle(api)

    found = api.get("/cycles/upgradeable")

    assert found.status_code == 200
    assert {one["Name"] for one in found.json()} == {"Orders to newsletter", "Tickets everywhere"}
