"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

ASKING = register(
    Feature(
        key="customer.asking",
        label="Customers ask for a new link",
        help=(
            "The button on the page of a link that has ended. "
            "Without it the page says whom to write to."
        ),
        order=30,
    )
)
