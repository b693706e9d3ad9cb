"""What is encrypted is called so. Only the names in the code change: columns stay."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("connectors", "0004_connection_tests")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("lookup", "look_up_answered_when_finished"),
                migrations.RenameField("lookup", "sealed_answer", "encrypted_answer"),
                migrations.AlterField(
                    "lookup",
                    "encrypted_answer",
                    models.TextField(blank=True, db_column="sealed_answer", default=""),
                ),
                migrations.AddConstraint(
                    "lookup",
                    models.CheckConstraint(
                        name="look_up_answered_when_finished",
                        condition=Q(finished_at__isnull=False) | Q(encrypted_answer=""),
                    ),
                ),
            ],
        ),
    ]
