"""What a handler works from: encrypted, bound to its operation, typed where it is used.

Never the masked copy that is kept for display. The keys inside an encrypted value are data: a
release reads what the one before wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from dashboard.common import encryption
from dashboard.operations.models import Operation

JSON = dict[str, Any]


def decrypted_input(operation: Operation) -> JSON:
    """What was typed, in clear; only a worker asks. Empty once it was wiped."""
    if not operation.encrypted_input:
        return {}
    value = encryption.decrypt_json(
        operation.encrypted_input, associated_data=operation.associated_data
    )
    return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value for one of a connector's settings, under the name that Cyclr has for it."""

    name: str = ""
    value: str = field(default="", repr=False)
    id: int = 0

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """As it is kept, with the keys that Cyclr has."""
        return cls(kept.get("Name", ""), kept.get("Value", ""), kept.get("Id", 0))


@dataclass(frozen=True, slots=True)
class Input:
    """A kind's input. Unknown keys are left out, missing ones are as the class says."""

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read what was encrypted, by this release or an earlier one."""
        known: dict[str, Any] = {
            one.name: kept[one.name] for one in fields(cls) if one.name in kept
        }
        if "properties" in known:
            known["properties"] = tuple(map(Setting.from_json, known["properties"] or ()))
        return cls(**known)

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """An operation's; raises `DecryptionError` if no key opens it."""
        return cls.from_json(decrypted_input(operation))
