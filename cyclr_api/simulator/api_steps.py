"""Setting steps up: what is mapped into their parameters and fields (account level).

Parameters and fields are asked for alike. Sim: their ids are numbers of 32 bits.
"""

import re

from cyclr_api.simulator import prerequisites
from cyclr_api.simulator.api_cycles import MAPPING_TYPES, choice, flag, guid, whole
from cyclr_api.simulator.cycles import Cycle, check_at_rest
from cyclr_api.simulator.refusals import RefusalError
from cyclr_api.simulator.routing import NOT_VALID, Fields, Reply, Request, Routes
from cyclr_api.simulator.step_setup import FIELDS, PARAMETERS, Kind, StepSetup
from cyclr_api.simulator.values import JSON
from cyclr_api.simulator.world import World

TEXTS = ("Value", "TriggerValue", "TriggerValueDisplayName")
FLAGS = ("IsLaunchVisible", "IsEntityIdentifier")

routes = Routes()


@routes.add("GET", "/steps/{id}/prerequisites", level="account")
def step_prerequisite_list(world: World, request: Request) -> Reply:
    cycle, setup = _found(world, request)
    return Reply.json(prerequisites.of_step(world, cycle, setup.step))


@routes.add("GET", "/steps/{id}/fieldsformapping", level="account")
def source_field_list(world: World, request: Request) -> Reply:
    """The fields of what the steps before were answered."""
    cycle, setup = _found(world, request)
    before = prerequisites.steps_before(cycle, setup.step)
    return Reply.json(
        [field for step in before for field in world.cycles.setup(cycle, step).response_fields()]
    )


# -- parameters ----------------------------------------------------------------------------------


@routes.add("GET", "/steps/{id}/parameters", level="account")
def parameter_list(world: World, request: Request) -> Reply:
    return _list(world, request, PARAMETERS)


@routes.add("GET", "/steps/{id}/parameters/{target}", level="account")
def parameter_detail(world: World, request: Request) -> Reply:
    return _detail(world, request, PARAMETERS)


@routes.add("PUT", "/steps/{id}/parameters/{target}", level="account")
def parameter_change(world: World, request: Request) -> Reply:
    return _change(world, request, PARAMETERS)


@routes.add("POST", "/steps/{id}/parameters/{target}/lookup", level="account")
def parameter_look_up(world: World, request: Request) -> Reply:
    target_id, trigger_id = _target_id(request), whole(request.json_or_empty(), "TriggerId")
    if trigger_id is None:
        raise RefusalError(400, NOT_VALID)
    _, setup = _found(world, request)
    return Reply.json(setup.look_up(PARAMETERS, target_id, trigger_id))


# -- fields --------------------------------------------------------------------------------------


@routes.add("GET", "/steps/{id}/fieldmappings", level="account")
def field_list(world: World, request: Request) -> Reply:
    return _list(world, request, FIELDS)


@routes.add("POST", "/steps/{id}/fieldmappings/lookup", level="account")
def field_look_up(world: World, request: Request) -> Reply:
    """Looks for custom fields at the third party. Sim: there are none, and nothing to say."""
    request.json_or_empty()
    _found(world, request)
    return Reply()


@routes.add("GET", "/steps/{id}/fieldmappings/{target}", level="account")
def field_detail(world: World, request: Request) -> Reply:
    return _detail(world, request, FIELDS)


@routes.add("PUT", "/steps/{id}/fieldmappings/{target}", level="account")
def field_change(world: World, request: Request) -> Reply:
    return _change(world, request, FIELDS)


# -- both ----------------------------------------------------------------------------------------


def _list(world: World, request: Request, kind: Kind) -> Reply:
    _, setup = _found(world, request)
    return Reply.json(setup.mappings(kind))


def _detail(world: World, request: Request, kind: Kind) -> Reply:
    target_id = _target_id(request)
    _, setup = _found(world, request)
    return Reply.json(setup.mapping(kind, target_id))


def _change(world: World, request: Request, kind: Kind) -> Reply:
    """Partial. Sim: a running cycle's steps stay as they are (409)."""
    target_id, given = _target_id(request), _read_mapping(request.json_or_empty(), kind)
    cycle, setup = _found(world, request)
    check_at_rest(cycle)
    change = setup.mapping_change(kind, target_id, given)
    changed = world.cycles.change_step(cycle, setup.step, change)
    return Reply.json(world.cycles.setup(cycle, changed).mapping(kind, target_id))


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


def _found(world: World, request: Request) -> tuple[Cycle, StepSetup]:
    cycle, step = world.cycles.with_step(request.account, request.guid("id"))
    return cycle, world.cycles.setup(cycle, step)


def _target_id(request: Request) -> int:
    text = request.params["target"]
    if not re.fullmatch(r"-?[0-9]{1,10}", text, re.ASCII) or not -(2**31) <= int(text) < 2**31:
        raise RefusalError(400, NOT_VALID)
    return int(text)
