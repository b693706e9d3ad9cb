"""Search compares letters as people type them: every row's search text anew."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from dashboard.common.searching import fill_search_text, search_text


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """In sets, without a transaction around all of them: work goes on meanwhile."""
    fill_search_text(
        apps.get_model("mirror", "Account"),
        {"search_text": lambda row: search_text(row.name, row.cyclr_id)},
    )
    fill_search_text(
        apps.get_model("mirror", "CatalogueConnector"),
        {"search_text": lambda row: search_text(row.name, *row.categories)},
    )
    fill_search_text(
        apps.get_model("mirror", "AccountConnector"),
        {"search_text": lambda row: search_text(row.name, row.connector_name)},
    )


class Migration(migrations.Migration):
    """See the module."""

    atomic = False
    dependencies = [("mirror", "0005_refusals_own_library_and_left_marks")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
