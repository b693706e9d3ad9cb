"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

DELETING = register(
    Feature(
        key="connectors.delete",
        label="Deleting connectors",
        help="Connectors can still be de-authenticated.",
        order=120,
    )
)
