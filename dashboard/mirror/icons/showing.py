"""Which icon stands beside a connector's name: one query for all of a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import F

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
    wanted = {_kind(row)[:2] for row in rows}
    if not wanted:
        return
    known = _digests({console for console, _ in wanted}, {name for _, name in wanted})
    for row in rows:
        _choose(row, known)


def add_icon_of(connector: AccountConnector, named: Iterable[CatalogueConnector]) -> None:
    """The same of one, from what its account has of that name in the library, `with_digests`."""
    in_order = sorted(named, key=lambda one: one.release_id)
    _choose(connector, _by_kind((*_kind(one), getattr(one, DIGEST)) for one in in_order))


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
    rows = CatalogueConnector.objects.filter(console__in=consoles, name__in=names)
    rows = rows.exclude(icon=None).exclude(icon__digest="").order_by("release_id")
    return _by_kind(rows.values_list("console", "name", "version", "account", "icon__digest"))


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


def _choose(row: Shown, known: Mapping[Kind, str]) -> None:
    console, name, version, account = _kind(row)
    row.icon_digest = (
        known.get((console, name, version, account))
        or known.get((console, name, version, None))
        or known.get((console, name, "", 0))
        or ""
    )
