"""Where a bulk run is shown. A kind whose runs have a page of their own registers its URL name."""

from __future__ import annotations

PAGES: dict[str, str] = {}
"""By the kind of operation."""


def register(kind: str, url_name: str) -> None:
    """Show runs of this kind on a page of their own; it takes a run's reference."""
    PAGES[kind] = url_name
