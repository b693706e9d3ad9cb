"""What every value of this package has in common."""

from collections.abc import Mapping
from typing import Any

from ..decoding import Record

DROPPED = ("Icon", "AuthValue")
"""Read from Cyclr and kept nowhere: large and untrusted, or secret."""


def no_extra() -> Mapping[str, Any]:
    """The `extra` of a value without unknown fields."""
    return {}


def version_in(record: Record) -> str | None:
    """A connector's version, free text; None also for the text "null" of Cyclr's samples."""
    version = record.text("Version") or ""
    return version if version.strip().lower() not in ("", "null") else None
