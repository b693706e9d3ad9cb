"""Which icon stands beside a connector's name: one query for all of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, QuerySet

from dashboard.common.prepared import prepared
from dashboard.mirror.models import (
    AccountConnector,
    CatalogueConnector,
    CatalogueConnectorQuerySet,
)

Shown = AccountConnector | CatalogueConnector
Kind = tuple[int, str, str, int | None]
"""Console, name, version, and the account whose own connector it is."""
DIGEST = "shown_digest"
"""What `with_digests` calls it."""


def add_icons(connectors: Iterable[Shown]) -> None:
    """Give each connector its `icon_digest`: of its version, else of another with its name."""
    rows = list(connectors)
    found = icons_of(map(_kind, rows))
    for row in rows:
        row.icon_digest = found[_kind(row)]


def icons_of(kinds: Iterable[Kind]) -> dict[Kind, str]:
    """The digests of these kinds' icons, empty where there is none; one query."""
    wanted = set(kinds)
    if not wanted:
        return {}
    known = _digests({kind[0] for kind in wanted}, {kind[1] for kind in wanted})
    return {kind: _chosen(kind, known) for kind in wanted}


def add_icon_of(connector: AccountConnector, named: Iterable[CatalogueConnector]) -> None:
    """The same of one, from what its account has of that name in the library, `with_digests`."""
    in_order = sorted(named, key=lambda one: one.release_id)
    known = _by_kind((*_kind(one), getattr(one, DIGEST)) for one in in_order)
    connector.icon_digest = _chosen(_kind(connector), known)


def with_digests(rows: CatalogueConnectorQuerySet) -> CatalogueConnectorQuerySet:
    """Each with the digest of its icon, for `add_icon_of`."""
    found: CatalogueConnectorQuerySet = rows.annotate(**{DIGEST: F("icon__digest")})
    return found


def icon_of(connector: Shown) -> str:
    """The digest of one connector's icon; empty if there is none."""
    add_icons([connector])
    return connector.icon_digest


def _kind(row: Shown) -> Kind:
    if isinstance(row, AccountConnector):
        console = row.account.console_id
        return console, row.connector_name, row.connector_version, row.account_id
    return row.console_id, row.name, row.version, row.account_id


def _digests(consoles: set[int], names: set[str]) -> dict[Kind, str]:
    """The digests by kind; as account 0 without a version: any of everybody's by that name."""
    return _by_kind(_rows_with_digests(sorted(consoles), sorted(names)))


@prepared
def _rows_with_digests(consoles: list[int], names: list[str]) -> QuerySet[Any, Any]:
    rows = CatalogueConnector.objects.filter(
        console__in=consoles, name__in=names, icon__digest__gt=""
    ).order_by("release_id")
    return rows.values_list("console", "name", "version", "account", "icon__digest")


def _by_kind(rows: Iterable[tuple[int, str, str, int | None, str | None]]) -> dict[Kind, str]:
    """Of rows in the order of their releases: the newest counts."""
    found: dict[Kind, str] = {}
    for console, name, version, account, digest in rows:
        if not digest:
            continue
        found[console, name, version, account] = digest
        if account is None:
            found[console, name, "", 0] = digest
    return found


def _chosen(kind: Kind, known: Mapping[Kind, str]) -> str:
    console, name, version, account = kind
    return (
        known.get((console, name, version, account))
        or known.get((console, name, version, None))
        or known.get((console, name, "", 0))
        or ""
    )
