"""The catalogue: the releases of all connectors, and who sees which of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from cyclr_api.simulator.state.core import Core
from cyclr_api.simulator.state.errors import ApiError
from cyclr_api.simulator.state.values import JSON, Connector


class Connectors(Mapping[int, Connector]):
    """Connector id -> release."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._by_id: dict[int, Connector] = {}
        self._by_name: dict[str, list[Connector]] = {}

    def __getitem__(self, connector_id: int) -> Connector:
        return self._by_id[connector_id]

    def __iter__(self) -> Iterator[int]:
        return iter(self._by_id)

    def __len__(self) -> int:
        return len(self._by_id)

    def read(self, document: JSON) -> None:
        """Take the part of a world file."""
        for entry in document.get("Connectors") or []:
            self.add(entry)

    def dumped(self) -> JSON:
        """The part of a world file."""
        return {"Connectors": [one.dumped() for one in self._by_id.values()]}

    def take_from(self, other: "Connectors") -> None:
        """Have the same content as another state's. Releases never change and are shared."""
        self._by_id = dict(other._by_id)
        self._by_name = {name: list(found) for name, found in other._by_name.items()}

    def add(self, document: JSON | None = None, **values: Any) -> Connector:
        """Put a release into the catalogue, without a trace in the ledger."""
        connector = Connector({**(document or {}), **values})
        with self._core.lock:
            if connector.id in self._by_id:
                raise ValueError(f"There is a connector {connector.id} already.")
            self._by_id[connector.id] = connector
            self._by_name.setdefault(connector.name, []).append(connector)
            self._core.changes += 1
        return connector

    def remove(self, connector: Connector) -> None:
        """Take a release out of the catalogue, without a trace in the ledger."""
        del self._by_id[connector.id]
        self._by_name[connector.name].remove(connector)
        self._core.changes += 1

    # -- found -------------------------------------------------------------------------------

    def listed(self, account_id: str, include_custom: bool) -> list[Connector]:
        """What a list shows an account. Sim: live releases; drafts only among custom ones.

        Other readings are in the settings.
        """
        when = self._core.settings["CustomConnectorsListed"]
        return [
            one
            for one in self._by_id.values()
            if self.is_visible(one, account_id)
            and (when != "never" if one.owner is not None else True)
            and (include_custom or when == "always" if one.is_custom else self._is_listed(one))
            and one.release != "Deprecated"
        ]

    def _is_listed(self, one: Connector) -> bool:
        return one.release == "Live" or bool(self._core.settings["DraftsListed"])

    def is_visible(self, connector: Connector, account_id: str) -> bool:
        return connector.owner is None or connector.owner == account_id

    def visible(self, connector_id: int, account_id: str) -> Connector:
        """The release with this id, if the account may see it."""
        found = self._by_id.get(connector_id)
        if found is None or not self.is_visible(found, account_id):
            raise ApiError(404)
        return found

    def named(self, name: str, account_id: str, version: str | None = None) -> list[Connector]:
        """Live releases with this name (and version), newest first."""
        found = [
            one
            for one in self._by_name.get(name, [])
            if one.release == "Live"
            and self.is_visible(one, account_id)
            and (version is None or one.version == version)
        ]
        return sorted(found, key=lambda one: one.id, reverse=True)

    def latest_release(self, connector: Connector) -> Connector:
        """The newest live release of a connector. Sim: where none is live, the given one."""
        found = [
            one
            for one in self._by_name.get(connector.name, [])
            if one.release == "Live" and one.is_release_of(connector)
        ]
        return max(found, key=lambda one: one.id, default=connector)

    def owned_by(self, account_id: str) -> list[Connector]:
        """The custom connectors of one account, the oldest first."""
        return [one for one in self._by_id.values() if one.owner == account_id]
