"""What the tables of the tests' database hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connection, models


def filled(tables: Iterable[str]) -> list[str]:
    """Those that have rows, in the same order; one query."""
    every = list(tables)
    quote = connection.ops.quote_name
    asked = (
        f"SELECT {at} WHERE EXISTS (SELECT 1 FROM {quote(table)})"  # noqa: S608 - our own names
        for at, table in enumerate(every)
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return [every[at] for at in sorted(at for (at,) in cursor.fetchall())]


def rows_of_all() -> dict[type[models.Model], list[dict[str, Any]]]:
    """Every row of every model that has any, by its columns, as the database gives them."""
    by_table = {model._meta.db_table: model for model in apps.get_models()}
    found = {}
    with connection.cursor() as cursor:
        for table in filled(by_table):
            pk = connection.ops.quote_name(str(by_table[table]._meta.pk.column))
            named = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {named} ORDER BY {pk}")  # noqa: S608 - our own names
            columns = [column[0] for column in cursor.description]
            found[by_table[table]] = [
                dict(zip(columns, row, strict=True)) for row in cursor.fetchall()
            ]
    return found
