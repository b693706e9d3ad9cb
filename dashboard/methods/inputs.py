"""What a method takes, as it is kept of a release, and what a call was given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

import cyclr_api
from dashboard.common import encryption
from dashboard.common.untrusted_text import storable
from dashboard.methods.models import Method, MethodCall, SavedCall

JSON = dict[str, Any]
PARAMETER, FIELD = "parameter", "field"

_ARRAY = re.compile(r"\[[^\]]*\]")


def _known(kind: type[Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    return {one.name: kept[one.name] for one in fields(kind) if one.name in kept}


@dataclass(frozen=True, slots=True)
class MethodInput:
    """One parameter or request field of a method. `group`: which of the two.

    `id` is the release's; `target` is what stays: the technical name, or the path.
    """

    group: str
    id: int | None
    name: str = ""
    target: str = ""
    description: str = ""
    data_type: str = ""
    is_required: bool = False
    is_sensitive: bool = False
    values: tuple[str, ...] = ()
    trigger_name: str = ""
    default: str = field(default="", repr=False)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """As it is kept; unknown keys are left out."""
        known = _known(cls, kept)
        return cls(**known | {"values": tuple(known.get("values") or ())})

    @classmethod
    def of_parameter(cls, found: cyclr_api.MethodField) -> Self:
        """A parameter must be given unless Cyclr calls it optional or has a default."""
        must = not found.is_optional and found.default is None
        return cls(**_columns(found), group=PARAMETER, is_required=must)

    @classmethod
    def of_field(cls, found: cyclr_api.MethodField) -> Self:
        """A field may be left out unless Cyclr says otherwise."""
        return cls(**_columns(found), group=FIELD, is_required=found.is_optional is False)

    @property
    def steps(self) -> list[str]:
        """Its path, part by part: `["nested", "[lines]", "sku"]`."""
        return [step for step in self.target.split(".") if step] or [self.name]

    @property
    def is_many(self) -> bool:
        """Whether it stands in an array, so that it can have several values."""
        return self.group == FIELD and bool(_ARRAY.search(self.target))

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.steps[-1] or f"{self.group} {self.id}"


def _columns(found: cyclr_api.MethodField) -> JSON:
    columns: JSON = storable(
        {
            "id": found.id,
            "name": found.name,
            "target": found.target_name or found.path or found.name,
            "description": found.description or "",
            "data_type": found.data_type or "",
            "is_sensitive": found.is_sensitive,
            "values": list(found.values),
            "trigger_name": found.trigger_name or "",
            "default": "" if found.is_sensitive else found.default or "",
        }
    )
    return columns | {"values": tuple(columns["values"])}


def inputs_of(method: Method) -> list[MethodInput]:
    """What it takes, in Cyclr's order; what has no id cannot be sent."""
    every = [MethodInput.from_json(kept) for kept in method.inputs]
    return [one for one in every if one.id is not None]


@dataclass(frozen=True, slots=True)
class Given:
    """A value of a call. `turn`: the how many-th of those that share its name."""

    group: str = PARAMETER
    id: int = 0
    target: str = ""
    turn: int = 0
    label: str = ""
    value: str | list[str] = field(default="", repr=False)
    is_secret: bool = False

    @property
    def display_value(self) -> str:
        """For people: a secret is never shown."""
        if self.is_secret:
            return "set"
        return ", ".join(self.value) if isinstance(self.value, list) else self.value


@dataclass(frozen=True, slots=True)
class CallInput:
    """What a call sends. `body`: the third party's own request instead of values by name."""

    given: tuple[Given, ...] = ()
    body: str = field(default="", repr=False)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read what was encrypted, by this release or an earlier one."""
        given = tuple(Given(**_known(Given, one)) for one in kept.get("given") or ())
        return cls(given, kept.get("body", ""))

    def to_json(self) -> JSON:
        """For encryption."""
        return asdict(self)

    def encrypted(self, call: MethodCall | SavedCall) -> str:
        """Encrypted to its call."""
        return encryption.encrypt_json(self.to_json(), associated_data=call.associated_data)

    def without_secrets(self) -> Self:
        """What may be kept for longer: values by name that are not secret."""
        return type(self)(tuple(one for one in self.given if not one.is_secret))

    @classmethod
    def of(cls, call: MethodCall | SavedCall) -> Self | None:
        """A call's; None once it was wiped. Raises `DecryptionError` if no key opens it."""
        if not call.encrypted_input:
            return None
        return cls.from_json(
            encryption.decrypt_json(call.encrypted_input, associated_data=call.associated_data)
        )
