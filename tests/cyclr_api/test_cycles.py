"""Cycles: what is sent, and what becomes of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclr_api import (
    INTERVALS,
    UNSET,
    ConflictError,
    Cycle,
    CycleConnector,
    Incident,
    NotFoundError,
    OutcomeUnknownError,
    Prerequisite,
    RefusedError,
    Transaction,
    TransactionItem,
    UndecodableError,
    UnexpectedAnswerError,
    UnsendableError,
    Variable,
)
from cyclr_api.cycles import CycleApi, Cycles
from cyclr_api.simulator import CyclrState, demo_state
from tests.cyclr_api.mounted import client_of as mounted_client
from tests.cyclr_api.raw_server import RawServer, Request, client_of, raw, reply, reset, serve

ACCOUNT = "acme/eu"
ID = "2d4f7c19-1f6a-4a77-8c51-3e9bb0a6d001"
TEMPLATE_ID = "5a1e7f60-3c0b-4e7e-9f3d-52d1c2f3aa10"
STEP_ID = "b2c7b6d4-94b2-45f1-9b0d-7d0f5a3c1e02"
RUN_ID = "e4c1a5b8-27d8-4d86-90f1-1f5c8e2b9c03"
CANARY = "canary-7d21"

CYCLE = {
    "Id": ID,
    "Name": "Orders to parcels",
    "Description": "",
    "Status": "Active",
    "CreatedOnUtc": "2024-03-05T10:00:01.5521034Z",
    "LastSuccessfulRunDate": "0001-01-01T00:00:00",
    "TasksUsed": 12,
    "ErrorCount": 3,
    "WarningCount": 1,
    "InProgressTransactionCount": 2,
    "Connectors": [
        {
            "Id": 17301,
            "AccountConnectorId": 90412,
            "Name": "Parcel Desk",
            "Version": "2.0",
            "Authenticated": False,
            "StepCount": 2,
            "Icon": "data:image/png;base64,iVBORw0KGgo=",
        }
    ],
    "TemplateId": TEMPLATE_ID,
    "Tags": ["shop"],
    "Shareable": False,
    "StepErrorAction": "Ignore",
    "LogStepDataRequests": True,
    "CollectionSplitType": "All",
    "StepDataSuccessRetentionHours": None,
    "StepDataErroredRetentionHours": 72,
}
INCIDENT = {
    "CycleId": ID,
    "CycleName": "Orders to parcels",
    "IncidentLevel": "Error",
    "ShortMessage": "Failed to call the method",
    "FullMessage": f'404 Not Found\r\n{{"error":"{CANARY}"}}\r\n\r\nHTTP Request: …',
    "StepId": STEP_ID,
    "StepName": "Create parcel",
    "TransactionId": RUN_ID,
}
VARIABLE = {
    "DisplayName": "Order limit",
    "SystemName": "OrderLimit",
    "Value": CANARY,
    "MappingType": "StaticValue",
}
REFUSED = {"Message": "No."}

Part = Callable[[Any], Any]
"""Carries out an operation on an account's cycles, or on one cycle."""


def cycles_of(server: RawServer) -> Cycles:
    return client_of(server).account(ACCOUNT).cycles


def cycle_of(server: RawServer) -> CycleApi:
    return client_of(server).account(ACCOUNT).cycle(ID)


def asked(server: RawServer) -> Request:
    """The first call that arrived."""
    return server.calls[0]


def path_of(call: Request) -> str:
    return urlsplit(call.target).path.removeprefix("/v1.0")


def query_of(call: Request) -> dict[str, str]:
    """The query without what pages a list."""
    values = parse_qs(urlsplit(call.target).query)
    paging = ("page", "pageSize", "sortOrderAsc")
    return {name: found[0] for name, found in values.items() if name not in paging}


def body_of(call: Request) -> object:
    return json.loads(call.body) if call.body else None


# ---- what is read ----


def test_a_cycle_is_read_whole() -> None:
    cycle = Cycle.from_json(CYCLE)

    assert cycle == Cycle(
        id=ID,
        name="Orders to parcels",
        description="",
        status="Active",
        created_at=datetime(2024, 3, 5, 10, 0, 1, 552103, tzinfo=UTC),
        last_successful_run_at=None,
        tasks_used=12,
        error_count=3,
        warning_count=1,
        in_progress_count=2,
        connectors=(CycleConnector(17301, 90412, "Parcel Desk", "2.0", False, 2),),
        template_id=TEMPLATE_ID,
        tags=("shop",),
        is_shareable=False,
        step_error_action="Ignore",
        logs_step_requests=True,
        collection_split_type="All",
        errored_retention_hours=72,
    )
    assert cycle.extra == cycle.connectors[0].extra == {}


