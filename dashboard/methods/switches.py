"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

CALLS = register(
    Feature(
        key="methods.calls",
        label="Calling methods",
        help=(
            "Methods of an installed connector, their answers and saved calls. "
            "Connection tests and look-ups go on."
        ),
        order=70,
    )
)

WRITING = register(
    Feature(
        key="methods.writing",
        label="Calling methods that write",
        help="Only what reads can be called, and nobody says of a method that it only reads.",
        order=80,
    )
)
