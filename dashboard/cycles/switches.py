"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

TRANSACTIONS = register(
    Feature(
        key="cycles.transactions",
        label="Transactions of cycles",
        help="What went through a cycle: customers’ data.",
        order=90,
    )
)

DELETING = register(
    Feature(
        key="cycles.delete",
        label="Deleting cycles",
        help="Cycles can still be deactivated.",
        order=130,
    )
)
