"""From here on the database refuses to change or delete what the trail says."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from dashboard.audit import triggers


def create(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers in."""
    triggers.create(editor.connection)


def drop(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take them out."""
    triggers.drop(editor.connection)


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("audit", "0005_chain_entries")]
    operations = [migrations.RunPython(create, drop)]
