"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

MANY = register(
    Feature(
        key="bulk.many",
        label="Changes to many at once",
        help=(
            "Installing into many accounts, and testing or de-authenticating many connectors. "
            "Bulk runs that were started go on; a preview can be ended, but not started."
        ),
        order=60,
    )
)
