"""Thousands of new rows at once, without an instance for each.

`bulk_create` takes Django some twenty steps for every value of every row, most of the time that
five thousand rows take. An `INSERT` of so many values costs PostgreSQL's driver, which looks for
every mark in its text, as much again as all the rest: they are copied, and it takes in the first
ones while the next are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Field, JSONField, Model

from dashboard.common.json_text import json_text


def insert_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert a row for each of `rows`: the values of the fields named by `columns`, in that order.

    Numbers, texts, truth values, moments and JSON go in as they are; keys are those of `…_id`
    names. What has no default in the database must be among them, and who makes the rows must not
    ask it for anything. Errors are Django's, such as `IntegrityError`; all are inserted or, within
    a transaction that is rolled back then, none.
    """
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    table = quote(model._meta.db_table)
    adapted = {n: adapt for n, field in enumerate(fields) if (adapt := _adapter(field))}
    values = (_adapted(row, adapted) for row in rows)
    first = next(values, None)
    if first is None:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            into = f"COPY {table} ({names}) FROM STDIN"
            with connection.wrap_database_errors, cursor.copy(into) as copying:
                for row in chain([first], values):
                    copying.write_row(row)
            return
        marks = ", ".join(["%s"] * len(fields))
        into = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our names
        cursor.executemany(into, [first, *values])


def insert_unknown(made: Sequence[Model]) -> None:
    """Insert new instances of one model, each like a row with its unique values: that one stays.

    As `bulk_create` does that `ignore_conflicts`, for rows without JSON's null. Keys are not set.
    """
    if not made:
        return
    model = type(made[0])
    columns, own = _insertable(model)
    for field in own:
        for row in made:
            setattr(row, field.attname, field.pre_save(row, add=True))
    values = list(map(attrgetter(*(field.attname for field in columns)), made))
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    names = ", ".join(quote(field.column) for field in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            keys = [field.column for field in columns]
            told = json_text([dict(zip(keys, row, strict=True)) for row in values])
            source = f"SELECT {names} FROM json_populate_recordset(NULL::{table}, %s::json)"  # noqa: S608 - our names
            cursor.execute(f"INSERT INTO {table} ({names}) {source} ON CONFLICT DO NOTHING", [told])
            return
        adapted = {n: adapt for n, field in enumerate(columns) if (adapt := _adapter(field))}
        marks = ", ".join(["%s"] * len(columns))
        into = f"INSERT INTO {table} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - our names
        cursor.executemany(into, [_adapted(row, adapted) for row in values])


@cache
def _insertable(model: type[Model]) -> tuple[list[Any], list[Any]]:
    """The fields whose values are inserted, and those of them that make their own."""
    every: list[Any] = list(model._meta.concrete_fields)
    fields = [one for one in every if not one.primary_key and not one.generated]
    return fields, [one for one in fields if type(one).pre_save is not Field.pre_save]


def _adapter(field: Any) -> Callable[[Any], Any] | None:
    """What the database's driver does not take as it is."""
    if isinstance(field, JSONField):
        return json_text
    return connection.ops.adapt_datetimefield_value if isinstance(field, DateTimeField) else None


def _adapted(row: Sequence[Any], adapted: dict[int, Callable[[Any], Any]]) -> list[Any]:
    values = list(row)
    for place, adapt in adapted.items():
        values[place] = adapt(values[place])
    return values
