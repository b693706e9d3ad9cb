"""Connectors installed in an account, and their values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Self

import orjson

from ..decoding import Record
from .base import DROPPED, no_extra
from .connectors import Connector

RELEASES_KEPT = 128
_releases: dict[bytes, Connector] = {}
"""By a digest of what was said of them: releases that account connectors named lately."""


def _release(value: object) -> Connector:
    """The release that an account connector carries; the same for all that carry the same.

    Whole lists of accounts have a few of them again and again, and they are most of what is said.
    """
    try:
        said = blake2b(orjson.dumps(value), digest_size=16).digest()
    except orjson.JSONEncodeError:  # deeper than it writes
        return Connector.from_json(value)
    found = _releases.get(said)
    if found is None:
        found = Connector.from_json(value)
        if len(_releases) >= RELEASES_KEPT:
            _releases.clear()
        _releases[said] = found
    return found


@dataclass(frozen=True, slots=True)
class PropertyValue:
    """A value that an account connector holds [T]. Reads return secrets in clear [C]."""

    id: int | None
    name: str
    value: str | None = field(repr=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an element of an account connector's `Properties`."""
        record = Record(value, "property")
        return cls(
            id=record.whole("Id"),
            name=record.text("Name") or "",
            value=record.text("Value"),
        )


@dataclass(frozen=True, slots=True)
class AccountConnector:
    """A connector installed in an account [T].

    `authenticated` is None when Cyclr did not say. `connector` is the release it was installed
    from; None if it was missing or unusable. `is_native`: the partner's own product.
    """

    id: int
    name: str = ""
    description: str | None = None
    authenticated: bool | None = None
    connector: Connector | None = None
    is_native: bool | None = None
    properties: tuple[PropertyValue, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From an account connector object. UndecodableError without an object or an id."""
        record = Record(value, "account connector")
        return cls(
            id=record.numeric_id(),
            name=record.text("Name") or "",
            description=record.text("Description"),
            authenticated=record.flag("Authenticated"),
            connector=record.part("Connector", _release),
            is_native=record.flag("IsPartnerIntegrationConnector"),
            properties=record.objects("Properties", PropertyValue.from_json),
            extra=record.unread(DROPPED),
        )


@dataclass(frozen=True, slots=True)
class Property:
    """One value that an install sends.

    `name`: the parameter's `target_name`. `value`: always text, also for numbers and booleans
    ("true") [D]. `id`: the parameter's id in the release that is installed; 0 does as well [T].
    """

    name: str
    value: str = field(repr=False)
    id: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.value, str):
            raise TypeError("A property's value is text, also for numbers and booleans")

    def to_json(self) -> dict[str, Any]:
        """As the install call expects it [T]."""
        return {"Name": self.name, "Value": self.value, "Id": self.id}


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that an account connector has beyond those of its connector [T].

    `connector_field` is the third party's name, nested ones as in `a.b.[c].d`. `id` is None
    until Cyclr has given one. `for_request_format`: whether it belongs to what is sent [?].
    """

    connector_field: str = ""
    system_field: str | None = None
    display_name: str | None = None
    description: str | None = None
    data_type: str | None = None
    data_type_format: str | None = None
    method_unique_id: str | None = None
    entity_identifier: str | None = None
    for_request_format: bool | None = None
    id: int | None = None
    extra: Mapping[str, Any] = field(default_factory=no_extra, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """From a custom field object. UndecodableError without an object."""
        record = Record(value, "custom field")
        return cls(
            connector_field=record.text("ConnectorField") or "",
            system_field=record.text("SystemField"),
            display_name=record.text("DisplayName"),
            description=record.text("Description"),
            data_type=record.text("DataType"),
            data_type_format=record.text("DataTypeFormat"),
            method_unique_id=record.text("MethodUniqueIdentifier"),
            entity_identifier=record.text("EntityIdentifier"),
            for_request_format=record.flag("ForRequestFormat"),
            id=record.whole("Id"),
            extra=record.unread(DROPPED),
        )

    def to_json(self) -> dict[str, Any]:
        """As it is added and changed [T]; what is None is left out, and so is the id."""
        values = {
            "ConnectorField": self.connector_field,
            "SystemField": self.system_field,
            "DisplayName": self.display_name,
            "Description": self.description,
            "DataType": self.data_type,
            "DataTypeFormat": self.data_type_format,
            "MethodUniqueIdentifier": self.method_unique_id,
            "EntityIdentifier": self.entity_identifier,
            "ForRequestFormat": self.for_request_format,
        }
        return {name: value for name, value in values.items() if value is not None}
