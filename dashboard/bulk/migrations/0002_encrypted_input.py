"""What is encrypted is called so, and what is displayed. Only names in the code: columns stay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bulk", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("bulkrow", "sealed_input", "encrypted_input"),
                migrations.AlterField(
                    "bulkrow",
                    "encrypted_input",
                    models.TextField(blank=True, db_column="sealed_input", default=""),
                ),
                migrations.RenameField("bulkrow", "shown_input", "display_input"),
                migrations.AlterField(
                    "bulkrow",
                    "display_input",
                    models.JSONField(
                        blank=True,
                        db_column="shown_input",
                        default=dict,
                        help_text="Its own values, masked.",
                    ),
                ),
                migrations.RenameField("bulkrun", "shown_input", "display_input"),
                migrations.AlterField(
                    "bulkrun",
                    "display_input",
                    models.JSONField(
                        blank=True,
                        db_column="shown_input",
                        default=dict,
                        help_text="What all share, masked.",
                    ),
                ),
            ],
        ),
    ]
