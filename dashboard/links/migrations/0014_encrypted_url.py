"""What is encrypted is called so. Only the names in the code change: columns stay."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("links", "0013_connection_tests")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("connectattempt", "mint_sealed_only_when_ready"),
                migrations.RenameField("connectattempt", "sealed_url", "encrypted_url"),
                migrations.AlterField(
                    "connectattempt",
                    "encrypted_url",
                    models.TextField(blank=True, db_column="sealed_url", default=""),
                ),
                migrations.AddConstraint(
                    "connectattempt",
                    models.CheckConstraint(
                        name="mint_sealed_only_when_ready",
                        condition=Q(state="ready") | Q(encrypted_url=""),
                    ),
                ),
            ],
        ),
    ]
