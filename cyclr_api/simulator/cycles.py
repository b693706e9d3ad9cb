"""Cycles: their steps, edges and variables, what they did, and the rules by which they change.

Worlds share what is inside the documents of steps, edges, variables, transactions and incidents:
whoever changes one puts another in its place.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cyclr_api.simulator import prerequisites, runs, step_setup
from cyclr_api.simulator.refusals import RefusalError
from cyclr_api.simulator.step_setup import StepSetup
from cyclr_api.simulator.values import JSON, OWN, AccountConnector, cyclr_time

if TYPE_CHECKING:
    from cyclr_api.simulator.world import World

NEVER = "0001-01-01T00:00:00"

ACTIVE, PAUSED, DELETE_SCHEDULED = "Active", "Paused", "DeleteScheduled"

INTERVALS = (1, 5, 15, 30, 60, 120, 180, 240, 360, 480, 720, 1440, 10080)
"""Minutes between two runs."""

NEW: JSON = {
    "Name": None,
    "Description": None,
    "Status": PAUSED,
    "CreatedOnUtc": NEVER,
    "LastSuccessfulRunDate": NEVER,
    "TasksUsed": 0,
    "ErrorCount": 0,
    "WarningCount": 0,
    "InProgressTransactionCount": 0,
    "TemplateId": None,
    "Tags": [],
    "Shareable": False,
    "StepErrorAction": "Ignore",
    "LogStepDataRequests": True,
    "CollectionSplitType": "All",
    "StepDataSuccessRetentionHours": None,
    "StepDataErroredRetentionHours": None,
}
"""What every cycle shows. Sim: the settings of a new one."""

PARTS = {
    "Steps": "Id",
    "Edges": "Id",
    "Variables": "SystemName",
    "Transactions": "Id",
    "Incidents": None,
}
"""What the world file has under `Simulator` and the API at paths of its own, and its ids."""


@dataclass(frozen=True)
class Schedule:
    """When an activated cycle runs."""

    interval: int | None
    start_time: str | None = None
    is_once: bool = False


@dataclass(eq=False)
class Cycle:
    """An integration in an account."""

    document: JSON
    """What the API shows, but for `Connectors`: those are seen from the steps."""
    account_id: str
    parts: dict[str, list[JSON]]
    own: JSON = field(default_factory=dict)
    """What else stands under `Simulator`: see docs/simulator.md."""

    @property
    def id(self) -> str:
        return str(self.document["Id"])

    @property
    def name(self) -> str:
        return str(self.document.get("Name") or "")

    @property
    def status(self) -> str:
        return str(self.document.get("Status") or PAUSED)

    @property
    def is_running(self) -> bool:
        return self.status == ACTIVE

    @property
    def steps(self) -> list[JSON]:
        return self.parts["Steps"]

    @property
    def edges(self) -> list[JSON]:
        return self.parts["Edges"]

    @property
    def variables(self) -> list[JSON]:
        return self.parts["Variables"]

    @property
    def transactions(self) -> list[JSON]:
        """Oldest first, as `incidents`."""
        return self.parts["Transactions"]

    @property
    def incidents(self) -> list[JSON]:
        return self.parts["Incidents"]

    @property
    def account_connector_ids(self) -> Counter[int]:
        """Whom the steps call, in their order, and in how many of them.

        Where no step calls anybody, whom the world file says that the cycle uses.
        """
        rows = self.document.get("Connectors") or []
        called = [step.get("AccountConnectorId") for step in self.steps]
        if all(number is None for number in called):
            called = [row.get("AccountConnectorId") for row in rows]
        return Counter(number for number in called if number is not None)

    def count(self, name: str) -> int:
        number = self.document.get(name)
        return number if isinstance(number, int) else 0

    def dumped(self) -> JSON:
        return {**self.document, OWN: {"AccountId": self.account_id, **self.parts, **self.own}}

    def copied(self) -> "Cycle":
        document = {key: list(v) if isinstance(v, list) else v for key, v in self.document.items()}
        parts = {name: [dict(one) for one in listed] for name, listed in self.parts.items()}
        return Cycle(document, self.account_id, parts, dict(self.own))

    @classmethod
    def from_dump(cls, document: JSON) -> "Cycle":
        """ValueError for what cannot be told apart: parts without an id."""
        own = dict(document[OWN])
        parts = {name: list(own.pop(name, None) or []) for name in PARTS}
        for name, key in PARTS.items():
            if not all(key is None or isinstance(one.get(key), str) for one in parts[name]):
                raise ValueError(f"One of the {name} of cycle {document['Id']} has no {key}.")
        return cls(
            document={key: value for key, value in document.items() if key != OWN},
            account_id=str(own.pop("AccountId")),
            parts=parts,
            own=own,
        )


class Cycles:
    """The cycles of all accounts."""

    KEYS = ("Cycles",)
    """What is read from a world file, and written to it, here."""

    def __init__(self, world: "World") -> None:
        self._world = world
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
        """Have the same content as another world's."""
        self._of = {
            account: {key: one.copied() for key, one in cycles.items()}
            for account, cycles in other._of.items()
        }

    def add(self, document: JSON | None = None, **values: Any) -> Cycle:
        """Put a cycle into the world as a world file has it, without a trace in the ledger."""
        with self._world.lock:
            cycle = Cycle.from_dump({"Id": self._world.new_guid(), **(document or {}), **values})
            self._keep(cycle)
            self._world.changes += 1
        return cycle

    def _keep(self, cycle: Cycle) -> None:
        if cycle.account_id not in self._world.accounts:
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
            raise RefusalError(404)
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
                if _is_of(step, step_id):
                    return cycle, step
        raise RefusalError(404)

    def upgradeable(self, account_id: str) -> list[Cycle]:
        """The cycles whose template has a newer release."""
        return [one for one in self.of(account_id) if self._world.templates.is_newer_than(one)]

    def setup(self, cycle: Cycle, step: JSON) -> StepSetup:
        return StepSetup(self._world, cycle.account_id, step)

    def prerequisites(self, cycle: Cycle) -> list[JSON]:
        """What a cycle lacks before it can run."""
        return prerequisites.of_cycle(self._world, cycle)

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
        there = self._world.account_connectors.get(cycle.account_id, {})
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
        new = {**NEW, "Tags": [], "CreatedOnUtc": cyclr_time(self._world.now()), **given}
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
        """Start a cycle. Sim: one that runs gets the new schedule."""
        if cycle.status == DELETE_SCHEDULED:
            check_at_rest(cycle)
        if not schedule.is_once and not self._is_started_by_webhook(cycle):
            check_interval(schedule.interval)
        lacking = self.prerequisites(cycle)
        if lacking:
            # Sim: status and words.
            raise RefusalError(400, f"Cycle cannot be activated: {lacking[0]['Reason']}.")
        cycle.document["Status"] = ACTIVE
        cycle.own |= {
            "Interval": schedule.interval,
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

    def stop_those_with(self, one: AccountConnector, *, by: str = "api") -> None:
        """An account connector can no longer be used: running cycles with it stop."""
        for cycle in self.of(one.account_id):
            if cycle.is_running and one.id in cycle.account_connector_ids:
                self._stop(cycle, finishes_queued=False)
                self._record("cycle_stop", cycle, by=by, account_connector=one.id)

    def _stop(self, cycle: Cycle, *, finishes_queued: bool) -> None:
        moment = cyclr_time(self._world.now())
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
        step = {**step_setup.NEW, "Id": self._world.new_guid(), **given}
        cycle.steps.append(step)
        self._record("cycle_update", cycle, step=step["Id"])
        return step

    def change_step(self, cycle: Cycle, step: JSON, given: JSON) -> JSON:
        """Change the given attributes and keep the rest; a new method replaces the step's own."""
        self._check_callee(cycle, given)
        kept = {key: value for key, value in step.items() if key != "Method"}
        changed = {**(kept if "MethodId" in given else step), **given}
        _replace(cycle.steps, step, changed)
        self._record("cycle_update", cycle, step=step["Id"])
        return changed

    def _check_callee(self, cycle: Cycle, given: JSON) -> None:
        """Sim: a step may only call what its account has installed, and methods there are."""
        one, method_id = given.get("AccountConnectorId"), given.get("MethodId")
        if one is not None and one not in self._world.account_connectors[cycle.account_id]:
            raise RefusalError(400, f"Account connector {one} was not found.")
        if method_id is not None and not self.setup(cycle, {"MethodId": method_id}).method:
            raise RefusalError(400, f"Method {method_id} was not found.")

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
            raise RefusalError(400, "An edge must join two steps of the cycle.")
        edge = {"Id": self._world.new_guid(), **given}
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
            raise RefusalError(400, "DisplayName is required")
        if any(one.get("SystemName") == name for one in cycle.variables):
            raise RefusalError(400, f"Variable name '{name}' is in use.")
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
        _replace(cycle.variables, variable, changed)
        self._record("cycle_update", cycle, variable=name)
        return changed

    def delete_variable(self, cycle: Cycle, variable: JSON) -> None:
        cycle.variables.remove(variable)
        self._record("cycle_update", cycle, variable=variable["SystemName"])

    # -- runs ----------------------------------------------------------------------------------

    def add_transaction(self, cycle: Cycle, **values: Any) -> JSON:
        """Put a run into the world, without a trace in the ledger."""
        transaction = {
            "Id": self._world.new_guid(),
            "Status": runs.COMPLETED,
            "SplitType": runs.UNSPLIT,
            runs.DATE: cyclr_time(self._world.now()),
            "Items": [],
            **values,
        }
        cycle.transactions.append(transaction)
        if transaction["Status"] == runs.IN_PROGRESS:
            self._count(cycle, "InProgressTransactionCount")
        if transaction["Status"] == runs.COMPLETED:
            cycle.document["LastSuccessfulRunDate"] = transaction[runs.DATE]
        self._world.changes += 1
        return transaction

    def add_incident(self, cycle: Cycle, **values: Any) -> JSON:
        """Put an error, or a warning, into the world, without a trace in the ledger."""
        first = cycle.steps[0] if cycle.steps else {}
        incident = {
            "IncidentLevel": runs.ERROR,
            "ShortMessage": "Failed to call the method",
            "FullMessage": runs.full_message("500 Internal Server Error", "", ""),
            "StepId": first.get("Id"),
            "StepName": first.get("Name"),
            "TransactionId": self._world.new_guid(),
            runs.DATE: cyclr_time(self._world.now()),
            **values,
        }
        cycle.incidents.append(incident)
        is_error = incident["IncidentLevel"] == runs.ERROR
        self._count(cycle, "ErrorCount" if is_error else "WarningCount")
        self._world.changes += 1
        return incident

    def clear_incidents(self, cycle: Cycle) -> None:
        cycle.incidents.clear()
        cycle.document |= {"ErrorCount": 0, "WarningCount": 0}
        self._record("incidents_clear", cycle)

    def _count(self, cycle: Cycle, name: str) -> None:
        cycle.document[name] = cycle.count(name) + 1

    def _record(self, kind: str, cycle: Cycle, *, by: str = "api", **ids: Any) -> None:
        self._world.record(kind, cycle.account_id, by, cycle=cycle.id, **ids)


def check_at_rest(cycle: Cycle) -> None:
    """Sim: the words."""
    if cycle.is_running:
        raise RefusalError(409, f"Cycle '{cycle.name}' is running.")
    if cycle.status == DELETE_SCHEDULED:
        raise RefusalError(409, f"Cycle '{cycle.name}' is being deleted.")


def check_interval(interval: int | None) -> None:
    """Sim: status and words; a missing one is as wrong as 0."""
    if interval not in INTERVALS:
        listed = ", ".join(str(minutes) for minutes in INTERVALS)
        raise RefusalError(400, f"Interval must be one of {listed}.")


def part_of(cycle: Cycle, name: str, wanted: str) -> JSON:
    """A step, edge or transaction by its id in lower case."""
    for one in cycle.parts[name]:
        if _is_of(one, wanted):
            return one
    raise RefusalError(404)


def variable_of(cycle: Cycle, system_name: str) -> JSON:
    for one in cycle.variables:
        if one.get("SystemName") == system_name:
            return one
    raise RefusalError(404)


def _is_of(one: JSON, wanted: str) -> bool:
    return str(one.get("Id")).lower() == wanted


def _replace(listed: list[JSON], old: JSON, new: JSON) -> None:
    listed[next(at for at, one in enumerate(listed) if one is old)] = new


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
