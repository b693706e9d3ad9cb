"""Emptying the database behind a test that commits.

Django's `flush` truncates every table and makes all content types and permissions anew: half a
second after a test that left ten rows in three tables. On SQLite it deletes row by row, which the
triggers of the audit trail refuse.
"""

from __future__ import annotations

from django.db import connection, transaction

from tests.support.audit import empty_committed_trail
from tests.support.tables import filled

LEFT = {"django_migrations", "django_content_type", "auth_permission"}
"""Made by the migrations, and written to by no test."""


def empty() -> None:
    """Remove all rows of all tables."""
    empty_committed_trail()
    tables = set(connection.introspection.django_table_names(only_existing=True)) - LEFT
    with (
        connection.constraint_checks_disabled(),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        if connection.vendor == "postgresql":  # whatever refers to whatever
            cursor.execute("SET LOCAL session_replication_role = replica")
        for table in filled(sorted(tables)):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own
