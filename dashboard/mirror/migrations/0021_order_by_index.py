"""Indexes in the order of the list of connectors, where the database is PostgreSQL.

SQLite knows no NULLS FIRST in an index, and loses indexes that are not the model's when it makes a
table anew.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

INDEXES = {
    "account_connector_by_state": (
        "gone_at NULLS FIRST, authenticated NULLS FIRST, test_failed_at DESC NULLS LAST"
    ),
    "account_connector_by_since": "authenticated_since DESC NULLS LAST",
}


def make(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make them on PostgreSQL only."""
    if editor.connection.vendor == "postgresql":
        for name, order in INDEXES.items():
            editor.execute(
                f"CREATE INDEX {name} ON mirror_accountconnector ({order}, sort_name, id)"
            )


def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take them away again."""
    if editor.connection.vendor == "postgresql":
        for name in INDEXES:
            editor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("mirror", "0020_lists_by_index")]
    operations = [migrations.RunPython(make, drop)]
