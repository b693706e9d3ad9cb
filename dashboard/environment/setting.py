"""What a declared setting is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dashboard.environment.kinds import Kind

ENV_FILE = "DESK_ENV_FILE"
"""Names another file than `.env`; stands in the environment alone."""
PREFIXES = ("CYCLR_", "DESK_", "LOCAL_CYCLR_")
"""What begins so is meant for this dashboard."""

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Setting(Generic[T_co]):
    """One setting. What is empty counts as not given."""

    name: str
    kind: Kind[T_co]
    default: T_co
    help: str
    example: str = ""
    or_else: str = ""
    """What holds without it, in words; empty = `default` says so, or nothing does."""
    is_secret: bool = False
    """Whether the value must not be shown, in complaints say."""
    is_main: bool = False
    """Whether the README tells of it too."""


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together, as documents show them."""

    title: str
    help: str
    settings: tuple[Setting[Any], ...]
