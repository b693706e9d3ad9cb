"""What an administrator may switch off here."""

from __future__ import annotations

from dashboard.features.registry import Feature, register

API = register(
    Feature(
        key="api.api",
        label="API",
        help=(
            "Reading and making links with tokens. "
            "Tokens are refused while it is off, and can still be revoked."
        ),
        order=150,
    )
)

MCP = register(
    Feature(
        key="api.mcp",
        label="MCP server",
        help="The same for language models.",
        order=160,
    )
)
