"""One cycle: what the world file and the API show of it, and its parts.

States share what is inside the documents of steps, edges, variables, transactions and incidents:
whoever changes one puts another in its place.
"""

from collections import Counter
from dataclasses import dataclass, field

from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.values import JSON, OWN

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


def check_at_rest(cycle: Cycle) -> None:
    """Sim: the words."""
    if cycle.is_running:
        raise ApiError(409, f"Cycle '{cycle.name}' is running.")
    if cycle.status == DELETE_SCHEDULED:
        raise ApiError(409, f"Cycle '{cycle.name}' is being deleted.")


def check_interval(interval: int) -> None:
    """Sim: status and words. A missing one is none: Cyclr's three fields are optional [T]."""
    if interval not in INTERVALS:
        listed = ", ".join(str(minutes) for minutes in INTERVALS)
        raise ApiError(400, f"Interval must be one of {listed}.")


def part_of(cycle: Cycle, name: str, wanted: str) -> JSON:
    """A step, edge or transaction by its id in lower case."""
    for one in cycle.parts[name]:
        if is_of(one, wanted):
            return one
    raise ApiError(404)


def variable_of(cycle: Cycle, system_name: str) -> JSON:
    for one in cycle.variables:
        if one.get("SystemName") == system_name:
            return one
    raise ApiError(404)


def is_of(one: JSON, wanted: str) -> bool:
    return str(one.get("Id")).lower() == wanted


def replace_part(listed: list[JSON], old: JSON, new: JSON) -> None:
    listed[next(at for at, one in enumerate(listed) if one is old)] = new
