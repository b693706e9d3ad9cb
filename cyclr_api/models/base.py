"""What every value of this package has in common."""

from collections.abc import Mapping
from typing import Any

DROPPED = ("Icon", "AuthValue")
"""Read from Cyclr and kept nowhere: large and untrusted, or secret."""


def no_extra() -> Mapping[str, Any]:
    """The `extra` of a value without unknown fields."""
    return {}
