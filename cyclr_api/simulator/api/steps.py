"""Setting steps up: what is mapped into their parameters and fields (account level).

Parameters and fields are asked for alike. Sim: their ids are numbers of 32 bits.
"""

import re

from cyclr_api.simulator.api.cycles import MAPPING_TYPES, choice, flag, guid, whole
from cyclr_api.simulator.api.routing import Routes
from cyclr_api.simulator.http import NOT_VALID, Fields, Reply, Request
from cyclr_api.simulator.state import prerequisites
from cyclr_api.simulator.state.cycle import Cycle, check_at_rest
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.step_setup import FIELDS, PARAMETERS, Kind, StepSetup
from cyclr_api.simulator.state.values import JSON

TEXTS = ("Value", "TriggerValue", "TriggerValueDisplayName")
FLAGS = ("IsLaunchVisible", "IsEntityIdentifier")

routes = Routes()


@routes.add("GET", "/steps/{id}/prerequisites", level="account")
def step_prerequisite_list(state: CyclrState, request: Request) -> Reply:
    cycle, setup = _found(state, request)
    return Reply.json(prerequisites.of_step(state.cycles.callees, cycle, setup.step))


@routes.add("GET", "/steps/{id}/fieldsformapping", level="account")
def source_field_list(state: CyclrState, request: Request) -> Reply:
    """The fields of what the steps before were answered."""
    cycle, setup = _found(state, request)
    before = prerequisites.steps_before(cycle, setup.step)
    return Reply.json(
        [field for step in before for field in state.cycles.setup(cycle, step).response_fields()]
    )


# -- parameters ----------------------------------------------------------------------------------


@routes.add("GET", "/steps/{id}/parameters", level="account")
def parameter_list(state: CyclrState, request: Request) -> Reply:
    return _list(state, request, PARAMETERS)


@routes.add("GET", "/steps/{id}/parameters/{target}", level="account")
def parameter_detail(state: CyclrState, request: Request) -> Reply:
    return _detail(state, request, PARAMETERS)


@routes.add("PUT", "/steps/{id}/parameters/{target}", level="account")
def parameter_change(state: CyclrState, request: Request) -> Reply:
    return _change(state, request, PARAMETERS)


@routes.add("POST", "/steps/{id}/parameters/{target}/lookup", level="account")
def parameter_look_up(state: CyclrState, request: Request) -> Reply:
    target_id, trigger_id = _target_id(request), whole(request.json_or_empty(), "TriggerId")
    if trigger_id is None:
        raise ApiError(400, NOT_VALID)
    _, setup = _found(state, request)
    return Reply.json(setup.look_up(PARAMETERS, target_id, trigger_id))


# -- fields --------------------------------------------------------------------------------------


@routes.add("GET", "/steps/{id}/fieldmappings", level="account")
def field_list(state: CyclrState, request: Request) -> Reply:
    return _list(state, request, FIELDS)


@routes.add("POST", "/steps/{id}/fieldmappings/lookup", level="account")
def field_look_up(state: CyclrState, request: Request) -> Reply:
    """Looks for custom fields at the third party. Sim: there are none, and nothing to say."""
    request.json_or_empty()
    _found(state, request)
    return Reply()


@routes.add("GET", "/steps/{id}/fieldmappings/{target}", level="account")
def field_detail(state: CyclrState, request: Request) -> Reply:
    return _detail(state, request, FIELDS)


@routes.add("PUT", "/steps/{id}/fieldmappings/{target}", level="account")
def field_change(state: CyclrState, request: Request) -> Reply:
    return _change(state, request, FIELDS)


# -- both ----------------------------------------------------------------------------------------


def _list(state: CyclrState, request: Request, kind: Kind) -> Reply:
    _, setup = _found(state, request)
    return Reply.json(setup.mappings(kind))


def _detail(state: CyclrState, request: Request, kind: Kind) -> Reply:
    target_id = _target_id(request)
    _, setup = _found(state, request)
    return Reply.json(setup.mapping(kind, target_id))


def _change(state: CyclrState, request: Request, kind: Kind) -> Reply:
    """Partial. Sim: a running cycle's steps stay as they are (409)."""
    target_id, given = _target_id(request), _read_mapping(request.json_or_empty(), kind)
    cycle, setup = _found(state, request)
    check_at_rest(cycle)
    change = setup.mapping_change(kind, target_id, given)
    changed = state.cycles.change_step(cycle, setup.step, change)
    return Reply.json(state.cycles.setup(cycle, changed).mapping(kind, target_id))


def _read_mapping(fields: Fields, kind: Kind) -> JSON:
    """Sim: null clears what it is given for, but says nothing of a flag."""
    target = fields.fields(kind.name)  # says nothing that the path does not
    whole(target, "Id")
    given: JSON = {name: fields.text(name) for name in TEXTS if name in fields}
    if "MappingType" in fields:
        given["MappingType"] = choice(fields, "MappingType", MAPPING_TYPES)
    if "SourceFieldId" in fields:
        given["SourceFieldId"] = whole(fields, "SourceFieldId")
    if "SourceStepId" in fields:
        is_null = fields.get("SourceStepId") is None
        given["SourceStepId"] = None if is_null else guid(fields, "SourceStepId")
    said = {name: flag(fields, name) for name in FLAGS}
    return given | {name: value for name, value in said.items() if value is not None}


def _found(state: CyclrState, request: Request) -> tuple[Cycle, StepSetup]:
    cycle, step = state.cycles.with_step(request.account, request.guid("id"))
    return cycle, state.cycles.setup(cycle, step)


def _target_id(request: Request) -> int:
    text = request.params["target"]
    if not re.fullmatch(r"-?[0-9]{1,10}", text, re.ASCII) or not -(2**31) <= int(text) < 2**31:
        raise ApiError(400, NOT_VALID)
    return int(text)
