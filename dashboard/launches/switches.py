"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

LAUNCHES = register(
    Feature(
        key="launches.links",
        label="LAUNCH, ORBIT and Marketplace links",
        help=(
            "Links to pages of Cyclr’s own. Those that customers have keep working until they end."
        ),
        order=20,
    )
)