def test_a_cycle_made_by_hand_and_an_older_answer_are_read() -> None:
    cycle = Cycle.from_json(
        {"id": ID, "templateid": None, "ContinueOnStepError": "true", "Tags": None, "Folder": "x"}
    )

    assert cycle == Cycle(id=ID, continues_on_step_error=True)
    assert cycle.extra == {"Folder": "x"}


@pytest.mark.parametrize(
    ("status", "is_active"),
    [
        ("Active", True),
        (" active ", True),
        ("Paused", False),
        ("DeleteScheduled", False),
        ("Stopped", False),
        ("Inactive", False),
        (None, False),
        (["Active"], False),
    ],
)
def test_only_a_status_of_active_is_active(status: object, is_active: bool) -> None:
    assert Cycle.from_json({"Id": ID, "Status": status}).is_active is is_active


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"ReasonCode": 20, "Reason": "?", "ObjectType": "AccountConnector", "ObjectId": 9},
            (20, 9, 9),
        ),
        ({"ReasonCode": "20", "ObjectId": "9"}, (20, 9, 9)),
        ({"ReasonCode": 30, "ObjectType": "Action", "ObjectId": STEP_ID}, (30, STEP_ID, None)),
        ({"ReasonCode": 20, "ObjectId": STEP_ID}, (20, STEP_ID, None)),
        ({"ReasonCode": 30, "ObjectId": 9}, (30, 9, None)),
        ({"ReasonCode": 10, "ObjectId": None}, (10, None, None)),
        ({"ReasonCode": {}, "ObjectId": [1]}, (None, None, None)),
    ],
)
def test_a_prerequisite_says_what_is_missing(value: object, expected: object) -> None:
    found = Prerequisite.from_json(value)

    assert (found.code, found.object_id, found.account_connector_id) == expected


@pytest.mark.parametrize("name", ["CreatedOnUtc", "CreatedDate", "timestamp"])
def test_a_run_and_an_incident_say_when_if_cyclr_does(name: str) -> None:
    when = {name: "2024-03-05T10:00:01Z"}

    moment = datetime(2024, 3, 5, 10, 0, 1, tzinfo=UTC)
    assert Incident.from_json({**INCIDENT, **when}).created_at == moment
    assert Transaction.from_json({"Id": RUN_ID, **when}).created_at == moment
    assert Incident.from_json(INCIDENT).created_at is None


