"""Whether methods read or write: by their names, which a Lead may correct."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.common.polling import version_of
from dashboard.methods import reading
from dashboard.methods.models import Method, MethodMark


def mark(method: Method, *, is_reading: bool) -> None:
    """Remember what a Lead said; it holds for every release that has the method."""
    MethodMark.objects.update_or_create(
        console=method.console, key=method.key, defaults={"is_reading": is_reading}
    )


def with_effect(methods: Sequence[Method]) -> list[tuple[Method, bool]]:
    """Each method with whether it writes."""
    reads = reading.reading_of(methods)
    return [(method, not reads[method.key]) for method in methods]


def version_of_marks(methods: Sequence[Method]) -> str:
    """What changes when one of them is marked otherwise."""
    return version_of(sorted(reading.reading_of(methods).items()))
