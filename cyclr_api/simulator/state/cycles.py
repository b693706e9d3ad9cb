"""The cycles of all accounts, what they did, and the rules by which they change."""

from collections.abc import Iterable
from typing import Any

from cyclr_api.simulator.state import prerequisites, runs, step_setup
from cyclr_api.simulator.state.account_connectors import AccountConnectors
from cyclr_api.simulator.state.core import Core
from cyclr_api.simulator.state.cycle import (
    ACTIVE,
    DELETE_SCHEDULED,
    NEW,
    PAUSED,
    Cycle,
    Schedule,
    check_at_rest,
    check_interval,
    is_of,
    replace_part,
    variable_of,
)
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.methods import Methods
from cyclr_api.simulator.state.step_setup import Callees, StepSetup
from cyclr_api.simulator.state.values import JSON, OWN, AccountConnector, cyclr_time


class Cycles:
    """The cycles of all accounts."""

    KEYS = ("Cycles",)
    """What is read from a world file, and written to it, here."""

    def __init__(self, core: Core, account_connectors: AccountConnectors, methods: Methods) -> None:
        self._core, self._account_connectors = core, account_connectors
        self.callees = Callees(account_connectors, methods)
        self.callees = Callees(account_connectors, methods)
        self._of: dict[str, dict[str, Cycle]] = {}
        """By account and by id in lower case."""

    def read(self, document: JSON) -> None:
        """Take the part of a world file."""
        for entry in document.get("Cycles") or []:
            self._keep(Cycle.from_dump(entry))

    def dumped(self) -> JSON:
        """The part of a world file."""
        return {"Cycles": [one.dumped() for cycles in self._of.values() for one in cycles.values()]}

    def take_from(self, other: "Cycles") -> None:
        """Have the same content as another state's."""
        self._of = {
            account: {key: one.copied() for key, one in cycles.items()}
            for account, cycles in other._of.items()
        }

    def add(self, document: JSON | None = None, **values: Any) -> Cycle:
        """Put a cycle into the state as a world file has it, without a trace in the ledger."""
        with self._core.lock:
            cycle = Cycle.from_dump({"Id": self._core.new_guid(), **(document or {}), **values})
            self._keep(cycle)
            self._core.changes += 1
        return cycle

    def _keep(self, cycle: Cycle) -> None:
        if cycle.account_id not in self._account_connectors:
            raise ValueError(f"There is no account {cycle.account_id!r} for cycle {cycle.id}.")
        cycles = self._of.setdefault(cycle.account_id, {})
        if cycle.id.lower() in cycles:
            raise ValueError(f"There is a cycle {cycle.id} already.")
        cycles[cycle.id.lower()] = cycle

    # -- found ---------------------------------------------------------------------------------

    def of(self, account_id: str) -> list[Cycle]:
        """An account's cycles, oldest first."""
        return list(self._of.get(account_id, {}).values())

    def one(self, account_id: str, cycle_id: str) -> Cycle:
        found = self._of.get(account_id, {}).get(cycle_id.lower())
        if found is None:
            raise ApiError(404)
        return found

    def changeable(self, account_id: str, cycle_id: str) -> Cycle:
        """The cycle, unless it runs. Sim: or is about to be deleted."""
        cycle = self.one(account_id, cycle_id)
        check_at_rest(cycle)
        return cycle

    def with_step(self, account_id: str, step_id: str) -> tuple[Cycle, JSON]:
        """A step and its cycle, wherever in the account it is."""
        for cycle in self.of(account_id):
            for step in cycle.steps:
                if is_of(step, step_id):
                    return cycle, step
        raise ApiError(404)

    def setup(self, cycle: Cycle, step: JSON) -> StepSetup:
        return StepSetup(self.callees, cycle.account_id, step)

    def prerequisites(self, cycle: Cycle) -> list[JSON]:
        """What a cycle lacks before it can run."""
        return prerequisites.of_cycle(self.callees, cycle)

    def tasks_used(self, account_id: str) -> int:
        return sum(cycle.count("TasksUsed") for cycle in self.of(account_id))

    # -- shown ---------------------------------------------------------------------------------

    def shown(self, cycle: Cycle, *, has_icons: bool = True) -> JSON:
        rows = self.connector_rows(cycle)
        if not has_icons:
            rows = [{**row, "Icon": None} for row in rows]
        return {**NEW, **cycle.document, "Connectors": rows}

    def connector_rows(self, cycle: Cycle) -> list[JSON]:
        """`Connectors`: of each account connector that is still there, what the API shows."""
        there = self._account_connectors.get(cycle.account_id, {})
        return [
            _connector_row(there[number], step_count)
            for number, step_count in cycle.account_connector_ids.items()
            if number in there
        ]

    # -- created, changed, deleted --------------------------------------------------------------

    def create(self, account_id: str, given: JSON) -> Cycle:
        """A cycle made by hand, paused and without steps."""
        cycle = self.make(account_id, given, {})
        self._record("cycle_create", cycle)
        return cycle

    def make(self, account_id: str, given: JSON, own: JSON) -> Cycle:
        """A new cycle, paused. `own`: what the world file has under `Simulator`."""
        new = {**NEW, "Tags": [], "CreatedOnUtc": cyclr_time(self._core.now()), **given}
        return self.add({**new, OWN: {**own, "AccountId": account_id}})

    def change(self, cycle: Cycle, given: JSON) -> None:
        """Change the given attributes and keep the rest."""
        cycle.document.update(given)
        self._record("cycle_update", cycle)

    def delete(self, cycle: Cycle) -> None:
        """Sim: it is gone at once; its recycle bin has no path in the API."""
        del self._of[cycle.account_id][cycle.id.lower()]
        self._record("cycle_delete", cycle)

    def forget_account(self, account_id: str) -> None:
        """An account is deleted, and its cycles with it."""
        self._of.pop(account_id, None)

    # -- started, stopped -----------------------------------------------------------------------

    def activate(self, cycle: Cycle, schedule: Schedule) -> None:
        """Start a cycle. Sim: one that runs gets the new schedule; no interval keeps its own."""
        if cycle.status == DELETE_SCHEDULED:
            check_at_rest(cycle)
        interval = schedule.interval
        if interval is None:
            interval = cycle.own.get("Interval")
        elif not schedule.is_once and not self._is_started_by_webhook(cycle):
            check_interval(interval)
        lacking = self.prerequisites(cycle)
        if lacking:
            # Sim: status and words.
            raise ApiError(400, f"Cycle cannot be activated: {lacking[0]['Reason']}.")
        cycle.document["Status"] = ACTIVE
        cycle.own |= {
            "Interval": interval,
            "StartTime": schedule.start_time,
            "RunOnce": schedule.is_once,
        }
        self._record("cycle_activate", cycle)

    def deactivate(self, cycle: Cycle, *, finishes_queued: bool) -> None:
        """Stop a cycle; nothing happens to one that does not run."""
        if not cycle.is_running:
            return
        self._stop(cycle, finishes_queued=finishes_queued)
        self._record("cycle_deactivate", cycle)

    def stop_those_with(self, one: AccountConnector, by: str = "api") -> None:
        """An account connector can no longer be used: running cycles with it stop."""
        for cycle in self.of(one.account_id):
            if cycle.is_running and one.id in cycle.account_connector_ids:
                self._stop(cycle, finishes_queued=False)
                self._record("cycle_stop", cycle, by=by, account_connector=one.id)

    def _stop(self, cycle: Cycle, *, finishes_queued: bool) -> None:
        moment = cyclr_time(self._core.now())
        cycle.document |= {"Status": PAUSED, "InProgressTransactionCount": 0}
        cycle.parts["Transactions"] = [
            runs.ended(one, is_finished=finishes_queued, moment=moment)
            for one in cycle.transactions
        ]

    def _is_started_by_webhook(self, cycle: Cycle) -> bool:
        return any(self.setup(cycle, one).is_webhook for one in prerequisites.first_steps(cycle))

    # -- steps, edges, variables ----------------------------------------------------------------

    def add_step(self, cycle: Cycle, given: JSON) -> JSON:
        self._check_callee(cycle, given)
        step = {**step_setup.NEW, "Id": self._core.new_guid(), **given}
        cycle.steps.append(step)
        self._record("cycle_update", cycle, step=step["Id"])
        return step

    def change_step(self, cycle: Cycle, step: JSON, given: JSON) -> JSON:
        """Change the given attributes and keep the rest; a new method replaces the step's own."""
        self._check_callee(cycle, given)
        kept = {key: value for key, value in step.items() if key != "Method"}
        changed = {**(kept if "MethodId" in given else step), **given}
        replace_part(cycle.steps, step, changed)
        self._record("cycle_update", cycle, step=step["Id"])
        return changed

    def _check_callee(self, cycle: Cycle, given: JSON) -> None:
        """Sim: a step may only call what its account has installed, and methods there are."""
        one, method_id = given.get("AccountConnectorId"), given.get("MethodId")
        if one is not None and one not in self._account_connectors[cycle.account_id]:
            raise ApiError(400, f"Account connector {one} was not found.")
        if method_id is not None and not self.setup(cycle, {"MethodId": method_id}).method:
            raise ApiError(400, f"Method {method_id} was not found.")

    def delete_step(self, cycle: Cycle, step: JSON) -> None:
        """Sim: its edges go with it."""
        cycle.steps.remove(step)
        gone = str(step["Id"]).lower()
        cycle.parts["Edges"] = [
            edge for edge in cycle.edges if gone not in prerequisites.ends_of(edge)
        ]
        self._record("cycle_update", cycle, step=step["Id"])

    def add_edge(self, cycle: Cycle, given: JSON) -> JSON:
        """Sim: an edge joins two different steps of the cycle."""
        ends = prerequisites.ends_of(given)
        if ends[0] == ends[1] or not set(ends) <= {str(one["Id"]).lower() for one in cycle.steps}:
            raise ApiError(400, "An edge must join two steps of the cycle.")
        edge = {"Id": self._core.new_guid(), **given}
        cycle.edges.append(edge)
        self._record("cycle_update", cycle, edge=edge["Id"])
        return edge

    def delete_edge(self, cycle: Cycle, edge: JSON) -> None:
        cycle.edges.remove(edge)
        self._record("cycle_update", cycle, edge=edge["Id"])

    def add_variable(self, cycle: Cycle, given: JSON) -> JSON:
        """Sim: the system name is the display name without blanks, and is used once."""
        name = "".join(str(given["DisplayName"]).split())
        if not name:
            raise ApiError(400, "DisplayName is required")
        if any(one.get("SystemName") == name for one in cycle.variables):
            raise ApiError(400, f"Variable name '{name}' is in use.")
        variable = {"Value": None, "MappingType": None, **given, "SystemName": name}
        cycle.variables.append(variable)
        self._record("cycle_update", cycle, variable=name)
        return variable

    def change_variables(self, cycle: Cycle, given: Iterable[tuple[str, JSON]]) -> list[JSON]:
        """By system name, what to change; all of them or none. Sim: the name itself stays."""
        wanted = list(given)
        for name, _ in wanted:
            variable_of(cycle, name)
        return [self._change_variable(cycle, name, values) for name, values in wanted]

    def _change_variable(self, cycle: Cycle, name: str, given: JSON) -> JSON:
        variable = variable_of(cycle, name)
        changed = {**variable, **given}
        replace_part(cycle.variables, variable, changed)
        self._record("cycle_update", cycle, variable=name)
        return changed

    def delete_variable(self, cycle: Cycle, variable: JSON) -> None:
        cycle.variables.remove(variable)
        self._record("cycle_update", cycle, variable=variable["SystemName"])

    # -- runs ----------------------------------------------------------------------------------

    def add_transaction(self, cycle: Cycle, **values: Any) -> JSON:
        """Put a run into the state, without a trace in the ledger."""
        transaction = {
            "Id": self._core.new_guid(),
            "Status": runs.COMPLETED,
            "SplitType": runs.UNSPLIT,
            runs.DATE: cyclr_time(self._core.now()),
            "Items": [],
            **values,
        }
        cycle.transactions.append(transaction)
        if transaction["Status"] == runs.IN_PROGRESS:
            self._count(cycle, "InProgressTransactionCount")
        if transaction["Status"] == runs.COMPLETED:
            cycle.document["LastSuccessfulRunDate"] = transaction[runs.DATE]
        self._core.changes += 1
        return transaction

    def add_incident(self, cycle: Cycle, **values: Any) -> JSON:
        """Put an error, or a warning, into the state, without a trace in the ledger."""
        first = cycle.steps[0] if cycle.steps else {}
        incident = {
            "IncidentLevel": runs.ERROR,
            "ShortMessage": "Failed to call the method",
            "FullMessage": runs.full_message("500 Internal Server Error", "", ""),
            "StepId": first.get("Id"),
            "StepName": first.get("Name"),
            "TransactionId": self._core.new_guid(),
            runs.DATE: cyclr_time(self._core.now()),
            **values,
        }
        cycle.incidents.append(incident)
        is_error = incident["IncidentLevel"] == runs.ERROR
        self._count(cycle, "ErrorCount" if is_error else "WarningCount")
        self._core.changes += 1
        return incident

    def clear_incidents(self, cycle: Cycle) -> None:
        cycle.incidents.clear()
        cycle.document |= {"ErrorCount": 0, "WarningCount": 0}
        self._record("incidents_clear", cycle)

    def _count(self, cycle: Cycle, name: str) -> None:
        cycle.document[name] = cycle.count(name) + 1

    def _record(self, kind: str, cycle: Cycle, *, by: str = "api", **ids: Any) -> None:
        self._core.record(kind, cycle.account_id, by, cycle=cycle.id, **ids)


def _connector_row(one: AccountConnector, step_count: int) -> JSON:
    release = one.connector
    return {
        "Id": release.id,
        "AccountConnectorId": one.id,
        "Name": release.name,
        "Version": release.version,
        "Authenticated": one.authenticated,
        "StepCount": step_count,
        "Icon": release.document.get("Icon"),
    }
