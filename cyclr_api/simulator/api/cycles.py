"""Cycles, and what stands below them: steps, edges, variables, incidents, transactions.

Sim: what a body or a path says is judged before it is looked whether there is such a cycle.
"""

from collections.abc import Callable, Sequence
from typing import Any

from cyclr_api.simulator.api.routing import Routes, document_field, page_of
from cyclr_api.simulator.api.templates import has_connector, has_tag, wants_icons
from cyclr_api.simulator.http import NOT_VALID, Fields, Reply, Request
from cyclr_api.simulator.state import runs, step_setup
from cyclr_api.simulator.state.account_rules import RETENTIONS, checked, read_date
from cyclr_api.simulator.state.cycle import Cycle, Schedule, part_of, variable_of
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.state import CyclrState
from cyclr_api.simulator.state.values import JSON, cyclr_time, encode, is_guid

STEP_ERROR_ACTIONS = ("Ignore", "Retry", "StopCycle", "StopTransaction")
"""By their numbers. Sim: the numbers, here and below, and the names that are not [T]."""

COLLECTION_SPLIT_TYPES = ("None", "All", "FirstStep")

ACTION_TYPES = ("Unknown", "Trigger", "Decision", "Delay", "Action", "WaitUntil", "WaitAll")

EDGE_TYPES = ("Forward", "True", "False")

MAPPING_TYPES = (step_setup.IGNORE, *step_setup.TYPED, *step_setup.REFERRING)

routes = Routes()


# -- all cycles ----------------------------------------------------------------------------------


@routes.add("GET", "/cycles", level="account")
def cycle_list(state: CyclrState, request: Request) -> Reply:
    found = [
        one
        for one in state.cycles.of(request.account)
        if has_tag(request, one.document)
        and has_connector(request, state.cycles.connector_rows(one))
    ]
    return _page_of_cycles(state, request, found)


@routes.add("POST", "/cycles", level="account")
def cycle_create(state: CyclrState, request: Request) -> Reply:
    given = checked({"Name": None, **read_cycle(request.json_or_empty())})
    return Reply.json(_shown(state, request, state.cycles.create(request.account, given)), 201)


@routes.add("GET", "/cycles/upgradeable", level="account")
def cycle_upgradeable_list(state: CyclrState, request: Request) -> Reply:
    """Sim: the cycles themselves."""
    return _page_of_cycles(state, request, state.templates.upgradeable(request.account))


@routes.add("GET", "/cycles/transactions", level="account")
def transaction_list(state: CyclrState, request: Request) -> Reply:
    return _transactions(state, request, state.cycles.of(request.account))


@routes.add("GET", "/cycles/incidents/error", level="account")
def error_list(state: CyclrState, request: Request) -> Reply:
    return _incidents(state, request, state.cycles.of(request.account), runs.ERROR)


@routes.add("GET", "/cycles/incidents/warning", level="account")
def warning_list(state: CyclrState, request: Request) -> Reply:
    return _incidents(state, request, state.cycles.of(request.account), runs.WARNING)


# -- one cycle -----------------------------------------------------------------------------------


@routes.add("GET", "/cycles/{id}", level="account")
def cycle_detail(state: CyclrState, request: Request) -> Reply:
    return Reply.json(_shown(state, request, _cycle(state, request)))


@routes.add("PUT", "/cycles/{id}", level="account")
def cycle_change(state: CyclrState, request: Request) -> Reply:
    """Partial."""
    given = checked(read_cycle(request.json_or_empty()))
    cycle = _changeable(state, request)
    state.cycles.change(cycle, given)
    return Reply.json(_shown(state, request, cycle))


@routes.add("DELETE", "/cycles/{id}", level="account")
def cycle_delete(state: CyclrState, request: Request) -> Reply:
    """Sim: one that runs is not deleted. A body is not read, here and below."""
    state.cycles.delete(_changeable(state, request))
    return Reply()


@routes.add("GET", "/cycles/{id}/prerequisites", level="account")
def prerequisite_list(state: CyclrState, request: Request) -> Reply:
    return Reply.json(state.cycles.prerequisites(_cycle(state, request)))


@routes.add("PUT", "/cycles/{id}/activate", level="account")
def cycle_activate(state: CyclrState, request: Request) -> Reply:
    fields = request.json_or_empty()
    schedule = Schedule(
        interval=whole(fields, "Interval"),
        start_time=_moment(fields.text("StartTime")),
        is_once=bool(flag(fields, "RunOnce")),
    )
    cycle = _cycle(state, request)
    state.cycles.activate(cycle, schedule)
    return Reply.json(_shown(state, request, cycle))


