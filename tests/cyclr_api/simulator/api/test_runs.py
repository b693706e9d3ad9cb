"""What cycles did, in the simulator: transactions and incidents."""

from __future__ import annotations

from typing import Any

import pytest

from cyclr_api.simulator import CyclrState
from cyclr_api.simulator.state.cycle import Cycle
from tests.cyclr_api.simulator.conftest import SHOP, Caller
from tests.cyclr_api.simulator.cycle_makers import MALFORMED, UNKNOWN

DATES = [f"2024-0{month}-15T10:00:00.0000000Z" for month in (1, 2, 3)]


@pytest.fixture
def cycle(state: CyclrState) -> Cycle:
    """A cycle that ran in January, February and March of 2024, and failed as often."""
    own = {"AccountId": SHOP, "Steps": [{"Id": UNKNOWN, "Name": "Create parcel"}]}
    found = state.cycles.add(Name="Orders to parcels", Simulator=own)
    for date in DATES:
        state.cycles.add_transaction(found, CreatedOnUtc=date)
        state.cycles.add_incident(found, CreatedOnUtc=date)
    return found


def dates(api: Caller, path: str) -> list[str]:
    return [one["CreatedOnUtc"] for one in api.get(path).json()]


# -- both ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["transactions", "incidents"])
@pytest.mark.parametrize(
    ("query", "months"),
    [
        ("", [1, 2, 3]),
        ("after=2020-01-01", [1, 2, 3]),
        ("after=2024-02-01", [2, 3]),
        ("before=2024-02-15T10:00:00Z", [1]),
        ("after=2024-02-15T10:00:00.0000000Z", [2, 3]),
        ("after=1/5/2024&before=3/1/2024", [1, 2]),
        ("after=01/05/2024&before=03/01/2024", [1, 2]),
        ("before=11/22/2027", [1, 2, 3]),
        ("before=1/5/2027", [1, 2, 3]),
        ("before=0300-01-01", []),
        ("after=0300-01-01", [1, 2, 3]),
        ("after=01/01/2025&before=01/02/2021", []),
        ("after=&before=", [1, 2, 3]),
        ("sortOrderAsc=false", [3, 2, 1]),
        ("pageSize=2", [1, 2]),
        ("pageSize=2&page=2", [3]),
        ("pageSize=2&page=3", []),
    ],
)
def test_runs_are_chosen_by_date(
    api: Caller, cycle: Cycle, what: str, query: str, months: list[int]
) -> None:
    found = dates(api, f"/cycles/{cycle.id}/{what}?{query}")

    assert found == [DATES[month - 1] for month in months]


@pytest.mark.parametrize("path", ["/cycles/transactions", "/cycles/incidents/error"])
@pytest.mark.parametrize("date", ["soon", "2024-13-01", "13/40/2024", "\x00", "1e9", "9" * 400])
def test_what_is_no_date_is_refused(api: Caller, path: str, date: str) -> None:
    assert api.get(path, params={"after": date}).status_code == 400
    assert api.get(path, params={"before": date}).status_code == 400


# -- transactions --------------------------------------------------------------------------------


def test_transactions_of_all_cycles_are_listed_oldest_first(
    state: CyclrState, api: Caller, cycle: Cycle
) -> None:
    found = api.get("/cycles/transactions?pageSize=100").json()

    assert found[0] == {
        "Id": cycle.transactions[0]["Id"],
        "CycleId": cycle.id,
        "CycleName": "Orders to parcels",
        "Status": "Completed",
        "SplitType": "Unsplit",
        "CreatedOnUtc": DATES[0],
    }
    assert len({one["CycleId"] for one in found}) > 1
    assert [one["CreatedOnUtc"] for one in found] == sorted(one["CreatedOnUtc"] for one in found)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=Completed", 3),
        ("status=completed&splitType=Unsplit", 3),
        ("splitType=unsplit", 3),
        ("status=Failed", 0),
        ("splitType=Split", 0),
        ("status=", 3),
    ],
)
def test_transactions_are_chosen_whatever_the_case(
    api: Caller, cycle: Cycle, query: str, count: int
) -> None:
    assert len(api.get(f"/cycles/{cycle.id}/transactions?{query}").json()) == count


def test_a_transaction_tells_what_its_steps_sent_and_got(api: Caller) -> None:
    cycle = api.get("/cycles?connectorName=MailChimp").json()[0]["Id"]
    transaction = api.get(f"/cycles/{cycle}/transactions").json()[0]["Id"]
    path = f"/cycles/{cycle}/transactions/{transaction}"

    items = api.get(path).json()

    assert len(items) == 2
    assert all({"StepId", "Request", "Response"} <= item.keys() for item in items)
    assert api.get(f"{path}?query=HTTP Request:").json() == items
    assert api.get(f"{path}?query=list orders").json() == items[:1]
    assert api.get(f"{path}?query=nowhere").json() == []


