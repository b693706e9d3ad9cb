"""What is encrypted is called so. Only the names in the code change: columns stay."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notices", "0007_kinds_are_registered")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("webhook", "sealed_secret", "encrypted_secret"),
                migrations.AlterField(
                    "webhook", "encrypted_secret", models.TextField(db_column="sealed_secret")
                ),
            ],
        ),
    ]