@routes.add("PUT", "/cycles/{id}/deactivate", level="account")
def cycle_deactivate(state: CyclrState, request: Request) -> Reply:
    """Sim: what is queued is dropped unless the query says otherwise."""
    cycle = _cycle(state, request)
    finishes = request.query.get("finishqueuedtransactions", "").casefold() == "true"
    state.cycles.deactivate(cycle, finishes_queued=finishes)
    return Reply.json(_shown(state, request, cycle))


def read_cycle(fields: Fields) -> JSON:
    """What a body says of a cycle's attributes. Sim: null clears a description, and retention.

    Sim: null says nothing of the others, and what is no number nothing of retention.
    """
    given: JSON = {
        "Name": fields.text("Name"),
        "Shareable": flag(fields, "Shareable"),
        "StepErrorAction": choice(fields, "StepErrorAction", STEP_ERROR_ACTIONS),
        "LogStepDataRequests": flag(fields, "LogStepDataRequests"),
        "CollectionSplitType": choice(fields, "CollectionSplitType", COLLECTION_SPLIT_TYPES),
        "Tags": None if fields.get("Tags") is None else fields.texts("Tags"),
    }
    given = {name: value for name, value in given.items() if value is not None}
    if "Description" in fields:
        given["Description"] = fields.text("Description")
    for name in RETENTIONS:
        hours = fields.whole(name)
        if name in fields and (hours is not None or fields.text(name) is None):
            given[name] = hours
    return given


# -- steps ---------------------------------------------------------------------------------------


@routes.add("GET", "/cycles/{id}/steps", level="account")
def step_list(state: CyclrState, request: Request) -> Reply:
    """`filter` is a type of step. Sim: one that there is not changes nothing."""
    wanted = request.query.get("filter", "").casefold()
    kind = next((name for name in ACTION_TYPES if name.casefold() == wanted), None)
    cycle = _cycle(state, request)
    return Reply.json(
        [
            state.cycles.setup(cycle, step).shown()
            for step in cycle.steps
            if kind is None or step.get("ActionType", step_setup.ACTION) == kind
        ]
    )


@routes.add("POST", "/cycles/{id}/steps", level="account")
def step_create(state: CyclrState, request: Request) -> Reply:
    given = _read_step(request.json_or_empty())
    if not given.get("Name"):
        raise ApiError(400, "Name is required")
    cycle = _changeable(state, request)
    step = state.cycles.add_step(cycle, given)
    return Reply.json(state.cycles.setup(cycle, step).shown())


@routes.add("GET", "/cycles/{id}/steps/{step}", level="account")
def step_detail(state: CyclrState, request: Request) -> Reply:
    step_id = request.guid("step")
    cycle = _cycle(state, request)
    return Reply.json(state.cycles.setup(cycle, part_of(cycle, "Steps", step_id)).shown())


@routes.add("PUT", "/cycles/{id}/steps/{step}", level="account")
def step_change(state: CyclrState, request: Request) -> Reply:
    """Partial."""
    step_id, given = request.guid("step"), _read_step(request.json_or_empty())
    cycle = _changeable(state, request)
    step = state.cycles.change_step(cycle, part_of(cycle, "Steps", step_id), given)
    return Reply.json(state.cycles.setup(cycle, step).shown())


@routes.add("DELETE", "/cycles/{id}/steps/{step}", level="account")
def step_delete(state: CyclrState, request: Request) -> Reply:
    step_id = request.guid("step")
    cycle = _changeable(state, request)
    state.cycles.delete_step(cycle, part_of(cycle, "Steps", step_id))
    return Reply()


def _read_step(fields: Fields) -> JSON:
    """Sim: what a step calls is named by number, or by an object with the number as its Id."""
    given: JSON = {
        "Name": fields.text("Name"),
        "ActionType": choice(fields, "ActionType", ACTION_TYPES),
        "DisplayPositionLeft": whole(fields, "DisplayPositionLeft"),
        "DisplayPositionTop": whole(fields, "DisplayPositionTop"),
        "AccountConnectorId": _named(fields, "AccountConnector"),
        "MethodId": _named(fields, "Method"),
    }
    given = {name: value for name, value in given.items() if value is not None}
    if "Description" in fields:
        given["Description"] = fields.text("Description")
    return given


def _named(fields: Fields, name: str) -> int | None:
    number = whole(fields, f"{name}Id")
    return whole(fields.fields(name), "Id") if number is None else number


