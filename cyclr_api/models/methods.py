"""What a connector can do: its methods, with what they take and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..decoding import Record, UndecodableError
from .base import DROPPED, no_extra


@dataclass(frozen=True, slots=True)
class MethodField:
    """A parameter of a method, or a field of its request or its response [T].

    `id` belongs to the release, and is the key under which a call sends the value; None when
    Cyclr gave none. `path`: the third party's name, nested ones as in `a.b.[c].d` [T].
    Everything but the id is [?].
    """

    id: int | None
    name: str = ""
    path: str | None = None
    description: str | None = None
    data_type: str | None = None
    is_optional: bool | None = None
    is_sensitive: bool = False
    """True also when Cyclr's answer to it was not understood."""
    values: tuple[str, ...] = ()
    """Fixed choices; empty = free text."""
    trigger_name: str | None = None
    target_name: str | None = None
    target_type: str | None = None
    default: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of `Parameters`, `RequestFields` or `ResponseFields`."""
        record = Record(value, "method field")
        sensitive = record.value("IsSensitive")
        return cls(
            id=record.whole("Id"),
            name=record.text("DisplayName", "Name", "SystemField", "ConnectorField") or "",
            path=record.text("ConnectorField"),
            description=record.text("Description"),
            data_type=record.text("DataType"),
            is_optional=record.flag("IsOptional"),
            is_sensitive=sensitive is not None and record.flag("IsSensitive") is not False,
            values=record.texts("Values"),
            trigger_name=record.text("TriggerName"),
            target_name=record.text("TargetName"),
            target_type=record.text("TargetType"),
            default=record.text("DefaultValue", "Default"),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Method:
    """Something that a connector can be called for [T].

    `id` belongs to one release; `unique_id`, a GUID, stays, and names the method of the latest
    release [D]. A method has at least one of them. `type`: `Action`, `Webhook`,
    `WebhookResponse`, `Script` [D]. `endpoint`: the third party's address, None for webhooks.
    """

    id: int | None
    unique_id: str | None = None
    name: str = ""
    description: str | None = None
    category: str | None = None
    type: str | None = None
    endpoint: str | None = None
    parameters: tuple[MethodField, ...] = ()
    request_fields: tuple[MethodField, ...] = ()
    response_fields: tuple[MethodField, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a method object. UndecodableError without an object or any id."""
        record = Record(value, "method")
        number, unique_id = record.whole("Id"), record.text("MethodUniqueIdentifier") or None
        if number is None and unique_id is None:
            raise UndecodableError("method: no usable id")
        return cls(
            id=number,
            unique_id=unique_id,
            name=record.text("Name") or "",
            description=record.text("Description"),
            category=record.text("Category"),
            type=record.text("MethodType"),
            endpoint=record.text("EndPoint"),
            parameters=record.objects("Parameters", MethodField.from_json),
            request_fields=record.objects("RequestFields", MethodField.from_json),
            response_fields=record.objects("ResponseFields", MethodField.from_json),
            extra=record.unread(DROPPED),
        )
