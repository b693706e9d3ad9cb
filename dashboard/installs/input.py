"""What an install works from."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.operations.input import Input, Setting


@dataclass(frozen=True, slots=True)
class InstallInput(Input):
    """What was entered into the install form, as Cyclr gets it.

    `auth_value`: None = it is authenticated later. `connector_name`: what Cyclr is asked for
    instead of the release, with `connector_version` if that is said.
    """

    release_id: int = 0
    name: str = ""
    description: str = ""
    authentication_id: str | None = None
    auth_value: str | None = field(default=None, repr=False)
    properties: tuple[Setting, ...] = ()
    is_native: bool = False
    connector_name: str = ""
    connector_version: str = ""
