"""Django's connection, with work before each commit, and moments read quickly."""

from __future__ import annotations

from datetime import UTC
from functools import cache
from typing import Any

from django.db.backends.postgresql import base
from psycopg.adapt import AdaptersMap

from dashboard.common.databases.before_commit import BeforeCommit
from dashboard.common.databases.postgresql.moments import UtcLoader


class DatabaseWrapper(BeforeCommit, base.DatabaseWrapper):
    """See the module."""

    def get_connection_params(self) -> dict[str, Any]:
        """Django's, and how a moment is read."""
        found: dict[str, Any] = super().get_connection_params()
        if self.timezone is UTC:
            found["context"] = _with_moments(found["context"])
        return found


@cache
def _with_moments(adapters: AdaptersMap) -> AdaptersMap:
    """Made once: the connections of a pool share it."""
    own = AdaptersMap(adapters)
    own.register_loader("timestamptz", UtcLoader)
    return own
