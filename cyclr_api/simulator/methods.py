"""What connectors can do: methods, triggers, and what third parties answer to them."""

from typing import TYPE_CHECKING

from cyclr_api.simulator.values import JSON

if TYPE_CHECKING:
    from cyclr_api.simulator.world import World


class Methods:
    """The methods of all releases."""

    KEYS = ("Methods",)
    """What is read from a world file, and written to it, here."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._documents: list[JSON] = []

    def read(self, document: JSON) -> None:
        """Take the part of a world file."""
        self._documents = list(document.get("Methods") or [])

    def dumped(self) -> JSON:
        """The part of a world file."""
        return {"Methods": self._documents}

    def take_from(self, other: "Methods") -> None:
        """Have the same content as another world's. Methods never change and are shared."""
        self._documents = list(other._documents)
