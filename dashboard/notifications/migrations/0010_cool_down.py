"""Pauses after failures are called cool-downs. Only the name in the code changes."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notices", "0009_notifications")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("mailtrouble", "rests_until", "cool_down_until"),
                migrations.AlterField(
                    "mailtrouble",
                    "cool_down_until",
                    models.DateTimeField(
                        db_column="rests_until",
                        default=django.utils.timezone.now,
                        help_text="Nothing is tried by itself before.",
                    ),
                ),
                migrations.RenameField("webhook", "rests_until", "cool_down_until"),
                migrations.AlterField(
                    "webhook",
                    "cool_down_until",
                    models.DateTimeField(
                        blank=True,
                        db_column="rests_until",
                        help_text="It failed; nothing is sent before.",
                        null=True,
                    ),
                ),
            ],
        ),
    ]
