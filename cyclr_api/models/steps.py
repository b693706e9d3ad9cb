"""Steps of a cycle, what joins them, and what is mapped into them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..decoding import Record
from .account_connectors import AccountConnector
from .base import DROPPED, no_extra
from .connectors import Trigger
from .methods import Method


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a cycle [T].

    `action_type`: `Action` is known [T], others are numbers or words [?]. `account_connector`
    and `method` are None for steps that call no connector.
    """

    id: str
    name: str = ""
    description: str | None = None
    action_type: str | None = None
    account_connector: AccountConnector | None = None
    method: Method | None = None
    """Its `parameters` are mapped as parameters of the step, its `request_fields` as fields [D]."""
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a step object. UndecodableError without an object or an id."""
        record = Record(value, "step")
        return cls(
            id=record.text_id(),
            name=record.text("Name") or "",
            description=record.text("Description"),
            action_type=record.text("ActionType"),
            account_connector=record.part("AccountConnector", AccountConnector.from_json),
            method=record.part("Method", Method.from_json),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Edge:
    """What joins two steps [T]. Which end is the head is not documented [?]."""

    id: str
    head_step_id: str | None = None
    tail_step_id: str | None = None
    type: str | None = None
    """`Forward` [T]."""
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an edge object. UndecodableError without an object or an id."""
        record = Record(value, "edge")
        return cls(
            id=record.text_id(),
            head_step_id=record.text("HeadStepId"),
            tail_step_id=record.text("TailStepId"),
            type=record.text("EdgeType"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class MappedField:
    """A field or a parameter: what is mapped into, or what may be mapped from [D].

    `values`: fixed choices; empty = none. `triggers`: look-ups of choices, by whose ids
    `look_up` asks. `id` is None when Cyclr gave none.
    """

    id: int | None
    name: str = ""
    description: str | None = None
    is_optional: bool | None = None
    data_type: str | None = None
    values: tuple[str, ...] = ()
    trigger_name: str | None = None
    triggers: tuple[Trigger, ...] = ()
    display_order: int | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a mapping's `Field` or `Parameter`, or an element of the fields for mapping."""
        record = Record(value, "field")
        return cls(
            id=record.whole("Id"),
            name=record.text("Name") or "",
            description=record.text("Description"),
            is_optional=record.flag("IsOptional"),
            data_type=record.text("DataType"),
            values=record.texts("Values"),
            trigger_name=record.text("TriggerName"),
            triggers=record.objects("Triggers", Trigger.from_json),
            display_order=record.whole("DisplayOrder"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class StepMapping:
    """Where the value of one field or parameter of a step comes from [T][D].

    `mapping_type`: `StaticValue`, `ValueList`, `Ignore` or None (not mapped yet) [D]; there are
    others [?]. `value` and `trigger_value` may be secrets.
    """

    target: MappedField
    mapping_type: str | None = None
    value: str | None = field(default=None, repr=False)
    source_step_id: str | None = None
    source_field_id: int | None = None
    trigger_value: str | None = field(default=None, repr=False)
    trigger_value_name: str | None = field(default=None, repr=False)
    is_launch_visible: bool | None = None
    is_entity_identifier: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @property
    def is_missing(self) -> bool:
        """Whether nothing is mapped although something must be, before the cycle can run."""
        is_mapped = self.mapping_type not in (None, "", "Ignore")
        return not is_mapped and self.target.is_optional is False

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a field mapping or a parameter mapping. UndecodableError if it has neither."""
        record = Record(value, "mapping")
        return cls(
            target=MappedField.from_json(record.value("Field", "Parameter")),
            mapping_type=record.text("MappingType"),
            value=record.text("Value"),
            source_step_id=record.text("SourceStepId"),
            source_field_id=record.whole("SourceFieldId"),
            trigger_value=record.text("TriggerValue"),
            trigger_value_name=record.text("TriggerValueDisplayName"),
            is_launch_visible=record.flag("IsLaunchVisible"),
            is_entity_identifier=record.flag("IsEntityIdentifier"),
            extra=record.unread(DROPPED),
        )
