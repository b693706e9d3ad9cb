"""Which change of an account is under way: one at a time, whichever it is."""

from __future__ import annotations

from dashboard.mirror.models import Account
from dashboard.operations import changing
from dashboard.operations.models import Operation


def exclusivity_key(account: Account) -> str:
    """One change of an account at a time, whichever it is."""
    return f"accounts.change:{account.pk}"


def active_change(account: Account) -> Operation | None:
    """The change of it that is under way."""
    return changing.active_change(exclusivity_key(account))
