"""Trigram indexes for search, where the database is PostgreSQL; SQLite scans the same column."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLES = ("mirror_account", "mirror_catalogueconnector", "mirror_accountconnector")


def make(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make them on PostgreSQL only."""
    if editor.connection.vendor == "postgresql":
        for table in TABLES:
            editor.execute(
                f"CREATE INDEX {table}_search ON {table} USING gin (search_text gin_trgm_ops)"
            )


def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take them away again."""
    if editor.connection.vendor == "postgresql":
        for table in TABLES:
            editor.execute(f"DROP INDEX IF EXISTS {table}_search")


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("mirror", "0001_initial")]
    operations = [TrigramExtension(), migrations.RunPython(make, drop)]
