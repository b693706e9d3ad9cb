"""Names that lists offer as filters: found by reading all of a big table, so kept for a minute."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.cache import cache

from dashboard.mirror.models import AccountConnector

KEPT_FOR = 60
"""Seconds, in each process."""


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
