"""Installs under way get the chosen authentication method from where the build before kept it."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

ACTIVE = ["queued", "running", "sent", "unsure"]


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Those that have been prepared; the others are prepared by the present build."""
    operations = apps.get_model("operations", "Operation").objects.using(editor.connection.alias)
    rows = operations.filter(kind="installs.install", state__in=ACTIVE, prepared__isnull=False)
    for row in rows.only("pk", "prepared", "shown_input").iterator(chunk_size=100):
        if not isinstance(row.prepared, dict):
            continue
        chosen = row.shown_input.get("authentication_id") or ""
        prepared = {"authentication_id": chosen, **row.prepared}
        operations.filter(pk=row.pk).update(prepared=prepared)


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("installs", "0001_initial"), ("operations", "0007_counters")]
    run_before = [("operations", "0009_encrypted_input")]  # it reads the older name
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
