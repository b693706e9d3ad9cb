"""Triggers: looking values up at the third party."""

from __future__ import annotations

import pytest

from cyclr_api.simulator import CyclrState
from tests.cyclr_api.simulator.conftest import SHOP, Caller

LOOKS_UP = 19016


def run(api: Caller, one: int, trigger: int | str) -> object:
    return api("POST", f"/account/connectors/{one}/triggers/{trigger}", json={}).json()


def test_a_trigger_answers_with_names_and_values(state: CyclrState, api: Caller) -> None:
    one = state.install(SHOP, LOOKS_UP, auth_value="k").id
    shown = api.get(f"/account/connectors/{one}").json()["Connector"]["Triggers"]

    assert shown[0] == {"TriggerId": 4411, "Name": "List warehouses"}
    assert run(api, one, 4411) == [
        {"Name": "Main warehouse", "Value": "wh-1"},
        {"Name": "Returns", "Value": "wh-2"},
        {"Name": "Overflow (north)", "Value": "wh-3"},
    ]


def test_values_may_be_texts_none_or_made_up(state: CyclrState, api: Caller) -> None:
    one = state.install(SHOP, LOOKS_UP, auth_value="k").id

    assert run(api, one, 4412) == [
        {"Name": "", "Value": ""},
        {"Name": "<b>Fragile</b>", "Value": "<b>Fragile</b>"},
    ]
    assert run(api, one, 4413) == []
    assert run(api, one, 4414) == [
        {"Name": f"Carrier {n}", "Value": f"carrier-{n}"} for n in (1, 2, 3)
    ]


@pytest.mark.parametrize("trigger", ["1", "4410", "0", "-1", "none", "9" * 40])
def test_an_unknown_trigger_is_a_404(state: CyclrState, api: Caller, trigger: str) -> None:
    one = state.install(SHOP, LOOKS_UP, auth_value="k").id

    answer = api("POST", f"/account/connectors/{one}/triggers/{trigger}", json={})

    assert answer.status_code == 404


def test_a_trigger_needs_credentials(state: CyclrState, api: Caller) -> None:
    one = state.install(SHOP, LOOKS_UP, name="W").id

    answer = api("POST", f"/account/connectors/{one}/triggers/4411", json={})

    assert answer.status_code == 400
    assert answer.json() == {"Message": "Account connector 'W' is not authenticated."}
    assert api("POST", "/account/connectors/1/triggers/4411", json={}).status_code == 404


@pytest.mark.parametrize(("body", "status"), [("", 200), ("{}", 200), ("[]", 400), ("{", 400)])
def test_a_trigger_takes_an_object_or_nothing(
    state: CyclrState, api: Caller, body: str, status: int
) -> None:
    one = state.install(SHOP, LOOKS_UP, auth_value="k").id

    answer = api("POST", f"/account/connectors/{one}/triggers/4411", data=body)

    assert answer.status_code == status


def test_what_the_simulator_knows_of_triggers_is_not_shown(api: Caller) -> None:
    for path in (f"/connectors/{LOOKS_UP}", "/connectors/Looks%20Things%20Up", "/connectors"):
        assert b'"Simulator"' not in api.get(path).content
