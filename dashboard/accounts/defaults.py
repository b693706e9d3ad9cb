"""What the package of default connectors tells about them: what a new account gets by itself."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.common.questions import Question
from dashboard.consoles.models import Console

INSTALL_DEFAULTS = "defaults.install"
"""The operation that follows the creation of an account."""


@dataclass(frozen=True, slots=True)
class Default:
    """One connector that a new account gets; `problem`: why it cannot, in words."""

    label: str
    release: str = ""
    icon_digest: str = ""
    is_native: bool = False
    problem: str = ""


@Question
def defaults_of(console: Console) -> list[Default]:
    """The connectors that a new account of the console gets, in order; defaults answer."""
    return []
