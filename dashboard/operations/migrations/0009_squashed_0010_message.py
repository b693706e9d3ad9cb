"""All that it replaces at once, for databases that have none of it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [("operations", "0009_encrypted_input"), ("operations", "0010_message")]

    dependencies = [
        ("operations", "0008_jobs"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="operation",
            name="operation_one_active_per_key",
        ),
        migrations.RemoveConstraint(
            model_name="operation",
            name="operation_sealed_input_wiped",
        ),
        migrations.AlterField(
            model_name="operation",
            name="shown_input",
            field=models.JSONField(
                blank=True,
                db_column="shown_input",
                default=dict,
                help_text="What was sent, masked.",
            ),
        ),
        migrations.RenameField(
            model_name="operation",
            old_name="shown_input",
            new_name="display_input",
        ),
        migrations.AlterField(
            model_name="operation",
            name="sealed_input",
            field=models.TextField(blank=True, db_column="sealed_input", default=""),
        ),
        migrations.RenameField(
            model_name="operation",
            old_name="sealed_input",
            new_name="encrypted_input",
        ),
        migrations.AlterField(
            model_name="operation",
            name="exclusive_key",
            field=models.TextField(blank=True, db_column="exclusive_key", default=""),
        ),
        migrations.RenameField(
            model_name="operation",
            old_name="exclusive_key",
            new_name="exclusivity_key",
        ),
        migrations.AlterField(
            model_name="operationevent",
            name="words",
            field=models.TextField(db_column="words"),
        ),
        migrations.RenameField(
            model_name="operationevent",
            old_name="words",
            new_name="message",
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["done", "cancelled"]), _negated=True),
                    ("encrypted_input", ""),
                    _connector="OR",
                ),
                name="operation_sealed_input_wiped",
            ),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ("queued", "running", "sent", "unsure")),
                    models.Q(("exclusivity_key", ""), _negated=True),
                ),
                fields=("exclusivity_key",),
                name="operation_one_active_per_key",
            ),
        ),
    ]
