"""Installed connectors get what lists order them by, as accounts have it."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from dashboard.common.searching import fill_search_text, sort_name


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """In sets, without a transaction around all of them: work goes on meanwhile."""
    columns = {"sort_name": lambda row: sort_name(row.name or row.connector_name)}
    fill_search_text(apps.get_model("mirror", "AccountConnector"), columns)


class Migration(migrations.Migration):
    """See the module."""

    atomic = False
    dependencies = [("mirror", "0010_sort_name_of_connectors")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
