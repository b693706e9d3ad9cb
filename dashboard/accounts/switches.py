"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

USERS = register(
    Feature(
        key="accounts.users",
        label="Users of an account",
        help="Who may sign in to the account at Cyclr: reading, adding and removing them.",
        order=100,
    )
)

DELETING = register(
    Feature(
        key="accounts.delete",
        label="Deleting accounts",
        help="With all that is in them, at Cyclr.",
        order=110,
    )
)
