"""What changes of an installed connector work from. Secrets are not part of a `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.operations.input import Input, Setting


@dataclass(frozen=True, slots=True)
class EditInput(Input):
    """A new name and description; None leaves one as it is."""

    name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class NativeInput(Input):
    """Whether it is to be the partner's own product."""

    is_native: bool = False


@dataclass(frozen=True, slots=True)
class SettingsInput(Input):
    """Properties that are to have these values, and names of those that are to go."""

    properties: tuple[Setting, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CredentialsInput(Input):
    """New credentials. `auth_value`: None = only properties change."""

    auth_value: str | None = field(default=None, repr=False)
    properties: tuple[Setting, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LossInput(Input):
    """What was shown to whoever confirmed: Cyclr's ids of the running cycles that will stop."""

    cycles: tuple[str, ...] = ()
