"""Questions that are asked every second for ever: to build a query takes longer than to ask it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import QuerySet


class AnyRow:
    """Whether a query finds a row; built at the first question, and the same ever after.

    So its values must be constants: none may be a moment, or anything that was just read.
    """

    def __init__(self, build: Callable[[], QuerySet[Any]]) -> None:
        self._build = build

    @cached_property
    def _statement(self) -> tuple[str, tuple[Any, ...]]:
        first, second = self._compiled(), self._compiled()
        if first != second:
            raise TypeError(f"not the same for ever: {first[1]}, then {second[1]}")
        return first

    def _compiled(self) -> tuple[str, tuple[Any, ...]]:
        rows = self._build().order_by().values("pk")[:1]
        return rows.query.sql_with_params()

    def __call__(self) -> bool:
        """Ask the database."""
        with connection.cursor() as cursor:
            cursor.execute(*self._statement)
            return cursor.fetchone() is not None
