"""The search text of the operations that are there."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from dashboard.common.searching import fill_search_text, search_text


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """In sets, without a transaction around all of them: work goes on meanwhile."""
    fill_search_text(
        apps.get_model("operations", "Operation"),
        {"search_text": lambda operation: search_text(operation.title)},
    )


class Migration(migrations.Migration):
    """See the module."""

    atomic = False
    dependencies = [("operations", "0003_search_text")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
