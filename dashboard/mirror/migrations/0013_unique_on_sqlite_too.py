"""Two constraints that SQLite did not have.

With `nulls_distinct`, even for what both databases do anyway, Django leaves a constraint out on
SQLite. Of what came to be there twice the newest is kept; the next sync reads it anew.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Count, Max

CONNECTOR = ["console", "account", "kind_key"]
REFUSAL = ["connector", "account"]


def keep_the_newest(apps: Any, schema_editor: Any) -> None:
    """Delete what is there twice. PostgreSQL has none."""
    if schema_editor.connection.vendor != "sqlite":
        return
    for name, fields in (("CatalogueConnector", CONNECTOR), ("InstallRefusal", REFUSAL)):
        rows = apps.get_model("mirror", name).objects.exclude(account=None)
        twice = rows.order_by().values(*fields).annotate(newest=Max("pk"), count=Count("pk"))
        for found in twice.filter(count__gt=1):
            same = rows.filter(**{field: found[field] for field in fields})
            same.exclude(pk=found["newest"]).delete()


def anew(model: str, name: str, fields: list[str]) -> list[Any]:
    """A constraint, made on both databases."""
    return [
        migrations.RemoveConstraint(model_name=model, name=name),
        migrations.AddConstraint(
            model_name=model, constraint=models.UniqueConstraint(fields=fields, name=name)
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("mirror", "0012_marks_are_removed_by_jobs")]

    operations = [
        migrations.RunPython(keep_the_newest, migrations.RunPython.noop),
        *anew("catalogueconnector", "connector_unique", CONNECTOR),
        *anew("installrefusal", "refusal_unique", REFUSAL),
    ]
