"""Indexes to find rows by a text of any length.

PostgreSQL refuses a tree's entry of more than 2.7 kB, which a name from outside may have; its hash
indexes take any length. SQLite has trees alone, and they take any length too.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

COLUMNS = {
    "mirror_account": "cyclr_id",
    "mirror_catalogueconnector": "name",
    "mirror_accountconnector": "connector_name",
}


def make(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make them, each database its kind."""
    kind = "USING hash " if editor.connection.vendor == "postgresql" else ""
    for table, column in COLUMNS.items():
        editor.execute(f"CREATE INDEX {table}_{column} ON {table} {kind}({column})")


def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take them away again."""
    for table, column in COLUMNS.items():
        editor.execute(f"DROP INDEX IF EXISTS {table}_{column}")


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("mirror", "0002_search_by_trigram")]
    operations = [migrations.RunPython(make, drop)]