# -- edges ---------------------------------------------------------------------------------------


@routes.add("GET", "/cycles/{id}/edges", level="account")
def edge_list(state: CyclrState, request: Request) -> Reply:
    return Reply.json(_cycle(state, request).edges)


@routes.add("POST", "/cycles/{id}/edges", level="account")
def edge_create(state: CyclrState, request: Request) -> Reply:
    """Sim: the Id that is sent is not taken; without a type, it leads forward."""
    fields = request.json_or_empty()
    given = {name: guid(fields, name) for name in ("HeadStepId", "TailStepId")}
    given["EdgeType"] = choice(fields, "EdgeType", EDGE_TYPES) or EDGE_TYPES[0]
    cycle = _changeable(state, request)
    return Reply.json(state.cycles.add_edge(cycle, given))


@routes.add("GET", "/cycles/{id}/edges/{edge}", level="account")
def edge_detail(state: CyclrState, request: Request) -> Reply:
    edge_id = request.guid("edge")
    return Reply.json(part_of(_cycle(state, request), "Edges", edge_id))


@routes.add("DELETE", "/cycles/{id}/edges/{edge}", level="account")
def edge_delete(state: CyclrState, request: Request) -> Reply:
    edge_id = request.guid("edge")
    cycle = _changeable(state, request)
    state.cycles.delete_edge(cycle, part_of(cycle, "Edges", edge_id))
    return Reply()


# -- variables -----------------------------------------------------------------------------------


@routes.add("GET", "/cycles/{id}/variables", level="account")
def variable_list(state: CyclrState, request: Request) -> Reply:
    return Reply.json(_cycle(state, request).variables)


@routes.add("POST", "/cycles/{id}/variables", level="account")
def variable_create(state: CyclrState, request: Request) -> Reply:
    given = _read_variable(request.json_or_empty())
    if "DisplayName" not in given:
        raise ApiError(400, "DisplayName is required")
    return Reply.json(state.cycles.add_variable(_changeable(state, request), given))


@routes.add("PATCH", "/cycles/{id}/variables", level="account")
def variable_list_change(state: CyclrState, request: Request) -> Reply:
    """Sim: each is named by its system name, else by its display name; all change, or none."""
    given = [(_system_name(fields), _read_variable(fields)) for fields in _objects(request)]
    return Reply.json(state.cycles.change_variables(_changeable(state, request), given))


@routes.add("GET", "/cycles/{id}/variables/{name}", level="account")
def variable_detail(state: CyclrState, request: Request) -> Reply:
    return Reply.json(variable_of(_cycle(state, request), request.params["name"]))


@routes.add("PUT", "/cycles/{id}/variables/{name}", level="account")
def variable_change(state: CyclrState, request: Request) -> Reply:
    given = _read_variable(request.json_or_empty())
    cycle = _changeable(state, request)
    changed = state.cycles.change_variables(cycle, [(request.params["name"], given)])
    return Reply.json(changed[0])


@routes.add("DELETE", "/cycles/{id}/variables/{name}", level="account")
def variable_delete(state: CyclrState, request: Request) -> Reply:
    cycle = _changeable(state, request)
    state.cycles.delete_variable(cycle, variable_of(cycle, request.params["name"]))
    return Reply()


def _read_variable(fields: Fields) -> JSON:
    """Sim: null clears a value and says nothing of the others."""
    given: JSON = {
        "DisplayName": fields.text("DisplayName"),
        "MappingType": choice(fields, "MappingType", MAPPING_TYPES),
    }
    given = {name: value for name, value in given.items() if value is not None}
    return {**given, "Value": fields.text("Value")} if "Value" in fields else given


def _system_name(fields: Fields) -> str:
    return fields.text("SystemName") or "".join((fields.text("DisplayName") or "").split())


def _objects(request: Request) -> list[Fields]:
    return Fields({"Items": request.value() if request.body.strip() else {}}).objects("Items")


# -- transactions and incidents ------------------------------------------------------------------


@routes.add("GET", "/cycles/{id}/transactions", level="account")
def cycle_transaction_list(state: CyclrState, request: Request) -> Reply:
    return _transactions(state, request, [_cycle(state, request)])


@routes.add("GET", "/cycles/{id}/transactions/{transaction}", level="account")
def transaction_detail(state: CyclrState, request: Request) -> Reply:
    """An array: what each of its steps sent and got."""
    transaction_id = request.guid("transaction")
    found = part_of(_cycle(state, request), "Transactions", transaction_id)
    return Reply.json(runs.items_with(found, request.query.get("query", "")))


