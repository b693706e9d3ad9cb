"""Two counters leave the JSON in `prepared` for columns of their own."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

COLUMNS = {"resends": "resends", "tidied": "finalize_tries"}
"""What was the key, and what is the column."""


def take_out(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Few operations were ever sent again or finalized twice: they are read one by one."""
    operations = apps.get_model("operations", "Operation").objects.using(editor.connection.alias)
    counted = operations.filter(prepared__has_any_keys=list(COLUMNS))
    for operation in counted.only("pk", "prepared").iterator(chunk_size=100):
        prepared = dict(operation.prepared)
        counts = {column: int(prepared.pop(key, 0)) for key, column in COLUMNS.items()}
        operations.filter(pk=operation.pk).update(prepared=prepared, **counts)


def put_back(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """The build before counts in the JSON."""
    operations = apps.get_model("operations", "Operation").objects.using(editor.connection.alias)
    counted = operations.filter(models.Q(resends__gt=0) | models.Q(finalize_tries__gt=0))
    for operation in counted.only("pk", "prepared", *COLUMNS.values()).iterator(chunk_size=100):
        counts = {key: getattr(operation, column) for key, column in COLUMNS.items()}
        kept = {key: count for key, count in counts.items() if count}
        operations.filter(pk=operation.pk).update(prepared={**(operation.prepared or {}), **kept})


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("operations", "0006_delete_pulse")]
    operations = [
        migrations.AddField(
            model_name="operation",
            name="finalize_tries",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="Failures of the step after the effect."
            ),
        ),
        migrations.AddField(
            model_name="operation",
            name="resends",
            field=models.PositiveSmallIntegerField(
                default=0,
                help_text="Sent again, or to be, although the end of the send before is unknown.",
            ),
        ),
        migrations.RunPython(take_out, put_back),
    ]
