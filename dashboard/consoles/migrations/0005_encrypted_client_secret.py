"""What is encrypted is called so. Only the names in the code change: columns stay."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("consoles", "0004_bind_secrets_to_rows")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("console", "console_environment_keeps_no_secret"),
                migrations.RenameField(
                    "console", "sealed_client_secret", "encrypted_client_secret"
                ),
                migrations.AlterField(
                    "console",
                    "encrypted_client_secret",
                    models.TextField(blank=True, db_column="sealed_client_secret", default=""),
                ),
                migrations.AddConstraint(
                    "console",
                    models.CheckConstraint(
                        name="console_environment_keeps_no_secret",
                        condition=Q(is_from_environment=False) | Q(encrypted_client_secret=""),
                    ),
                ),
            ],
        ),
    ]
