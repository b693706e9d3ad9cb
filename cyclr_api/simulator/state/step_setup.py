"""Setting a step up: its method, and what is mapped into the method's parameters and fields.

Parameters go into the request's address and headers, fields into its body; both are mapped alike.
A step has its method's document itself (`Method`) or names one of the catalogue (`MethodId`), and
what is mapped under `ParameterMappings` and `FieldMappings`, by the `Id` of the target.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cyclr_api.simulator.state.account_connectors import AccountConnectors
from cyclr_api.simulator.state.answers import trigger_values
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.methods import Methods
from cyclr_api.simulator.state.values import JSON, OWN, AccountConnector

ACTION, DECISION, DELAY, WAIT_UNTIL = "Action", "Decision", "Delay", "WaitUntil"

NEW: JSON = {
    "Name": None,
    "Description": None,
    "ActionType": ACTION,
    "DisplayPositionLeft": 0,
    "DisplayPositionTop": 0,
}
"""What every step shows."""

HIDDEN = ("Method", "MethodId", "AccountConnectorId", "ParameterMappings", "FieldMappings", OWN)
"""What a step holds and shows otherwise, or on paths of its own."""

UNMAPPED: JSON = {
    "MappingType": None,
    "SourceFieldId": None,
    "SourceStepId": None,
    "TriggerValue": None,
    "TriggerValueDisplayName": None,
    "Value": None,
    "IsLaunchVisible": False,
    "IsEntityIdentifier": False,
}

TARGET: JSON = {
    "Id": None,
    "Name": None,
    "Description": None,
    "IsOptional": False,
    "DataType": "Undefined",
    "TriggerName": None,
    "Values": [],
    "DisplayOrder": 0,
}
"""What every field and parameter shows, besides its `Triggers`."""

TRIGGER: JSON = {
    "TriggerId": None,
    "MethodId": None,
    "Name": None,
    "HumanReadableKey": None,
    "IdentifierKey": None,
    "SubTriggers": [],
}

IGNORE = "Ignore"

TYPED = ("StaticValue", "ValueList")
"""Mappings whose value stands in `Value`."""

REFERRING = ("PreviousStep", "Trigger", "Variable")
"""Sim: the names of the other ways to map that the Console offers."""


@dataclass(frozen=True)
class Kind:
    """Where targets of a kind are, and where what is mapped into them."""

    name: str
    targets: str
    mappings: str


PARAMETERS = Kind("Parameter", "Parameters", "ParameterMappings")
FIELDS = Kind("Field", "RequestFields", "FieldMappings")


@dataclass(frozen=True)
class Callees:
    """What steps call."""

    account_connectors: AccountConnectors
    methods: Methods


@dataclass(frozen=True)
class StepSetup:
    """A step of a cycle in an account, with what it calls."""

    callees: Callees
    account_id: str
    step: JSON

    @property
    def callee(self) -> AccountConnector | None:
        """The account connector; None for a tool, and for one that is gone."""
        number = self.step.get("AccountConnectorId")
        return None if number is None else self._installed.get(number)

    @property
    def _installed(self) -> dict[int, AccountConnector]:
        return self.callees.account_connectors.get(self.account_id, {})

    @property
    def method(self) -> JSON:
        """The document of the method; a tool's is empty."""
        own, number = self.step.get("Method"), self.step.get("MethodId")
        if own is not None:
            return dict(own)
        found = None if number is None else self.callees.methods.numbered(number)
        return {} if found is None else found.document

    @property
    def is_webhook(self) -> bool:
        """Whether the third party starts the step, which then needs no schedule."""
        return bool(self.method.get("MethodType") == "Webhook")

    # -- shown ---------------------------------------------------------------------------------

    def shown(self) -> JSON:
        """The step as the API shows it. Sim: the callee without credentials and settings."""
        rest = {key: value for key, value in self.step.items() if key not in HIDDEN}
        callee = self.callee
        return {
            **NEW,
            **rest,
            "AccountConnector": None if callee is None else _shown_callee(callee),
            "Method": self._shown_method() or None,
        }

    def _shown_method(self) -> JSON:
        lists = {
            name: [self._shown_target(one) for one in self.method.get(name) or []]
            for name in ("Parameters", "RequestFields", "ResponseFields")
        }
        rest = {key: value for key, value in self.method.items() if key != OWN}
        return rest and {**rest, **lists}

    def response_fields(self) -> list[JSON]:
        """What later steps can use of the answer."""
        return [self._shown_target(one) for one in self.method.get("ResponseFields") or []]

    def _shown_target(self, target: JSON) -> JSON:
        shown = {key: value for key, value in target.items() if key != OWN}
        triggers = [self._shown_trigger(target, one) for one in self._triggers(target)]
        return {**TARGET, **shown, "Triggers": triggers}

    def _shown_trigger(self, target: JSON, trigger: JSON) -> JSON:
        return {
            **TRIGGER,
            **{key: value for key, value in trigger.items() if key != OWN},
            "AccountConnectorId": self.step.get("AccountConnectorId"),
            "EntityId": target.get("Id"),
        }

    # -- mapped --------------------------------------------------------------------------------

    def mappings(self, kind: Kind) -> list[JSON]:
        """What is mapped, or not yet, into every target of the kind."""
        return [self._mapping(kind, target) for target in self._targets(kind)]

    def mapping(self, kind: Kind, target_id: int) -> JSON:
        return self._mapping(kind, self._target(kind, target_id))

    def missing(self, kind: Kind) -> Iterator[int]:
        """The ids of the required targets that nothing is mapped into."""
        for target in self._targets(kind):
            if not target.get("IsOptional") and not _is_mapped(self._given(kind, target)):
                yield target["Id"]

    def mapping_change(self, kind: Kind, target_id: int, given: JSON) -> JSON:
        """What changes of the step when one mapping does; the rest of the mapping is kept."""
        target = self._target(kind, target_id)
        changed = {"Id": target_id, **self._given(kind, target), **given}
        others = [one for one in self.step.get(kind.mappings) or [] if one.get("Id") != target_id]
        return {kind.mappings: [*others, changed]}

    def _targets(self, kind: Kind) -> list[JSON]:
        return self.method.get(kind.targets) or []

    def _target(self, kind: Kind, target_id: int) -> JSON:
        for target in self._targets(kind):
            if target.get("Id") == target_id:
                return target
        raise ApiError(404)

    def _mapping(self, kind: Kind, target: JSON) -> JSON:
        return {
            kind.name: self._shown_target(target),
            **UNMAPPED,
            **self._given(kind, target),
        }

    def _given(self, kind: Kind, target: JSON) -> JSON:
        for entry in self.step.get(kind.mappings) or []:
            if entry.get("Id") == target.get("Id"):
                return {key: value for key, value in entry.items() if key != "Id"}
        return {}

    # -- looked up -----------------------------------------------------------------------------

    def look_up(self, kind: Kind, target_id: int, trigger_id: int) -> list[JSON]:
        """The choices that the third party offers. Sim: not without credentials."""
        triggers = self._triggers(self._target(kind, target_id))
        wanted = [one for one in triggers if one.get("TriggerId") == trigger_id]
        if not wanted:
            raise ApiError(404)
        callee = self.callee
        if callee is None:
            raise ApiError(400, "The step has no account connector.")
        self.callees.methods.check_authenticated(callee)
        return trigger_values(wanted[0])

    def _triggers(self, target: JSON) -> list[JSON]:
        """Those of the target, else the connector's with the name that the target gives."""
        if target.get("Triggers"):
            return list(target["Triggers"])
        name, callee = target.get("TriggerName"), self.callee
        if name is None or callee is None:
            return []
        listed = callee.connector.document.get("Triggers") or []
        return [trigger for trigger in listed if trigger.get("Name") == name]


def _shown_callee(one: AccountConnector) -> JSON:
    release = one.connector
    return {
        "Id": one.id,
        "Name": one.name,
        "Description": one.description,
        "Authenticated": one.authenticated,
        "IsPartnerIntegrationConnector": one.is_partner,
        "Connector": {"Id": release.id, "Name": release.name, "Version": release.version},
    }


def _is_mapped(given: JSON) -> bool:
    """Sim: a typed value counts when there is one, a reference when it names anything."""
    how = given.get("MappingType")
    if how in (None, IGNORE):
        return False
    names = ("Value",) if how in TYPED else ("Value", "TriggerValue", "SourceFieldId")
    return any(given.get(name) not in (None, "") for name in names)
