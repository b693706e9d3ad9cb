"""What a cycle, or one of its steps, lacks before it can run.

A cycle says which of its steps lack a mapping, a step which of its parameters and fields do [D].
`Prerequisites` under `Simulator`, of a cycle or a step, are lines that come on top.
"""

from collections.abc import Iterator
from typing import Any

from cyclr_api.simulator.state.cycle import Cycle
from cyclr_api.simulator.state.step_setup import (
    ACTION,
    DECISION,
    DELAY,
    FIELDS,
    PARAMETERS,
    WAIT_UNTIL,
    Callees,
    StepSetup,
)
from cyclr_api.simulator.state.values import JSON, OWN

REASONS = {
    0: "Unknown",
    10: "Cycle must have at least two steps",
    11: "All steps must be connected together and only one step can be the trigger",
    20: "Unauthenticated connector",
    30: "Missing mapping",
    31: "Missing decision criteria",
    32: "Missing delay time period",
    33: "Missing date to wait until",
    40: "Missing parameter mapping",
    41: "Missing field mapping",
    42: "Missing collection key mapping",
    43: "Missing webhook key mapping",
    50: "Missing left operand",
    51: "Missing right operand",
    60: "Missing delay unit",
    61: "Missing delay interval",
    70: "Missing wait until date",
}

TOOLS = {
    DECISION: (31, {"LeftOperand": 50, "RightOperand": 51}),
    DELAY: (32, {"DelayUnit": 60, "DelayInterval": 61}),
    WAIT_UNTIL: (33, {"WaitUntilDate": 70}),
}
"""Sim: what a tool must have, which no call can set, and the codes when it has not."""


def line(code: int, object_type: str, object_id: Any) -> JSON:
    """One thing that is missing, as the API shows it."""
    return {
        "ReasonCode": code,
        "Reason": REASONS[code],
        "ObjectType": object_type,
        "ObjectId": object_id,
    }


def of_cycle(callees: Callees, cycle: Cycle) -> list[JSON]:
    """Nothing: it is ready. Sim: the type and id of what 10 and 11 are about are the cycle's."""
    lines = [*_of_shape(cycle), *_of_connectors(callees, cycle)]
    for step in cycle.steps:
        if of_step(callees, cycle, step):
            kind = str(step.get("ActionType") or ACTION)
            lines.append(line(TOOLS.get(kind, (30,))[0], kind, step["Id"]))
    return [*lines, *_given(cycle.own)]


def _of_shape(cycle: Cycle) -> Iterator[JSON]:
    if len(cycle.steps) < 2:
        yield line(10, "Cycle", cycle.id)
    elif len(first_steps(cycle)) != 1 or not _is_connected(cycle):
        yield line(11, "Cycle", cycle.id)


def _of_connectors(callees: Callees, cycle: Cycle) -> Iterator[JSON]:
    """Sim: an account connector that is gone is not authenticated."""
    there = callees.account_connectors.get(cycle.account_id, {})
    for number in cycle.account_connector_ids:
        if number not in there or not there[number].authenticated:
            yield line(20, "AccountConnector", number)


def of_step(callees: Callees, cycle: Cycle, step: JSON) -> list[JSON]:
    setup = StepSetup(callees, cycle.account_id, step)
    kind = str(step.get("ActionType") or ACTION)
    _, needed = TOOLS.get(kind, (30, {}))
    own = step.get(OWN) or {}
    return [
        *(line(code, kind, step["Id"]) for name, code in needed.items() if not own.get(name)),
        *(line(40, "Parameter", target_id) for target_id in setup.missing(PARAMETERS)),
        *(line(41, "ConnectorFieldMapping", target_id) for target_id in setup.missing(FIELDS)),
        *_given(own),
    ]


def _given(own: JSON) -> Iterator[JSON]:
    """The lines of the world file, with the reason that a code stands for."""
    for one in own.get("Prerequisites") or []:
        reason = REASONS.get(one.get("ReasonCode") or 0, REASONS[0])
        yield {**one, "Reason": one.get("Reason") or reason}


# -- how steps are joined ------------------------------------------------------------------------


def ends_of(edge: JSON) -> tuple[str, str]:
    """Ids, in lower case, of the step an edge leaves and of the one it leads to.

    Sim: it leads from the tail to the head.
    """
    return str(edge.get("TailStepId")).lower(), str(edge.get("HeadStepId")).lower()


def first_steps(cycle: Cycle) -> list[JSON]:
    """The steps that no edge leads to: one of them is the trigger."""
    led_to = {head for _, head in map(ends_of, cycle.edges)}
    return [step for step in cycle.steps if str(step.get("Id")).lower() not in led_to]


def steps_before(cycle: Cycle, step: JSON) -> list[JSON]:
    """The steps that have run when a step's turn comes, in the cycle's order."""
    joints = [ends_of(edge) for edge in cycle.edges]
    start = str(step.get("Id")).lower()
    before = _reached(start, [(head, tail) for tail, head in joints]) - {start}
    return [one for one in cycle.steps if str(one.get("Id")).lower() in before]


def _is_connected(cycle: Cycle) -> bool:
    joints = [ends_of(edge) for edge in cycle.edges]
    ids = {str(step.get("Id")).lower() for step in cycle.steps}
    both_ways = joints + [(head, tail) for tail, head in joints]
    return ids <= _reached(min(ids), both_ways)


def _reached(start: str, ways: list[tuple[str, str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for one, other in ways:
            if one == here and other not in found:
                found.add(other)
                waiting.append(other)
    return found
