"""The releases that are known of a connector of the library, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from cyclr_api import AuthMethod, Parameter
from dashboard.mirror.keys import key_of
from dashboard.mirror.models import AccountConnector, CatalogueConnector, Release

MOST = 100
"""Releases of one connector that can be chosen from."""


@dataclass(slots=True)
class Known:
    """A release: which, where it is installed, and what it asks if that was ever told."""

    release_id: int
    version: str = ""
    accounts: int = 0
    is_live: bool = False
    authentication: tuple[AuthMethod, ...] | None = None
    parameters: tuple[Parameter, ...] | None = None

    @property
    def label(self) -> str:
        """For a choice: “2.0 · 16293 · live · in 12 accounts”."""
        accounts = f"in {self.accounts:,} account{'' if self.accounts == 1 else 's'}"
        words = [self.version, str(self.release_id), "live" if self.is_live else "", accounts]
        return " · ".join(word for word in words if word)


def known_releases(connector: CatalogueConnector) -> dict[int, Known]:
    """By id, the newest first: the live one of each version, installed ones, and earlier ones."""
    installed, live = _installed(connector), _live(connector)
    versions = {version for _, version, _ in installed} | {row.version for row in live}
    found: dict[int, Known] = {}
    for number, version, accounts in installed:
        found.setdefault(number, Known(number, version)).accounts += accounts
    for kept in _earlier(connector, versions):
        _tell(found.setdefault(kept.release_id, Known(kept.release_id)), kept)
    for row in live:
        one = found.setdefault(row.release_id, Known(row.release_id))
        one.is_live = True
        _tell(one, row)
    order = sorted(found, key=lambda number: (number != connector.release_id, -number))
    return {number: found[number] for number in order[:MOST]}


def _tell(known: Known, row: Release | CatalogueConnector) -> None:
    known.version = row.version
    known.authentication = tuple(AuthMethod.from_json(one) for one in row.authentication)
    every = [Parameter.from_json(one) for one in row.parameters]
    known.parameters = tuple(
        one for one in every if one.is_account_property and not one.is_hidden and one.target_name
    )


def _live(connector: CatalogueConnector) -> list[CatalogueConnector]:
    rows = CatalogueConnector.objects.filter(console=connector.console_id, name=connector.name)
    rows = rows.filter(account=connector.account_id).filter(Q(gone_at=None) | Q(pk=connector.pk))
    return list(rows.order_by("pk")[:MOST])


def _installed(connector: CatalogueConnector) -> list[tuple[int, str, int]]:
    rows = AccountConnector.objects.there().filter(
        account__console=connector.console_id,
        account__gone_at=None,
        connector_name=connector.name,
        release_id__isnull=False,
    )
    if connector.account_id is not None:
        rows = rows.filter(account=connector.account_id)
    counted = rows.order_by().values_list("release_id", "connector_version")
    return list(counted.annotate(accounts=Count("account", distinct=True)))


def _earlier(connector: CatalogueConnector, versions: set[str]) -> list[Release]:
    """Those of these versions that were kept when they were replaced, or read."""
    keys = [key_of(connector.name, version) for version in versions]
    rows = Release.objects.filter(console=connector.console_id, kind_key__in=keys)
    return list(rows[:MOST])
