"""The operations that create, change and delete accounts."""

from dashboard.accounts.handlers import creating, deleting, updating

__all__ = ["creating", "deleting", "updating"]
