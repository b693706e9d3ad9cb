"""What is kept of a release when a newer one takes its place in the library."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from dashboard.common.chunks import chunks
from dashboard.mirror.models import CatalogueConnector, Release
from dashboard.mirror.models.base import MirrorQuerySet


def keep_replaced(rows: MirrorQuerySet, found: Mapping[Hashable, Mapping[str, Any]]) -> None:
    """Keep those of these rows whose release a listing has replaced; it is written next.

    `found`: columns by name and version. What never was read whole tells nothing.
    """
    known = rows.filter(is_whole=True).order_by()
    replaced = [
        pk
        for pk, name, version, release in known.values_list("pk", "name", "version", "release_id")
        if found.get((name, version), {}).get("release_id", release) != release
    ]
    for some in chunks(replaced):
        before = CatalogueConnector.objects.filter(pk__in=some)
        Release.objects.bulk_create(map(Release.of, before), ignore_conflicts=True)
