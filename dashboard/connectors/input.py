"""What saving settings of an installed connector works from."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.operations.input import Input, Setting


@dataclass(frozen=True, slots=True)
class SettingsInput(Input):
    """The settings and the values that they are to have."""

    properties: tuple[Setting, ...] = ()
