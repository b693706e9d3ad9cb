"""An item's proof is called its connection test. Only the name in the code changes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0004_connection_tests"),
        ("links", "0012_connect_attempts"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("linkitem", "proof", "connection_test"),
                migrations.AlterField(
                    "linkitem",
                    "connection_test",
                    models.ForeignKey(
                        blank=True,
                        db_column="proof_id",
                        help_text="The test that was asked for last: does it work, and as whom.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="connectors.connectiontest",
                    ),
                ),
            ],
        ),
    ]
