"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

EXPORTS = register(
    Feature(
        key="audit.exports",
        label="Lists as CSV",
        help=(
            "Downloads of accounts, connectors, links, operations and outcomes. "
            "The audit trail can still be exported."
        ),
        order=140,
    )
)
