"""Indexes in the whole order of the lists of accounts and of connectors, each as it can be sorted.

The models name no NULLS LAST, which SQLite does not know in an index and does not need; PostgreSQL
walks an index only if it says so. There 0021 has made those of connectors, under the same names.
"""

from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def put_nulls_last(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the index of the activity anew where the order of the list would not match it."""
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP INDEX account_by_activity")
        editor.execute(
            "CREATE INDEX account_by_activity ON mirror_account"
            " (console_id, active_at DESC NULLS LAST, sort_name, id)"
        )


class AddIndexOfSQLite(migrations.AddIndex):
    """An index that PostgreSQL has already."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        """Nothing on PostgreSQL."""
        if editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, editor, before, after)

    def database_backwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        """The same."""
        if editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, editor, before, after)


class AddIndexOfAnyLength(migrations.AddIndex):
    """On PostgreSQL by hash: names are as long as Cyclr sends them, and its trees take 2,700 bytes."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        """The index, for equality alone."""
        if editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, editor, before, after)
            return
        table = after.apps.get_model(app_label, self.model_name)._meta.db_table
        column = self.index.fields[0]
        editor.execute(f"CREATE INDEX {self.index.name} ON {table} USING hash ({column})")


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("mirror", "0025_states_once")]

    operations = [
        migrations.RemoveIndex(model_name="account", name="account_by_activity"),
        migrations.RemoveIndex(model_name="account", name="account_by_attention"),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                fields=["console", "-active_at", "sort_name", "id"], name="account_by_activity"
            ),
        ),
        migrations.RunPython(put_nulls_last, migrations.RunPython.noop, elidable=False),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                fields=[
                    "console",
                    "-unauthenticated_count",
                    "-not_working_count",
                    "sort_name",
                    "id",
                ],
                name="account_by_attention",
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                fields=["console", "-connector_count", "sort_name", "id"],
                name="account_by_connectors",
            ),
        ),
        migrations.RemoveIndex(model_name="accountconnector", name="account_connector_why"),
        migrations.AddIndex(
            model_name="accountconnector",
            index=models.Index(fields=["gone_at", "why_broken"], name="account_connector_why"),
        ),
        AddIndexOfAnyLength(
            model_name="accountconnector",
            index=models.Index(fields=["connector_name"], name="account_connector_of_kind"),
        ),
        AddIndexOfSQLite(
            model_name="accountconnector",
            index=models.Index(
                fields=["gone_at", "authenticated", "-test_failed_at", "sort_name", "id"],
                name="account_connector_by_state",
            ),
        ),
        AddIndexOfSQLite(
            model_name="accountconnector",
            index=models.Index(
                fields=["-authenticated_since", "sort_name", "id"],
                name="account_connector_by_since",
            ),
        ),
    ]
