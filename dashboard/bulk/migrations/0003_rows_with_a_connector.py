"""A run may install several connectors: then each of its rows has its own."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("bulk", "0002_encrypted_input"),
        ("mirror", "0022_find_by_why_broken"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkrow",
            name="connector",
            field=models.ForeignKey(
                blank=True,
                help_text="Its own, in a run over several connectors.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="mirror.catalogueconnector",
            ),
        ),
        migrations.RemoveConstraint(model_name="bulkrow", name="bulk_row_one_per_account"),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=models.UniqueConstraint(
                fields=["run", "account"],
                condition=Q(problem="", connector=None),
                name="bulk_row_one_per_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=models.UniqueConstraint(
                fields=["run", "account", "connector"],
                condition=Q(problem="", connector__isnull=False),
                name="bulk_row_one_per_connector",
            ),
        ),
    ]