def test_messages_and_values_do_not_show() -> None:
    shown = repr(
        (
            Incident.from_json(INCIDENT),
            Variable.from_json(VARIABLE),
            TransactionItem.from_json({"StepId": STEP_ID, "Request": CANARY, "Response": CANARY}),
        )
    )

    assert CANARY not in shown
    assert "Failed to call the method" in shown


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        ("GET /orders", "GET /orders"),
        ({"a": [1, "é"]}, '{"a":[1,"é"]}'),
        ([], "[]"),
        (7, "7"),
        (None, None),
    ],
)
def test_what_a_step_sent_is_text_whatever_it_was(sent: object, got: str | None) -> None:
    item = TransactionItem.from_json({"StepId": STEP_ID, "Request": sent, "Response": sent})

    assert (item.step_id, item.request, item.response) == (STEP_ID, got, got)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KINDS: list[Any] = [
    Cycle,
    CycleConnector,
    Incident,
    Prerequisite,
    Transaction,
    TransactionItem,
    Variable,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(value=JSON, fields=st.dictionaries(st.sampled_from(sorted({*CYCLE, *INCIDENT})), JSON))
def test_nothing_that_cyclr_may_send_is_a_surprise(
    kind: Any, value: object, fields: dict[str, Any]
) -> None:
    for answer in (value, fields, {"Id": ID, **fields}):
        try:
            kind.from_json(answer)
        except UndecodableError:
            continue


# ---- lists ----


def test_every_cycle_is_listed_over_all_pages_without_icons() -> None:
    other = {**CYCLE, "Id": TEMPLATE_ID}
    with serve(reply(200, [CYCLE]), reply(200, [other]), reply(200, [])) as server:
        found = cycles_of(server).all()

    assert [cycle.id for cycle in found] == [ID, TEMPLATE_ID]
    assert query_of(asked(server)) == {"includeIcons": "false"}
    assert asked(server).headers["x-cyclr-account"] == ACCOUNT.encode()


def test_cycles_are_narrowed_by_tag_and_connector() -> None:
    with serve(reply(200, [])) as server:
        list(
            cycles_of(server).iterate(tag="shop", connector_name="MailChimp", connector_version="3")
        )

    assert query_of(asked(server)) == {
        "includeIcons": "false",
        "tag": "shop",
        "connectorName": "MailChimp",
        "connectorVersion": "3",
    }


def test_a_cycle_that_cannot_be_read_is_counted_where_the_caller_can_do_without() -> None:
    with serve(reply(200, [{"Name": "no id"}, CYCLE]), reply(200, [])) as server:
        found = cycles_of(server).readable(at_once=2, max_wait=1)

    assert ([cycle.id for cycle in found], found.skipped) == ([ID], 1)


LISTS: dict[str, tuple[Part, str, dict[str, str]]] = {
    "errors of all cycles": (
        lambda cycles: cycles.incidents(after=date(2024, 3, 1), before=date(2024, 4, 1)),
        "/cycles/incidents/error",
        {"after": "2024-03-01", "before": "2024-04-01"},
    ),
    "warnings of all cycles": (
        lambda cycles: cycles.incidents("warning"),
        "/cycles/incidents/warning",
        {},
    ),
    "runs of all cycles": (
        lambda cycles: cycles.transactions(
            after=datetime(2024, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=2))),
            status="Completed",
            split_type="Unsplit",
        ),
        "/cycles/transactions",
        {"after": "2024-03-01T10:30:00Z", "status": "Completed", "splitType": "Unsplit"},
    ),
}
LISTS_OF_ONE: dict[str, tuple[Part, str, dict[str, str]]] = {
    "incidents of a cycle": (
        lambda cycle: cycle.incidents(before=datetime(2024, 4, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
        f"/cycles/{ID}/incidents",
        {"before": "2024-04-01T00:00:00Z"},
    ),
    "runs of a cycle": (
        lambda cycle: cycle.transactions(before=date(2024, 4, 1)),
        f"/cycles/{ID}/transactions",
        {"before": "2024-04-01"},
    ),
}


@pytest.mark.parametrize(("part", "path", "query"), LISTS.values(), ids=LISTS.keys())
def test_what_all_cycles_did_is_asked_for(part: Part, path: str, query: dict[str, str]) -> None:
    with serve(reply(200, [])) as server:
        assert part(cycles_of(server)).all() == []

    assert (path_of(asked(server)), query_of(asked(server))) == (path, query)


@pytest.mark.parametrize(("part", "path", "query"), LISTS_OF_ONE.values(), ids=LISTS_OF_ONE.keys())
def test_what_one_cycle_did_is_asked_for(part: Part, path: str, query: dict[str, str]) -> None:
    with serve(reply(200, [])) as server:
        assert list(part(cycle_of(server)).iterate()) == []

    assert (path_of(asked(server)), query_of(asked(server))) == (path, query)


def test_incidents_that_differ_in_anything_are_all_listed() -> None:
    alike = [
        INCIDENT,
        {**INCIDENT, "FullMessage": "404 Not Found"},
        {**INCIDENT, "OccurredOnUtc": "2024-03-05T10:00:01Z"},
        {**INCIDENT, "OccurredOnUtc": "2024-03-05T10:00:02Z"},
    ]
    with serve(reply(200, alike), reply(200, alike[:1])) as server:
        found = cycles_of(server).incidents().all()

    assert len(found) == 4
    assert [incident.extra.get("OccurredOnUtc", "")[-3:] for incident in found] == [
        "",
        "",
        "01Z",
        "02Z",
    ]


def test_runs_are_read_and_each_comes_once() -> None:
    run = {"Id": RUN_ID, "CycleId": ID, "Status": "Completed", "StartedOnUtc": "2024-03-05"}
    with serve(reply(200, [run, run]), reply(200, [])) as server:
        found = cycle_of(server).transactions().all()

    assert found == [Transaction(RUN_ID, ID, "Completed")]
    assert found[0].extra == {"StartedOnUtc": "2024-03-05"}


@pytest.mark.parametrize("items", [[{"StepId": STEP_ID}], {"StepId": STEP_ID}])
def test_the_items_of_a_run_are_searched(items: object) -> None:
    with serve(reply(200, items), reply(200, [])) as server:
        found = cycle_of(server).transaction_items(RUN_ID, "HTTP Request:")

    assert found == [TransactionItem(STEP_ID)]
    assert path_of(asked(server)) == f"/cycles/{ID}/transactions/{RUN_ID}"
    assert query_of(asked(server)) == {"query": "HTTP Request:"}


def test_a_run_has_an_id() -> None:
    with serve(reply(200, [{"CycleId": ID}])) as server, pytest.raises(UnexpectedAnswerError):
        cycle_of(server).transactions().all()


# ---- single calls ----

CALLS: dict[str, tuple[Part, str, str, dict[str, str], object, object, object]] = {
    # the operation, and then: method, path, query, body; the answer, and what becomes of it
    "get": (
        lambda cycle: cycle.get(),
        "GET",
        "",
        {"includeIcons": "false"},
        None,
        CYCLE,
        Cycle.from_json(CYCLE),
    ),
    "get, from an array": (
        lambda cycle: cycle.get(),
        "GET",
        "",
        {"includeIcons": "false"},
        None,
        [CYCLE],
        Cycle.from_json(CYCLE),
    ),
    "update": (
        lambda cycle: cycle.update(
            name="x",
            description=None,
            tags=("b", "a"),
            is_shareable=True,
            step_error_action="Retry",
            logs_step_requests=False,
            collection_split_type="None",
            success_retention_hours=None,
            errored_retention_hours=24,
        ),
        "PUT",
        "",
        {"includeIcons": "false"},
        {
            "Name": "x",
            "Description": None,
            "Tags": ["b", "a"],
            "Shareable": True,
            "StepErrorAction": "Retry",
            "LogStepDataRequests": False,
            "CollectionSplitType": "None",
            "StepDataSuccessRetentionHours": None,
            "StepDataErroredRetentionHours": 24,
        },
        CYCLE,
        Cycle.from_json(CYCLE),
    ),
    "update of one thing": (
        lambda cycle: cycle.update(description="new"),
        "PUT",
        "",
        {"includeIcons": "false"},
        {"Description": "new"},
        CYCLE,
        Cycle.from_json(CYCLE),
    ),
    "delete": (lambda cycle: cycle.delete(), "DELETE", "", {}, None, None, None),
    "prerequisites": (
        lambda cycle: cycle.prerequisites(),
        "GET",
        "/prerequisites",
        {},
        None,
        [{"ReasonCode": 10, "Reason": "Cycle must have at least two steps"}],
        [Prerequisite(10, "Cycle must have at least two steps")],
    ),
    "no prerequisites": (
        lambda cycle: cycle.prerequisites(),
        "GET",
        "/prerequisites",
        {},
        None,
        [],
        [],
    ),
    "activate": (
        lambda cycle: cycle.activate(
            start_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC), interval=15, run_once=False
        ),
        "PUT",
        "/activate",
        {},
        {"StartTime": "2026-01-02T03:04:00Z", "Interval": 15, "RunOnce": False},
        None,
        None,
    ),
    "activate at once": (
        lambda cycle: cycle.activate(),
        "PUT",
        "/activate",
        {},
        {},
        CYCLE,
        None,
    ),
    "deactivate": (
        lambda cycle: cycle.deactivate(finish_queued=True),
        "PUT",
        "/deactivate",
        {"finishQueuedTransactions": "true"},
        {},
        None,
        None,
    ),
    "deactivate and drop": (
        lambda cycle: cycle.deactivate(finish_queued=False),
        "PUT",
        "/deactivate",
        {"finishQueuedTransactions": "false"},
        {},
        None,
        None,
    ),
    "clear incidents": (
        lambda cycle: cycle.clear_incidents(),
        "DELETE",
        "/incidents",
        {},
        None,
        None,
        None,
    ),
    "a variable": (
        lambda cycle: cycle.variables.get("Order Limit/é"),
        "GET",
        "/variables/Order%20Limit%2F%C3%A9",
        {},
        None,
        VARIABLE,
        Variable("Order limit", CANARY, "StaticValue", "OrderLimit"),
    ),
    "add a variable": (
        lambda cycle: cycle.variables.add("Order limit", "5"),
        "POST",
        "/variables",
        {},
        {"DisplayName": "Order limit", "Value": "5", "MappingType": "StaticValue"},
        VARIABLE,
        Variable.from_json(VARIABLE),
    ),
    "change a variable": (
        lambda cycle: cycle.variables.change("OrderLimit", "5"),
        "PUT",
        "/variables/OrderLimit",
        {},
        {"Value": "5", "MappingType": "StaticValue"},
        [VARIABLE],
        Variable.from_json(VARIABLE),
    ),
    "rename a variable": (
        lambda cycle: cycle.variables.change(
            "OrderLimit", "5", display_name="Limit", mapping_type="ValueList"
        ),
        "PUT",
        "/variables/OrderLimit",
        {},
        {"DisplayName": "Limit", "Value": "5", "MappingType": "ValueList"},
        VARIABLE,
        Variable.from_json(VARIABLE),
    ),
    "change several variables": (
        lambda cycle: cycle.variables.change_all([Variable("a", "1"), Variable("b", None, None)]),
        "PATCH",
        "/variables",
        {},
        [
            {"DisplayName": "a", "Value": "1", "MappingType": "StaticValue"},
            {"DisplayName": "b", "Value": None, "MappingType": None},
        ],
        [VARIABLE],
        [Variable.from_json(VARIABLE)],
    ),
    "delete a variable": (
        lambda cycle: cycle.variables.delete("OrderLimit"),
        "DELETE",
        "/variables/OrderLimit",
        {},
        None,
        None,
        None,
    ),
}


@pytest.mark.parametrize(
    ("part", "method", "path", "query", "body", "answer", "result"), CALLS.values(), ids=CALLS
)
def test_a_call_is_sent_and_its_answer_read(
    part: Part,
    method: str,
    path: str,
    query: dict[str, str],
    body: object,
    answer: object,
    result: object,
) -> None:
    with serve(reply(200, answer)) as server:
        got = part(cycle_of(server))

    call = asked(server)
    assert (call.method, path_of(call), query_of(call)) == (method, f"/cycles/{ID}{path}", query)
    assert body_of(call) == body
    assert call.headers["x-cyclr-account"] == ACCOUNT.encode()
    assert got == result
    assert len(server.calls) == 1


def test_a_new_cycle_is_made_of_what_is_given() -> None:
    with serve(reply(201, CYCLE)) as server:
        cycles = cycles_of(server)
        bare = cycles.create(name="x")
        cycles.create(
            name="x",
            description="",
            tags={"shop"},
            is_shareable=False,
            step_error_action="Ignore",
            logs_step_requests=True,
            collection_split_type="All",
        )

    assert bare.id == ID
    assert [(call.method, path_of(call)) for call in server.calls] == [("POST", "/cycles")] * 2
    assert [body_of(call) for call in server.calls] == [
        {"Name": "x"},
        {
            "Name": "x",
            "Description": "",
            "Tags": ["shop"],
            "Shareable": False,
            "StepErrorAction": "Ignore",
            "LogStepDataRequests": True,
            "CollectionSplitType": "All",
        },
    ]


@pytest.mark.parametrize("script", [(reply(200, [CYCLE]),), (reply(200, [CYCLE]), reply(200, []))])
def test_upgradeable_cycles_are_listed_paged_or_not(script: Any) -> None:
    with serve(*script) as server:
        found = cycles_of(server).upgradeable()

    assert [cycle.id for cycle in found] == [ID]
    assert path_of(asked(server)) == "/cycles/upgradeable"


def test_every_variable_is_listed() -> None:
    with serve(reply(200, [VARIABLE]), reply(200, [])) as server:
        found = cycle_of(server).variables.all()

    assert found == [Variable.from_json(VARIABLE)]
    assert path_of(asked(server)) == f"/cycles/{ID}/variables"


# ---- with the simulator ----

SHOP = "shop-1042.example"
BUSY = "shop-1043.example"


@pytest.fixture
def state() -> CyclrState:
    """The support desk's Cyclr, reached by https."""
    state = demo_state()
    state.api_url = "https://api.cyclr.test"
    return state


def test_a_cycle_lives_from_its_making_to_its_end(state: CyclrState) -> None:
    account = mounted_client(state).account(SHOP)
    made = account.cycles.create(name="By hand", tags=["test"], step_error_action="Retry")
    cycle = account.cycle(made.id)

    changed = cycle.update(description="for Ann", errored_retention_hours=24)
    cycle.delete()

    assert (changed.name, changed.description, changed.errored_retention_hours) == (
        "By hand",
        "for Ann",
        24,
    )
    assert (changed.tags, changed.step_error_action) == (("test",), "Retry")
    with pytest.raises(NotFoundError):
        cycle.get()


def test_a_cycle_that_lacks_something_is_not_activated(state: CyclrState) -> None:
    account = mounted_client(state).account(SHOP)
    cycle = account.cycle(account.cycles.create(name="Empty").id)

    with pytest.raises(RefusedError):
        cycle.activate(run_once=True)

    assert [lack.code for lack in cycle.prerequisites()] == [10]
    assert cycle.get().is_active is False


def test_a_running_cycle_is_stopped_and_started(state: CyclrState) -> None:
    account = mounted_client(state).account(SHOP)
    running = next(cycle for cycle in account.cycles.all() if cycle.is_active)
    cycle = account.cycle(running.id)
    with pytest.raises(ConflictError):
        cycle.variables.add("Limit", "5")

    cycle.deactivate(finish_queued=False)
    cycle.deactivate(finish_queued=True)
    stopped = cycle.get()
    cycle.activate(interval=15, start_at=datetime(2030, 1, 1, tzinfo=UTC))

    assert stopped.is_active is False
    assert cycle.get().is_active is True


def test_the_connector_to_authenticate_is_named(state: CyclrState) -> None:
    account = mounted_client(state).account(SHOP)
    lacking = next(one for one in account.cycles.all() if one.name == "Customers to HubSpot")

    lacks = account.cycle(lacking.id).prerequisites()

    (wanted,) = {lack.account_connector_id for lack in lacks} - {None}
    assert account.connector(wanted or 0).get().name == "HubSpot"


def test_variables_are_added_changed_and_removed(state: CyclrState) -> None:
    account = mounted_client(state).account(SHOP)
    variables = account.cycle(account.cycles.create(name="By hand").id).variables

    added = variables.add("Order limit", "5")
    other = variables.add("Greeting", "hello")
    changed = variables.change(added.name or "", "6")
    together = variables.change_all([Variable("Order limit", "7"), Variable("Greeting", "hi")])
    variables.delete(other.name or "")

    assert (added.display_name, changed.value) == ("Order limit", "6")
    assert {one.display_name: one.value for one in together} == {
        "Order limit": "7",
        "Greeting": "hi",
    }
    assert [variables.get(one.name or "").value for one in variables.all()] == ["7"]


@pytest.mark.parametrize("cap", [7, 1000])
def test_what_went_wrong_is_listed_over_all_pages(state: CyclrState, cap: int) -> None:
    state.max_page_size = cap
    account = mounted_client(state).account(BUSY)
    counted = {cycle.id: cycle.error_count or 0 for cycle in account.cycles.all()}

    found = account.cycles.incidents().all()

    assert len(found) == sum(counted.values()) > 100
    assert {incident.level for incident in found} == {"Error"}
    worst = max(counted, key=lambda id: counted[id])
    assert len(account.cycle(worst).incidents().all()) == counted[worst]


def test_a_period_is_from_one_moment_to_before_another(state: CyclrState) -> None:
    account = mounted_client(state).account(BUSY)
    runs = account.cycles.transactions().all()
    moments = sorted(run.created_at for run in runs if run.created_at is not None)
    middle = moments[len(moments) // 2]

    before = account.cycles.transactions(before=middle).all()
    after = account.cycles.transactions(after=middle).all()

    assert before and after
    assert len(before) + len(after) == len(moments) == len(runs)


def test_incidents_are_cleared(state: CyclrState) -> None:
    account = mounted_client(state).account(BUSY)
    worst = max(account.cycles.all(), key=lambda cycle: cycle.error_count or 0)

    account.cycle(worst.id).clear_incidents()

    assert account.cycle(worst.id).incidents().all() == []
    assert account.cycle(worst.id).get().error_count == 0


def test_the_items_of_a_run_are_read(state: CyclrState) -> None:
    account = mounted_client(state).account(BUSY)
    run = account.cycles.transactions(status="completed", split_type="Unsplit").all()[0]
    cycle = account.cycle(run.cycle_id or "")

    items = cycle.transaction_items(run.id)

    assert [item.step_id for item in items] == [step.id for step in cycle.steps.all()]
    assert all(item.request and item.response for item in items)
    assert cycle.transaction_items(run.id, "no such text in it") == []


def test_cycles_of_an_older_template_are_upgradeable(state: CyclrState) -> None:
    client = mounted_client(state)

    found = client.account(BUSY).cycles.upgradeable()

    assert {cycle.name for cycle in found} == {"Tickets everywhere", "Orders to newsletter"}


# ---- what goes wrong ----


@pytest.mark.parametrize(
    "part",
    [
        lambda cycle: cycle.update(description="x"),
        lambda cycle: cycle.delete(),
        lambda cycle: cycle.variables.change("OrderLimit", "5"),
    ],
)
def test_a_running_cycle_is_not_changed(part: Part) -> None:
    with serve(reply(409, REFUSED)) as server, pytest.raises(ConflictError):
        part(cycle_of(server))


@pytest.mark.parametrize(
    "part",
    [
        lambda cycle: cycle.get(),
        lambda cycle: cycle.activate(run_once=True),
        lambda cycle: cycle.clear_incidents(),
        lambda cycle: cycle.incidents().all(),
    ],
)
def test_a_cycle_that_is_gone_is_not_found(part: Part) -> None:
    with serve(reply(404)) as server, pytest.raises(NotFoundError):
        part(cycle_of(server))


@pytest.mark.parametrize("script", [reset, reply(500), raw(b"HTTP/1.1 200 X\r\n\r\n<html>")])
@pytest.mark.parametrize(
    "part",
    [
        lambda cycle: cycle.update(name="x"),
        lambda cycle: cycle.delete(),
        lambda cycle: cycle.activate(),
        lambda cycle: cycle.deactivate(finish_queued=True),
        lambda cycle: cycle.clear_incidents(),
        lambda cycle: cycle.variables.add("a", "1"),
        lambda cycle: cycle.variables.change("a", "1"),
        lambda cycle: cycle.variables.change_all([]),
        lambda cycle: cycle.variables.delete("a"),
    ],
)
def test_a_write_without_a_readable_answer_is_unknown_and_sent_once(
    part: Part, script: Any
) -> None:
    with serve(script) as server, pytest.raises(OutcomeUnknownError):
        part(cycle_of(server))

    assert len(server.calls) == 1


@pytest.mark.parametrize(
    "part",
    [
        lambda cycle: cycle.variables.add("a", CANARY),
        lambda cycle: cycle.variables.change("a", CANARY),
        lambda cycle: cycle.variables.change_all([Variable("a", CANARY), Variable("b")]),
    ],
)
def test_a_value_that_cyclr_quotes_back_does_not_show(part: Part) -> None:
    answer = reply(400, {"Message": f"'{CANARY}' is not valid."})
    with serve(answer) as server, pytest.raises(RefusedError) as caught:
        part(cycle_of(server))

    assert CANARY not in str(caught.value)
    assert "is not valid" in str(caught.value)


@pytest.mark.parametrize("interval", [0, -5, 2, 45, 20160])
def test_an_interval_that_cyclr_does_not_know_is_not_sent(interval: int) -> None:
    with serve(reply(200)) as server:
        with pytest.raises(UnsendableError, match="one of 1, 5, 15"):
            cycle_of(server).activate(interval=interval)
        cycle_of(server).activate(interval=max(INTERVALS))

    assert [body_of(call) for call in server.calls] == [{"Interval": 10080}]


NAIVE = datetime(2026, 1, 2, 3, 4)
UNSENDABLE: dict[str, Part] = {
    "an update of nothing": lambda account: account.cycle(ID).update(),
    "an update of nothing, spelled out": lambda account: account.cycle(ID).update(name=UNSET),
    "no name": lambda account: account.cycles.create(name=" "),
    "a variable without a name": lambda account: account.cycle(ID).variables.add(" ", "5"),
    "a name that is no path": lambda account: account.cycle(ID).variables.get(".."),
    "no such level": lambda account: account.cycles.incidents("info"),
    "no zone": lambda account: account.cycle(ID).activate(start_at=NAIVE),
    "a list without a zone": lambda account: account.cycles.transactions(after=NAIVE),
    "no GUID": lambda account: account.cycle("7"),
    "no text": lambda account: account.cycle(7),
}


@pytest.mark.parametrize("part", UNSENDABLE.values(), ids=UNSENDABLE.keys())
def test_what_cannot_work_is_not_sent(part: Part) -> None:
    with serve(reply(200, CYCLE)) as server, pytest.raises(UnsendableError):
        part(client_of(server).account(ACCOUNT))

    assert server.requests == []
