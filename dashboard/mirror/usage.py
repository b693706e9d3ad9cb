"""What of the library is installed, and in how many accounts."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.cache import cache
from django.db.models import Count, Q

from dashboard.mirror.models import AccountConnector, CatalogueConnector

Kind = tuple[int, str, str]
"""A connector's console, name and version."""

KEPT_FOR = 60
"""Seconds for which each process keeps what took the reading of a whole table."""


def connector_names(consoles: Iterable[int]) -> list[str]:
    """The connectors that are installed somewhere in these consoles, by name."""
    pks = sorted(consoles)
    key = f"connector-names:{','.join(map(str, pks))}"
    found: list[str] | None = cache.get(key)
    if found is None:
        there = AccountConnector.objects.there().filter(account__console__in=pks)
        names = there.exclude(connector_name="").order_by().values_list("connector_name", flat=True)
        found = sorted(names.distinct())
        cache.set(key, found, KEPT_FOR)
    return found


def counts_of(connectors: Iterable[CatalogueConnector]) -> dict[Kind, int]:
    """In how many accounts each is installed; one query."""
    kinds = {(c.console_id, c.name, c.version) for c in connectors}
    if not kinds:
        return {}
    is_one = Q(connector_name__in={name for _, name, _ in kinds})
    rows = (
        AccountConnector.objects.there()
        .filter(is_one, account__gone_at=None)
        .filter(account__console__in={console for console, _, _ in kinds})
        .order_by()
        .values_list("account__console", "connector_name", "connector_version")
        .annotate(accounts=Count("account", distinct=True))
    )
    return {(console, name, version): count for console, name, version, count in rows}
