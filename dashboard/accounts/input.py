"""What changes of accounts work from. A webhook's URL may hold a secret: no `repr` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboard.operations.input import Input

FIELDS = (
    "name",
    "description",
    "timezone",
    "audit_info",
    "task_audit_info",
    "success_retention_hours",
    "errored_retention_hours",
    "is_error_webhook_enabled",
    "error_webhook_url",
    "error_webhook_includes_warnings",
)
"""What can be set, as the client calls it."""


@dataclass(frozen=True, slots=True)
class AccountInput(Input):
    """An account as it is to be. `fields`: some of `FIELDS`; what is left out stays as it is.

    `id` and `parent_id` are of a new one alone. `is_id_ours`: nobody typed the id.
    """

    id: str = ""
    is_id_ours: bool = False
    parent_id: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def given(self) -> dict[str, Any]:
        """The fields that this release knows."""
        return {name: self.fields[name] for name in FIELDS if name in self.fields}


@dataclass(frozen=True, slots=True)
class DeletionInput(Input):
    """What was shown to whoever confirmed: the account's name, and ids of its running cycles."""

    name: str = ""
    cycles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UserInput(Input):
    """Who is to have access, or no more; the password is of a new one alone."""

    username: str = ""
    password: str = field(default="", repr=False)
