"""What the operations of links work from."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.operations.input import Input, Setting


@dataclass(frozen=True, slots=True)
class EntryInput(Input):
    """What a customer typed for an installed connector.

    `way`: how it is authenticated, as in `mirror.catalogue.AuthType`. `auth_value`: None = only
    settings were typed.
    """

    way: str = ""
    auth_value: str | None = field(default=None, repr=False)
    properties: tuple[Setting, ...] = ()
