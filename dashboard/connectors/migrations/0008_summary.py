"""The field's word for what came of a connection test; the column keeps its name."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connectors", "0007_scheduled_tests")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("connectiontest", "words", "summary"),
                migrations.AlterField(
                    "connectiontest",
                    "summary",
                    models.TextField(
                        blank=True,
                        db_column="words",
                        default="",
                        help_text="What came of it, for staff.",
                    ),
                ),
            ]
        ),
    ]
