"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

CAMPAIGNS = register(
    Feature(
        key="campaigns.campaigns",
        label="Reconnect campaigns",
        help=(
            "One link for each account with a broken connector, on one board. "
            "Links and reminders of campaigns that were started go on."
        ),
        order=10,
    )
)
