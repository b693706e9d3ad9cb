"""The operations that create, change and delete accounts, and change who has access."""

from dashboard.accounts.handlers import creating, deleting, updating, users

__all__ = ["creating", "deleting", "updating", "users"]
