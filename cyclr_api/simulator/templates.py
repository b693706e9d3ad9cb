"""Templates: what the partner designed, and what comes of installing one."""

import copy
from typing import TYPE_CHECKING

from cyclr_api.simulator.values import JSON

if TYPE_CHECKING:
    from cyclr_api.simulator.world import World


class Templates:
    """The published templates of the partner."""

    KEYS = ("Templates",)
    """What is read from a world file, and written to it, here."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._documents: list[JSON] = []

    def read(self, document: JSON) -> None:
        """Take the part of a world file."""
        self._documents = list(document.get("Templates") or [])

    def dumped(self) -> JSON:
        """The part of a world file."""
        return {"Templates": self._documents}

    def take_from(self, other: "Templates") -> None:
        """Have the same content as another world's."""
        self._documents = copy.deepcopy(other._documents)
