"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

ONBOARDING = register(
    Feature(
        key="onboarding.onboarding",
        label="Onboarding",
        help=("Account, connectors, template and link in one run. Runs that were started go on."),
        order=40,
    )
)

TABLES = register(
    Feature(
        key="onboarding.tables",
        label="Onboarding from a table",
        help=("The same for many customers at once. Tables that were started go on."),
        order=50,
    )
)
