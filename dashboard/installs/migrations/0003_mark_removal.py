"""What the mirror counted for marks that installs left becomes a job of its own."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q

MOST_TRIES = 8
LEFT = "The mark could not be removed from its description in Cyclr."


def carry_over(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Marks that were tried to be removed; the others become jobs by themselves."""
    alias, moment = editor.connection.alias, django.utils.timezone.now()
    removal = apps.get_model("installs", "MarkRemoval")
    connectors = apps.get_model("mirror", "AccountConnector").objects.using(alias)
    made = []
    tried = connectors.exclude(left_mark="").filter(tidy_tries__gt=0)
    for one in tried.only("pk", "tidy_tries", "tidy_not_before").iterator(chunk_size=500):
        job = removal(account_connector_id=one.pk, tries=one.tidy_tries)
        job.not_before = one.tidy_not_before or moment
        if one.tidy_tries >= MOST_TRIES:
            job.finished_at, job.last_error = moment, LEFT
        made.append(job)
    removal.objects.using(alias).bulk_create(made, batch_size=500)


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("installs", "0002_what_was_chosen"),
        ("mirror", "0011_fill_sort_names_of_connectors"),
    ]
    run_before = [("mirror", "0012_marks_are_removed_by_jobs")]
    operations = [
        migrations.CreateModel(
            name="MarkRemoval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                (
                    "account_connector",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mirror.accountconnector",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=Q(("finished_at", None)),
                        fields=["not_before"],
                        name="markremoval_due",
                    )
                ],
            },
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
