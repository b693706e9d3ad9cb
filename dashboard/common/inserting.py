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
from typing import Any, TypeVar

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import DateField, DateTimeField, Field, JSONField, Model, QuerySet
from django.db.models.base import ModelState

from dashboard.common.chunks import chunks
from dashboard.common.json_text import json_text

M = TypeVar("M", bound=Model)


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
        _insert_values(cursor, f"{table} ({names})", [first, *values])


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
        adapted_rows = [_adapted(row, adapted) for row in values]
        _insert_values(cursor, f"{table} ({names})", adapted_rows, "ON CONFLICT DO NOTHING")


def insert_selected(model: type[Model], columns: Sequence[str], rows: QuerySet[Any, Any]) -> None:
    """Insert a row of `model` for each of `rows`, a `values_list` of the fields named by `columns`.

    The rows never leave the database.
    """
    quote = connection.ops.quote_name
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    names = ", ".join(quote(field.column) for field in fields)
    sql, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(model._meta.db_table)} ({names}) {sql}", values)


def _insert_values(
    cursor: CursorWrapper, into: str, rows: Sequence[Sequence[Any]], conflict: str = ""
) -> None:
    """As many rows at a time as the database takes values.

    Between two statements a process's other threads have their turn, so that one for each row takes
    as many times as long while they are busy.
    """
    width = len(rows[0])
    marks = f"({', '.join(['%s'] * width)})"
    for some in chunks(rows, (connection.features.max_query_params or len(rows)) // width):
        values = ", ".join([marks] * len(some))
        insert = f"INSERT INTO {into} VALUES {values} {conflict}"  # noqa: S608 - our names
        cursor.execute(insert, list(chain.from_iterable(some)))


@cache
def _insertable(model: type[Model]) -> tuple[list[Any], list[Any]]:
    """The fields whose values are inserted, and those of them that make their own."""
    every: list[Any] = list(model._meta.concrete_fields)
    fields = [one for one in every if not one.primary_key and not one.generated]
    return fields, [one for one in fields if _makes_its_own(one)]


def _makes_its_own(field: Any) -> bool:
    if isinstance(field, DateField):
        return field.auto_now or field.auto_now_add
    return type(field).pre_save is not Field.pre_save


def blank(model: type[M]) -> M:
    """As `model()`, which asks every field for its default, in a tenth of the time."""
    constant, makers = _defaults(model)
    made = model.__new__(model)
    made._state = ModelState()
    made.__dict__.update(constant)
    made.__dict__.update((name, make()) for name, make in makers)
    return made


@cache
def _defaults(model: type[Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """By column: defaults that are the same for every row, and what makes the others."""
    fields: list[Any] = list(model._meta.concrete_fields)
    calling = [one for one in fields if one.has_default() and callable(one.default)]
    makers = [(one.attname, one.default) for one in calling]
    made = {name for name, _ in makers} | {one.attname for one in fields if one.generated}
    return {one.attname: one.get_default() for one in fields if one.attname not in made}, makers


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
