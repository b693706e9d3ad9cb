"""Thousands of new rows at once, without an instance for each.

`bulk_create` takes Django some twenty steps for every value of every row, most of the time that
five thousand rows take. An `INSERT` of so many values costs PostgreSQL's driver, which looks for
every mark in its text, as much again as all the rest: they are copied.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import JSONField, Model


def insert_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert a row for each of `rows`: the values of the fields named by `columns`, in that order.

    Numbers, texts, truth values and JSON go in as they are; keys are those of `…_id` names. What
    has no default in the database must be among them. Errors are Django's, such as
    `IntegrityError`; all are inserted or, within a transaction that is rolled back then, none.
    """
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    table = quote(model._meta.db_table)
    places = [n for n, field in enumerate(fields) if isinstance(field, JSONField)]
    values = [_with_json(row, places) for row in rows]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            into = f"COPY {table} ({names}) FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(into) as copying:
                for row in values:
                    copying.write_row(row)
            return
        marks = ", ".join(["%s"] * len(fields))
        into = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our names
        cursor.executemany(into, values)


def _with_json(row: Sequence[Any], places: Sequence[int]) -> list[Any]:
    values = list(row)
    for place in places:
        values[place] = json.dumps(values[place])
    return values
