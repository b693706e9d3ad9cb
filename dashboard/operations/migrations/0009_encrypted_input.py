"""What is encrypted is called so, and what is displayed. Only names in the code: columns stay."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("operations", "0008_jobs")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("operation", "operation_sealed_input_wiped"),
                migrations.RenameField("operation", "sealed_input", "encrypted_input"),
                migrations.AlterField(
                    "operation",
                    "encrypted_input",
                    models.TextField(blank=True, db_column="sealed_input", default=""),
                ),
                migrations.RenameField("operation", "shown_input", "display_input"),
                migrations.AlterField(
                    "operation",
                    "display_input",
                    models.JSONField(
                        blank=True,
                        db_column="shown_input",
                        default=dict,
                        help_text="What was sent, masked.",
                    ),
                ),
                migrations.AddConstraint(
                    "operation",
                    models.CheckConstraint(
                        name="operation_sealed_input_wiped",
                        condition=~Q(state__in=["done", "cancelled"]) | Q(encrypted_input=""),
                    ),
                ),
            ],
        ),
    ]
