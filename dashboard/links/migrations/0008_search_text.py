"""Links are found by their recipient, as people type names."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from dashboard.common.searching import SearchField


def make_index(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """By trigram, on PostgreSQL only; SQLite scans the column."""
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "CREATE INDEX links_link_search ON links_link USING gin (search_text gin_trgm_ops)"
        )


def drop_index(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take it away again."""
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP INDEX IF EXISTS links_link_search")


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("links", "0007_link_input_fingerprint"), ("mirror", "0002_search_by_trigram")]
    operations = [
        migrations.AddField(
            model_name="link",
            name="search_text",
            field=SearchField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                of=["recipient_email", "recipient_name"],
            ),
        ),
        migrations.RunPython(make_index, drop_index),
    ]