def test_a_transaction_is_found_in_its_own_cycle_only(
    state: CyclrState, api: Caller, cycle: Cycle
) -> None:
    other = state.cycles.of(SHOP)[0].transactions[0]["Id"]

    assert api.get(f"/cycles/{cycle.id}/transactions/{other}").status_code == 404
    assert api.get(f"/cycles/{cycle.id}/transactions/{UNKNOWN}").status_code == 404
    assert api.get(f"/cycles/{cycle.id}/transactions/{MALFORMED}").status_code == 400


@pytest.mark.parametrize(("finish", "status"), [("true", "Completed"), ("false", "Stopped")])
def test_deactivating_ends_what_is_under_way(
    state: CyclrState, api: Caller, finish: str, status: str
) -> None:
    cycle = state.cycles.of(SHOP)[0]
    before = api.get(f"/cycles/{cycle.id}").json()

    api("PUT", f"/cycles/{cycle.id}/deactivate?finishQueuedTransactions={finish}", json={})

    after = api.get(f"/cycles/{cycle.id}").json()
    last = api.get(f"/cycles/{cycle.id}/transactions?sortOrderAsc=false").json()[0]
    assert (before["InProgressTransactionCount"], after["InProgressTransactionCount"]) == (1, 0)
    assert last["Status"] == status


def test_a_completed_run_is_the_last_successful_one(api: Caller, cycle: Cycle) -> None:
    assert api.get(f"/cycles/{cycle.id}").json()["LastSuccessfulRunDate"] == DATES[-1]


# -- incidents -----------------------------------------------------------------------------------


def test_an_incident_says_what_happened_where(state: CyclrState, api: Caller, cycle: Cycle) -> None:
    found = api.get("/cycles/incidents/error?pageSize=100&sortOrderAsc=true&after=2020-01-01")

    assert found.json()[0] == {
        "CycleId": cycle.id,
        "CycleName": "Orders to parcels",
        "IncidentLevel": "Error",
        "ShortMessage": "Failed to call the method",
        "FullMessage": "500 Internal Server Error\r\n\r\n\r\nHTTP Request:\r\n",
        "StepId": UNKNOWN,
        "StepName": "Create parcel",
        "TransactionId": cycle.incidents[0]["TransactionId"],
        "CreatedOnUtc": DATES[0],
    }


def test_a_message_holds_the_answer_and_the_request_but_no_credentials(
    state: CyclrState, api: Caller
) -> None:
    api.account = next(a.id for a in state.accounts.values() if a.name == "Copperline Dental")

    message = api.get("/cycles/incidents/error").json()[0]["FullMessage"]

    answer, request = message.split("\r\n\r\nHTTP Request:\r\n")
    assert answer.split("\r\n", 1)[0] == "404 Not Found"
    assert "no such record" in answer
    assert "Authorization: [redacted]" in request


def test_errors_and_warnings_are_asked_for_apart(
    state: CyclrState, api: Caller, cycle: Cycle
) -> None:
    state.cycles.add_incident(cycle, IncidentLevel="Warning")

    errors = api.get("/cycles/incidents/error").json()
    warnings = api.get("/cycles/incidents/warning").json()
    both = api.get(f"/cycles/{cycle.id}/incidents").json()

    assert {one["IncidentLevel"] for one in errors} == {"Error"}
    assert {one["IncidentLevel"] for one in warnings} == {"Warning"}
    assert len(warnings) == 3  # two are of the cycle that Harbour Books has already
    assert [one["IncidentLevel"] for one in both] == ["Error", "Error", "Error", "Warning"]


def test_incidents_are_counted_and_cleared(state: CyclrState, api: Caller, cycle: Cycle) -> None:
    state.cycles.add_incident(cycle, IncidentLevel="Warning")
    path = f"/cycles/{cycle.id}"
    before = api.get(path).json()

    answer = api("DELETE", f"{path}/incidents?pageSize=100&sortOrderAsc=true", json={})

    after = api.get(path).json()
    assert (before["ErrorCount"], before["WarningCount"]) == (3, 1)
    assert answer.status_code == 200
    assert (after["ErrorCount"], after["WarningCount"]) == (0, 0)
    assert api.get(f"{path}/incidents").json() == []
    assert state.ledger[-1].kind == "incidents_clear"


def test_incidents_of_a_running_cycle_can_be_cleared(state: CyclrState, api: Caller) -> None:
    cycle = state.cycles.of(SHOP)[0]

    assert cycle.is_running
    assert api("DELETE", f"/cycles/{cycle.id}/incidents").status_code == 200


def test_four_hundred_incidents_come_in_pages(state: CyclrState, api: Caller) -> None:
    api.account = "shop-1043.example"
    pages: list[list[Any]] = [
        api.get(f"/cycles/incidents/error?pageSize=150&page={n}").json() for n in (1, 2, 3, 4)
    ]

    assert [len(page) for page in pages] == [150, 150, 101, 0]
    assert len({one["TransactionId"] for page in pages for one in page}) == 401
