"""The search text of the trail that is there; what it tells stays as it is."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from dashboard.common.searching import fill_search_text, search_text


def fill(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """In sets, without a transaction around all of them: work goes on meanwhile."""
    fill_search_text(
        apps.get_model("audit", "AuditEntry"),
        {
            "search_text": lambda entry: search_text(entry.action, entry.target),
            "actor_search": lambda entry: search_text(entry.actor_name),
            "account_search": lambda entry: search_text(entry.account_name),
        },
    )


class Migration(migrations.Migration):
    """See the module."""

    atomic = False
    dependencies = [("audit", "0002_search_text")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
