"""What a query says to the database about how it is best answered."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func
from django.db.models.sql.compiler import SQLCompiler


class Unindexed(Func):
    """A column by which rows are chosen, but not found.

    SQLite takes any index that an equality has for a narrow one. Where nearly all rows are of one
    console it would look at each of them and sort them, although another index has them in order.
    PostgreSQL knows how many there are of a kind, and is asked as ever.
    """

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        """With a plus before it, which no index has."""
        return self.as_sql(compiler, connection, template="+%(expressions)s", **extra)
