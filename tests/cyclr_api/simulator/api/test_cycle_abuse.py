"""Whatever is sent to templates, cycles and steps is answered, and states stay whole."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from cyclr_api.simulator import CyclrState, new_state
from cyclr_api.simulator.api import cycles, steps, templates
from cyclr_api.simulator.api.routing import Route
from tests.cyclr_api.simulator.conftest import SHOP, Caller
from tests.cyclr_api.simulator.cycle_makers import MALFORMED, UNKNOWN

ROUTES = [*templates.routes.all, *cycles.routes.all, *steps.routes.all]

NAMES = [
    "Name", "DisplayName", "SystemName", "Description", "Tags", "Value", "ActionType", "Interval",
    "StepErrorAction", "LogStepDataRequests", "StepDataErroredRetentionHours", "MappingType",
    "SourceStepId", "SourceFieldId", "IsLaunchVisible", "TriggerId", "StartTime", "RunOnce",
    "HeadStepId", "TailStepId", "EdgeType", "AccountConnectorId", "Method", "Field", "Parameter",
    "Connectors", "Steps", "Edges", "Variables", "FreshConnectors", "DisplayPositionLeft",
]  # fmt: skip

VALUES: list[Any] = [
    None,
    True,
    -1,
    1e308,
    10**30,
    "",
    "\x00",
    "\ud800",
    "x" * 5_000,
    "00000000-0000-0000-0000-000000000000",
    [],
    [None],
    [{}],
    {},
    {"Id": "\ud800"},
    {"Id": [1]},
]

BODIES = [
    b"",
    b" ",
    b"null",
    b"7",
    b'"text"',
    b"[]",
    b"[null]",
    b"[[]]",
    b"[{}]",
    b"{}",
    b"{",
    b"\x00",
    b"\xff\xfe",
    b"{'Name': 1e999}",
    b'{"Name": "\\ud800", "DisplayName": "\\ud800", "TriggerId": 1e999}',
    b"[" * 5000,
    b'{"Method":' * 900 + b"{}" + b"}" * 900,
    *(json.dumps(dict.fromkeys(NAMES, value)).encode() for value in VALUES),
    *(json.dumps([dict.fromkeys(NAMES, value)]).encode() for value in VALUES),
    *(json.dumps({"Name": "x", "DisplayName": f"v{n}", **one}).encode() for n, one in enumerate(
        {name: value} for name in ("Steps", "Connectors", "Description", "Value", "Tags")
        for value in VALUES
    )),
]  # fmt: skip

QUERIES = [
    "page=-1&pageSize=99999999999999999999&orderBy=%00&sortOrderAsc=x&includeIcons=x",
    "tag=%00&connectorName=%ED%A0%80&connectorVersion=&filter=%F0%9F%A6%8A",
    "status=%00&splitType=%ED%A0%80&query=%ED%A0%80&folderid=%00",
    "orderBy=Tags&orderBy=Connectors",
    "orderBy=CreatedOnUtc&finishQueuedTransactions=%00",
]


def paths_of(route: Route, known: dict[str, str]) -> list[str]:
    """The route's path with known ids, and with each of them spoilt."""
    template = "/" + "/".join(route.segments)
    names = [part.strip("{}") for part in route.segments if part.startswith("{")]
    first = {name: known.get(f"{route.segments[0]}.{name}", UNKNOWN) for name in names}
    spoilt = [UNKNOWN, MALFORMED, "0", "-1", "9" * 40, "\x00", "é" * 300, "%", "a/b"]
    choices = [first, *({**first, name: value} for name in names for value in spoilt)]
    return [
        template.format(**{name: quote(value, safe="") for name, value in chosen.items()})
        for chosen in choices
    ]


def known_ids(state: CyclrState) -> dict[str, str]:
    """Ids of things of Harbour Books, by the first word of a path and its parameter."""
    cycle = state.cycles.of(SHOP)[1]
    step = cycle.steps[1]
    method = state.cycles.setup(cycle, step).method
    state.cycles.add_variable(cycle, {"DisplayName": "JOVar1"})
    return {
        "templates.id": state.templates.listed()[0].id,
        "cycles.id": cycle.id,
        "cycles.step": step["Id"],
        "cycles.edge": cycle.edges[0]["Id"],
        "cycles.name": "JOVar1",
        "cycles.transaction": state.cycles.add_transaction(cycle)["Id"],
        "steps.id": step["Id"],
        "steps.target": str(method["RequestFields"][0]["Id"]),
    }


def bodies_of(route: Route) -> list[bytes]:
    """Every body for what reads one."""
    return BODIES[:3] if route.method == "GET" else BODIES


def name_of(route: Route) -> str:
    return f"{route.method} /{'/'.join(route.segments)}"


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_no_request_makes_the_simulator_fail(state: CyclrState, api: Caller, route: Route) -> None:
    paths = paths_of(route, known_ids(state))

    answers = [api(route.method, paths[0], data=body) for body in bodies_of(route)]
    answers += [api(route.method, path, data=b"{}") for path in paths]
    answers += [api(route.method, f"{paths[0]}?{query}", data=b"{}") for query in QUERIES]

    assert {answer.status_code for answer in answers} <= {200, 201, 400, 404, 409}


@pytest.mark.parametrize("route", [r for r in ROUTES if r.method != "GET"], ids=name_of)
def test_whatever_was_accepted_can_be_read_and_kept(
    state: CyclrState, api: Caller, route: Route
) -> None:
    path = paths_of(route, known_ids(state))[0]
    for body in BODIES:
        api(route.method, path, data=body)

    cycles = api.get("/cycles?pageSize=1000").json()
    lists = [
        api.get(f"/cycles/{one['Id']}{below}").status_code
        for one in cycles
        for below in ("/steps", "/edges", "/variables", "/prerequisites")
    ]
    steps = [step["Id"] for one in state.cycles.of(SHOP) for step in one.steps]
    set_up = [
        api.get(f"/steps/{step}/{below}").status_code
        for step in steps
        for below in ("prerequisites", "fieldsformapping", "fieldmappings", "parameters")
    ]
    exports = [
        api.get(f"/templates/{one.id}/export").status_code for one in state.templates.listed()
    ]

    assert {*lists, *set_up, *exports} == {200}
    assert new_state(state.document()).document() == state.document()
