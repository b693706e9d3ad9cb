"""The field's word for what an event says, and for the key of what excludes another; columns keep their names."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0009_encrypted_input")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("operationevent", "words", "message"),
                migrations.AlterField(
                    "operationevent", "message", models.TextField(db_column="words")
                ),
                migrations.RemoveConstraint("operation", "operation_one_active_per_key"),
                migrations.RenameField("operation", "exclusive_key", "exclusivity_key"),
                migrations.AlterField(
                    "operation",
                    "exclusivity_key",
                    models.TextField(blank=True, db_column="exclusive_key", default=""),
                ),
                migrations.AddConstraint(
                    "operation",
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state__in", ("queued", "running", "sent", "unsure")),
                            models.Q(("exclusivity_key", ""), _negated=True),
                        ),
                        fields=("exclusivity_key",),
                        name="operation_one_active_per_key",
                    ),
                ),
            ]
        ),
    ]
