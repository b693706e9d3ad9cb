"""Cycles: steps, edges, variables, runs, incidents, and the rules by which they change."""

import copy
from typing import TYPE_CHECKING

from cyclr_api.simulator.values import JSON, AccountConnector

if TYPE_CHECKING:
    from cyclr_api.simulator.world import World


class Cycles:
    """The cycles of all accounts."""

    KEYS = ("Cycles",)
    """What is read from a world file, and written to it, here."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._documents: list[JSON] = []

    def read(self, document: JSON) -> None:
        """Take the part of a world file."""
        self._documents = list(document.get("Cycles") or [])

    def dumped(self) -> JSON:
        """The part of a world file."""
        return {"Cycles": self._documents}

    def take_from(self, other: "Cycles") -> None:
        """Have the same content as another world's."""
        self._documents = copy.deepcopy(other._documents)

    def stop_those_with(self, one: AccountConnector) -> None:
        """An account connector can no longer be used: running cycles with it stop."""
