"""What nearly every test begins with is read from the simulated Cyclr once, and kept.

Reading an account takes 80 ms, which thousands of tests paid. The rows that the first reading wrote
are put back as if they had been read now: by PostgreSQL itself from a schema that the end of the
test's transaction does not reach; into SQLite from memory, where no such place can be written to
(its transactions here lock all that is attached).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import psycopg
from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from dashboard.consoles.models import Console

LEFT_ALONE = {"audit", "consoles", "desk_sessions", "people", "sign_in"}
"""Apps of which rows may be there before: whoever signs in leaves some, and the trail's chains are
there from the first migration on. Reading Cyclr writes none."""


def _candidates() -> list[type[models.Model]]:
    found = [model for model in apps.get_models() if model.__module__.startswith("dashboard.")]
    return [model for model in found if model._meta.app_label not in LEFT_ALONE]


def _filled(among: Iterable[type[models.Model]]) -> list[type[models.Model]]:
    return [model for model in among if model._default_manager.exists()]


def _columns_of(console: Console) -> dict[str, Any]:
    row = Console.objects.filter(pk=console.pk).values().get()
    return {name: value for name, value in row.items() if name != "id"}


class KeptRows:
    """The rows that one way of reading a console leaves behind; each has a name of its own."""

    def __init__(self, name: str) -> None:
        self.schema = f"kept_{name}"
        self.models: list[type[models.Model]] = []
        self.rows: dict[type[models.Model], list[list[Any]]] = {}
        self.console_columns: dict[str, Any] = {}
        self.began = timezone.now()

    def read(self, console: Console, work: Callable[[], None]) -> None:
        """Read by `work`; keep what it wrote if nothing of the kind was there before."""
        was_empty, before, began = not _filled(_candidates()), _columns_of(console), timezone.now()
        work()
        if not was_empty:
            return
        after = _columns_of(console)
        self.console_columns = {
            name: value for name, value in after.items() if value != before[name]
        }
        self.began = began
        filled = _filled(_candidates())
        if connection.vendor == "postgresql":
            _keep_in_schema(self.schema, [model._meta.db_table for model in filled])
        else:
            self.rows = {model: _rows_of(model) for model in filled}
        self.models = filled

    def put_back(self, console: Console) -> bool:
        """Copy the rows into an empty database; says whether that was possible."""
        if not self.models or _filled(self.models):
            return False
        now = timezone.now()
        with connection.cursor() as cursor:
            for model in self.models:
                if model in self.rows:
                    cursor.executemany(*self._inserted(model, console, now))
                else:
                    cursor.execute(*self._copied(model, console, now))
        columns = {
            name: now if isinstance(value, datetime) and value >= self.began else value
            for name, value in self.console_columns.items()
        }
        if columns:
            Console.objects.filter(pk=console.pk).update(**columns)
        return True

    def _copied(
        self, model: type[models.Model], console: Console, now: datetime
    ) -> tuple[str, list[Any]]:
        """The statement that copies one table: moments since the reading began are now."""
        quote = connection.ops.quote_name
        names: list[str] = []
        values: list[str] = []
        parameters: list[Any] = []
        for field in model._meta.concrete_fields:
            column = quote(str(field.column))
            names.append(column)
            if field.related_model is Console:
                values.append("%s")
                parameters.append(console.pk)
            elif isinstance(field, models.DateTimeField):
                values.append(f"CASE WHEN {column} >= %s THEN %s ELSE {column} END")
                parameters += [self.began, now]
            else:
                values.append(column)
        table = quote(model._meta.db_table)
        select = f"SELECT {', '.join(values)} FROM {self.schema}.{table}"  # noqa: S608 - our own names
        return f"INSERT INTO {table} ({', '.join(names)}) {select}", parameters  # noqa: S608

    def _inserted(
        self, model: type[models.Model], console: Console, now: datetime
    ) -> tuple[str, list[list[Any]]]:
        """The same from memory."""
        fields = model._meta.concrete_fields
        adapt: Any = connection.ops.adapt_datetimefield_value
        to_console = {at for at, field in enumerate(fields) if field.related_model is Console}
        moments = {at for at, field in enumerate(fields) if isinstance(field, models.DateTimeField)}

        def value(at: int, kept: Any) -> Any:
            if at in to_console:
                return console.pk
            if at in moments and kept is not None:
                return adapt(now if kept >= self.began else kept)
            return kept

        columns = ", ".join(f'"{field.column}"' for field in fields)
        marks = ", ".join(["%s"] * len(fields))
        insert = f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})'  # noqa: S608
        rows = [[value(at, kept) for at, kept in enumerate(row)] for row in self.rows[model]]
        return insert, rows


def _rows_of(model: type[models.Model]) -> list[list[Any]]:
    """Its rows as they are written, moments as they are read."""
    fields = model._meta.concrete_fields
    rows = model._default_manager.order_by().values_list(*(field.attname for field in fields))
    return [
        [
            value
            if isinstance(field, models.DateTimeField)
            else field.get_db_prep_save(value, connection)
            for field, value in zip(fields, row, strict=True)
        ]
        for row in rows
    ]


def _keep_in_schema(schema: str, tables: list[str]) -> None:
    inside: Any = connection.connection
    aside = psycopg.connect(inside.info.dsn, password=inside.info.password, autocommit=True)
    with aside:
        aside.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for table in tables:
            aside.execute(f'CREATE UNLOGGED TABLE {schema}."{table}" (LIKE public."{table}")')
            with (
                inside.cursor().copy(f'COPY public."{table}" TO STDOUT') as source,
                aside.cursor().copy(f'COPY {schema}."{table}" FROM STDIN') as sink,
            ):
                for block in source:
                    sink.write(block)
