"""Cycles made by calls, as a caller of the API would make them."""

from __future__ import annotations

from typing import Any

from tests.cyclr_api.simulator.conftest import Caller

UNKNOWN = "11111111-9f32-410f-aa83-2b2817ad9a19"
MALFORMED = "X1111111-0c80-41ed-b830-762b9d93d7e2"


def post(api: Caller, path: str, **body: Any) -> Any:
    return api("POST", path, json=body).json()


def make_cycle(api: Caller, **values: Any) -> str:
    """A cycle without steps, by its id."""
    return str(post(api, "/cycles", Name="Made by hand", **values)["Id"])


def make_step(api: Caller, cycle: str, **values: Any) -> str:
    named = {"Name": "A step", "ActionType": "Action", **values}
    return str(post(api, f"/cycles/{cycle}/steps", **named)["Id"])


def join(api: Caller, cycle: str, tail: str, head: str) -> str:
    body = {"TailStepId": tail, "HeadStepId": head, "EdgeType": "Forward"}
    return str(post(api, f"/cycles/{cycle}/edges", **body)["Id"])


def make_ready_cycle(api: Caller, *account_connectors: int) -> tuple[str, list[str]]:
    """A cycle with two joined steps that lack nothing, and the steps. Each calls a connector."""
    cycle = make_cycle(api)
    callees = [*account_connectors, None, None][:2]
    steps = [make_step(api, cycle, AccountConnectorId=number) for number in callees]
    join(api, cycle, *steps)
    return cycle, steps


def start(api: Caller, cycle: str) -> None:
    assert api.put(f"/cycles/{cycle}/activate", RunOnce=True).status_code == 200


def method_id(api: Caller, connector: int, name: str) -> int:
    """A method of a release, by its name."""
    listed = api.get(f"/connectors/{connector}/methods").json()
    return int(next(one["Id"] for one in listed if one["Name"] == name))
