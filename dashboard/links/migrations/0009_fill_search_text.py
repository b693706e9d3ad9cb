"""The search text of the links that are there."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from dashboard.common.searching import fill_search_text, search_text


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """In sets, without a transaction around all of them: work goes on meanwhile."""
    fill_search_text(
        apps.get_model("links", "Link"),
        {"search_text": lambda link: search_text(link.recipient_email, link.recipient_name)},
    )


class Migration(migrations.Migration):
    """See the module."""

    atomic = False
    dependencies = [("links", "0008_search_text")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