@routes.add("GET", "/cycles/{id}/incidents", level="account")
def incident_list(state: CyclrState, request: Request) -> Reply:
    return _incidents(state, request, [_cycle(state, request)])


@routes.add("DELETE", "/cycles/{id}/incidents", level="account")
def incident_list_clear(state: CyclrState, request: Request) -> Reply:
    state.cycles.clear_incidents(_cycle(state, request))
    return Reply()


def _transactions(state: CyclrState, request: Request, cycles: Sequence[Cycle]) -> Reply:
    wanted = {
        "Status": request.query.get("status") or None,
        "SplitType": request.query.get("splittype") or None,
    }
    period = _period(request)
    found = [
        (cycle, transaction)
        for cycle in cycles
        for transaction in cycle.transactions
        if period.holds(transaction)
        and all(runs.is_alike(transaction, name, value) for name, value in wanted.items())
    ]
    return _page_of_runs(state, request, found, runs.shown_transaction)


def _incidents(
    state: CyclrState, request: Request, cycles: Sequence[Cycle], level: str | None = None
) -> Reply:
    period = _period(request)
    found = [
        (cycle, incident)
        for cycle in cycles
        for incident in cycle.incidents
        if period.holds(incident) and (level is None or incident.get("IncidentLevel") == level)
    ]
    return _page_of_runs(state, request, found, runs.shown_incident)


def _page_of_runs(
    state: CyclrState,
    request: Request,
    found: list[tuple[Cycle, JSON]],
    shown: Callable[[Cycle, JSON], JSON],
) -> Reply:
    """Sim: oldest first."""
    found.sort(key=lambda pair: str(pair[1].get(runs.DATE) or ""))
    return page_of(
        state,
        request,
        found,
        field_of=lambda pair, name: document_field(shown(*pair), name),
        encoded=lambda pair: encode(shown(*pair)),
    )


def _period(request: Request) -> runs.Period:
    """Sim: what is no date is a 400."""
    query = request.query
    dates = {name: query[name] for name in ("after", "before") if query.get(name)}
    moments = {name: read_date(text) for name, text in dates.items()}
    if None in moments.values():
        raise ApiError(400, NOT_VALID)
    return runs.Period(**moments)


# -- found, shown --------------------------------------------------------------------------------


def _cycle(state: CyclrState, request: Request) -> Cycle:
    return state.cycles.one(request.account, request.guid("id"))


def _changeable(state: CyclrState, request: Request) -> Cycle:
    return state.cycles.changeable(request.account, request.guid("id"))


def _shown(state: CyclrState, request: Request, cycle: Cycle) -> JSON:
    return state.cycles.shown(cycle, has_icons=wants_icons(request))


def _field(cycle: Cycle, name: str) -> Any:
    return document_field(cycle.document, name)


def _page_of_cycles(state: CyclrState, request: Request, found: Sequence[Cycle]) -> Reply:
    return page_of(
        state,
        request,
        found,
        field_of=_field,
        encoded=lambda cycle: encode(_shown(state, request, cycle)),
    )


# -- read, or refused ----------------------------------------------------------------------------


def choice(fields: Fields, name: str, choices: Sequence[str]) -> str | None:
    """One of the names, given as such, whatever the case, or by its number; None: not given."""
    text = fields.text(name)
    if text is None:
        return None
    named = {one.casefold(): one for one in choices}
    numbered = {str(number): one for number, one in enumerate(choices)}
    found = (named | numbered).get(text.strip().casefold())
    if found is None:
        raise ApiError(400, NOT_VALID)
    return found


def flag(fields: Fields, name: str) -> bool | None:
    """True or false, also as text; None: not given."""
    value = fields.switch(name)
    if value is None and fields.text(name) is not None:
        raise ApiError(400, NOT_VALID)
    return value


def whole(fields: Fields, name: str) -> int | None:
    """A whole number, also as text; None: not given."""
    number = fields.whole(name)
    if number is None and fields.text(name) is not None:
        raise ApiError(400, NOT_VALID)
    return number


def guid(fields: Fields, name: str) -> str:
    """A GUID that must be given."""
    text = fields.text(name) or ""
    if not is_guid(text):
        raise ApiError(400, NOT_VALID)
    return text.lower()


def _moment(text: str | None) -> str | None:
    if not text:
        return None
    moment = read_date(text)
    if moment is None:
        raise ApiError(400, NOT_VALID)
    return cyclr_time(moment)
