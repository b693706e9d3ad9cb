"""Which release of a connector is installed, and whether the library has a newer one."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.mirror.icons import with_digests
from dashboard.mirror.models import AccountConnector, CatalogueConnector


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """The installed release beside the library. `entry` is the library's of this version.

    It may be gone from there by now. `others`: what the library has of this connector in other
    versions.
    """

    entry: CatalogueConnector | None
    others: tuple[CatalogueConnector, ...] = ()
    installed: int | None = None
    named: tuple[CatalogueConnector, ...] = ()
    """All of this name, `with_digests` of their icons; also those gone from the library."""

    @property
    def is_in_library(self) -> bool:
        """Whether the library still has this version."""
        return self.entry is not None and self.entry.gone_at is None

    @property
    def is_newest(self) -> bool:
        """Whether the library's release is the installed one."""
        return self.entry is not None and self.entry.release_id == self.installed

    @property
    def newer(self) -> int | None:
        """The library's release, where that is another: ids change with each release."""
        if self.entry is None or self.entry.gone_at or self.installed is None or self.is_newest:
            return None
        return self.entry.release_id


def release_state(connector: AccountConnector) -> ReleaseState:
    """One query: the library's entries of this name that the account can have."""
    named = with_digests(CatalogueConnector.objects.for_account(connector.account))
    rows = list(named.filter(name=connector.connector_name)) if connector.connector_name else []
    entry = next((one for one in rows if one.version == connector.connector_version), None)
    others = (one for one in rows if one.version != connector.connector_version)
    still = tuple(one for one in others if one.gone_at is None)
    return ReleaseState(entry, still, connector.release_id, tuple(rows))
