"""The operations that change an installed connector."""

from dashboard.connector_changes.handlers import editing, losing, properties

__all__ = ["editing", "losing", "properties"]
