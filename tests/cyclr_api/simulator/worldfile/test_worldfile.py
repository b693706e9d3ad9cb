"""CyclrState files by hand: what is refused at its place, and what a short file amounts to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from cyclr_api.simulator import CyclrState, mount, new_state
from cyclr_api.simulator.server.command import main
from cyclr_api.simulator.state.errors import WorldFileError
from tests.cyclr_api.simulator.conftest import Caller

TEMPLATE, CYCLE = "6a0d8f3c-1a4e-4a52-b1f5-3b0e4c1a9d77", "0b9e2f61-52c7-4d35-8a3a-9d6f1c7e2b40"
FIRST, SECOND = "11d7c0a2-6f0b-4e0e-9a57-5b8f3c2d1e90", "22d7c0a2-6f0b-4e0e-9a57-5b8f3c2d1e91"
STEPS = [{"Id": FIRST}, {"Id": SECOND}]
MANUAL = Path(__file__).parents[4] / "docs" / "simulator.md"


def described(**parts: Any) -> dict[str, Any]:
    """A state with one account, `acme`, and two installed connectors, 5 and 6."""
    return {
        "Format": 1,
        "Credentials": [
            {"ClientId": "desk-demo", "ClientSecret": "demo-secret-not-for-production"}
        ],
        "Connectors": [{"Id": 17, "Name": "Access CRM"}, {"Id": 18, "Name": "Till Cloud"}],
        "Accounts": [{"Id": "acme"}],
        "AccountConnectors": [
            {"Id": 5, "Simulator": {"AccountId": "acme", "ConnectorId": 17}},
            {"Id": 6, "Simulator": {"AccountId": "acme", "ConnectorId": 18}},
        ],
        **parts,
    }


def with_cycle(**own: Any) -> dict[str, Any]:
    return described(Cycles=[{"Id": CYCLE, "Simulator": {"AccountId": "acme", **own}}])


def with_step(**step: Any) -> dict[str, Any]:
    return with_cycle(Steps=[{"Id": FIRST, **step}])


def with_template(**own: Any) -> dict[str, Any]:
    return described(Templates=[{"Id": TEMPLATE, "Simulator": own}])


def with_method(**method: Any) -> dict[str, Any]:
    own = {"ConnectorId": 17, **method.pop("Simulator", {})}
    return described(Methods=[{"Id": 71, "Name": "Get parcel", **method, "Simulator": own}])


def caller_of(state: CyclrState) -> Caller:
    session = requests.Session()
    mount(state, session)
    return Caller(state.api_url, session, "acme")


# -- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (
            with_method(Parameters=[{"Name": "List"}]),
            "Methods[0].Parameters[0].Id: a number is missing.",
        ),
        (
            with_step(Method={"RequestFields": [{"Id": "1"}]}),
            "Cycles[0].Simulator.Steps[0].Method.RequestFields[0].Id: a whole number is wanted.",
        ),
        (
            with_step(Method={"Parameters": [{"Id": 1, "Triggers": [{"TriggerId": "3"}]}]}),
            "Cycles[0].Simulator.Steps[0].Method.Parameters[0].Triggers[0].TriggerId: "
            "a whole number is wanted.",
        ),
        (
            with_method(Simulator={"AnswerBytes": "1000"}),
            "Methods[0].Simulator.AnswerBytes: a whole number is wanted.",
        ),
        (
            with_template(ReleaseNumber="2"),
            "Templates[0].Simulator.ReleaseNumber: a whole number is wanted.",
        ),
        (
            with_cycle(TemplateRelease="2"),
            "Cycles[0].Simulator.TemplateRelease: a whole number is wanted.",
        ),
        (
            with_cycle(Transactions=[{"Id": "1", "Items": ["a"]}]),
            "Cycles[0].Simulator.Transactions[0].Items[0]: an object is wanted.",
        ),
        (
            with_cycle(Prerequisites=[{"ReasonCode": "10"}]),
            "Cycles[0].Simulator.Prerequisites[0].ReasonCode: a whole number is wanted.",
        ),
        (described(Settings={"AllowedIps": "::1"}), "Settings.AllowedIps: a list is wanted."),
        (
            described(Connectors=[{"Id": 17, "Triggers": [{"TriggerId": "5"}]}]),
            "Connectors[0].Triggers[0].TriggerId: a whole number is wanted.",
        ),
        (
            described(Connectors=[{"Id": 17, "Simulator": {"NoMethods": "yes"}}]),
            "Connectors[0].Simulator.NoMethods: true or false is wanted.",
        ),
        (
            with_step(AccountConnectorId="5"),
            "Cycles[0].Simulator.Steps[0].AccountConnectorId: a whole number is wanted.",
        ),
        (
            with_step(AccountConnectorId=7),
            "Cycles[0].Simulator.Steps[0].AccountConnectorId: 7 is not in the account.",
        ),
        (
            with_step(MethodId="1701"),
            "Cycles[0].Simulator.Steps[0].MethodId: a whole number is wanted.",
        ),
        (
            with_step(MethodId=999),
            "Cycles[0].Simulator.Steps[0].MethodId: there is no method 999.",
        ),
        (
            with_step(ParameterMappings=[{"Id": "1"}]),
            "Cycles[0].Simulator.Steps[0].ParameterMappings[0].Id: a whole number is wanted.",
        ),
        (
            with_cycle(Steps=STEPS, Edges=[{"Id": "e", "TailStepId": FIRST, "HeadStepId": "x"}]),
            "Cycles[0].Simulator.Edges[0].HeadStepId: step 'x' is not among the Steps.",
        ),
        (
            with_template(Steps=[{"Id": FIRST, "ConnectorId": 19}]),
            "Templates[0].Simulator.Steps[0].ConnectorId: 19 is not in the template's Connectors.",
        ),
        (with_cycle(Steps=["a"]), "Cycles[0].Simulator.Steps[0]: an object is wanted."),
        (with_cycle(Steps=[{}]), "Cycles[0].Simulator.Steps[0].Id: a text is missing."),
        (described(Methods=[{"Id": 71}]), "Methods[0].Simulator.ConnectorId is missing."),
        (
            described(Templates=[{"Id": "mine"}]),
            f"Templates[0].Id: 'mine' is no GUID, like {TEMPLATE}.",
        ),
        (
            described(Cycles=[{"Id": "mine", "Simulator": {"AccountId": "acme"}}]),
            f"Cycles[0].Id: 'mine' is no GUID, like {TEMPLATE}.",
        ),
        (
            described(Templates=[{"Id": TEMPLATE}, {"Id": TEMPLATE}]),
            f"Templates[1]: there is a template {TEMPLATE} already.",
        ),
        (
            described(Methods=[{"Id": 71, "Simulator": {"ConnectorId": 17}}] * 2),
            "Methods[1]: there is a method 71 already.",
        ),
        (
            described(Cycles=[{"Id": CYCLE, "Simulator": {"AccountId": "acme"}}] * 2),
            f"Cycles[1]: there is a cycle {CYCLE} already.",
        ),
        (described(Folders=["a"]), "Folders[0]: an object is wanted."),
    ],
)
def test_what_a_call_would_stumble_over_is_refused_with_its_place(
    document: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(WorldFileError) as caught:
        new_state(document)

    assert str(caught.value) == sentence


@pytest.mark.parametrize("answers", ["ok", ["ok"], 5, True])
def test_answers_that_are_no_object_are_refused(answers: Any) -> None:
    document = described()
    document["AccountConnectors"][1]["Simulator"]["Answers"] = answers

    with pytest.raises(WorldFileError) as caught:
        new_state(document)

    assert str(caught.value) == "AccountConnectors[1].Simulator.Answers: an object is wanted."


def test_a_saved_world_may_name_what_was_deleted() -> None:
    state = new_state(with_step(AccountConnectorId=5, MethodId=1701))
    state.delete(5)

    again = new_state(state.document())

    [cycle] = again.cycles.of("acme")
    assert cycle.steps[0]["AccountConnectorId"] == 5
    assert (20, 5) in [
        (one["ReasonCode"], one["ObjectId"]) for one in again.cycles.prerequisites(cycle)
    ]


# -- made whole ----------------------------------------------------------------------------------


def test_a_template_without_steps_is_installed_with_its_connectors() -> None:
    rows = [{"Id": 17, "Name": "Access CRM"}, {"Id": 18, "Name": "Till Cloud"}]
    document = described(Templates=[{"Id": TEMPLATE, "Name": "Sales", "Connectors": rows}])
    document["AccountConnectors"].pop()
    document["AccountConnectors"][0]["Authenticated"] = True
    api = caller_of(new_state(document))

    cycle = api("POST", f"/templates/{TEMPLATE}/install", json={}).json()

    assert [
        (row["Name"], row["AccountConnectorId"], row["Authenticated"])
        for row in cycle["Connectors"]
    ] == [("Access CRM", 5, True), ("Till Cloud", 90001, False)]
    found = api.get("/cycles?connectorName=Till%20Cloud").json()
    assert [one["Id"] for one in found] == [cycle["Id"]]


def test_a_prerequisite_gets_the_reason_of_its_code() -> None:
    lines = [{"ReasonCode": 42}, {"ReasonCode": 999}, {"ReasonCode": 30, "Reason": "Mine"}, {}]
    joined = [{"Id": "e", "TailStepId": FIRST, "HeadStepId": SECOND}]
    api = caller_of(new_state(with_cycle(Steps=STEPS, Edges=joined, Prerequisites=lines)))

    shown = api.get(f"/cycles/{CYCLE}/prerequisites").json()
    refused = api.put(f"/cycles/{CYCLE}/activate", RunOnce=True)

    assert [one["Reason"] for one in shown] == [
        "Missing collection key mapping",
        "Unknown",
        "Mine",
        "Unknown",
    ]
    assert refused.status_code == 400


def test_one_method_can_be_staged_alone() -> None:
    state = new_state(with_method(Simulator={"Answer": {"parcel": "p-77"}}))

    staged = state.methods.of(state.connectors[17])
    others = state.methods.of(state.connectors[18])

    assert [method.id for method in staged] == [71]
    assert len(others) >= 3
    assert state.methods.numbered(others[0].id) is others[0]
    assert new_state(state.document()).document() == state.document()


def test_a_release_can_have_no_methods() -> None:
    state = new_state(
        described(
            Connectors=[{"Id": 17, "Name": "Access CRM", "Simulator": {"NoMethods": True}}],
            AccountConnectors=[],
        )
    )

    assert state.methods.of(state.connectors[17]) == []
    assert state.methods.numbered(1701) is None


def test_what_is_not_known_is_kept_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "world.json", tmp_path / "again.json"
    source.write_text(json.dumps(described(Acounts=[], Remarks="x")))

    assert main(["--world", str(source), "--dump", str(target)]) == 0

    errors = capsys.readouterr().err
    assert errors == "Not known in a world file, and kept: Acounts, Remarks\n"
    assert json.loads(target.read_text())["Remarks"] == "x"


def test_the_manuals_example_is_a_world() -> None:
    examples = re.findall(r"```json\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    [document] = [one for one in map(json.loads, examples) if "Cycles" in one]
    state = new_state(document)
    api = caller_of(state)

    [cycle] = state.cycles.of("acme")
    answer = api.get("/account/connectors/1874/methods/1701").json()

    assert state.cycles.prerequisites(cycle) == []
    assert answer == [{"email": "person@customer.example"}]
    assert api.get(f"/cycles/{cycle.id}").json()["Connectors"][0]["StepCount"] == 1
