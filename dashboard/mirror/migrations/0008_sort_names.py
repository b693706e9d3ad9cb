"""Names that begin with neither letter nor digit stand last in lists: every sort name anew."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from dashboard.common.searching import fill_search_text, sort_name


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """In sets, without a transaction around all of them: work goes on meanwhile."""
    for model in ("Account", "CatalogueConnector"):
        columns = {"sort_name": lambda row: sort_name(row.name)}
        fill_search_text(apps.get_model("mirror", model), columns)


class Migration(migrations.Migration):
    """See the module."""

    atomic = False
    dependencies = [("mirror", "0007_not_working")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
