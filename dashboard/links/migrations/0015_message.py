"""The field's word for what an event says; the column keeps its name."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("links", "0014_encrypted_url")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("linkevent", "words", "message"),
                migrations.AlterField("linkevent", "message", models.TextField(db_column="words")),
            ]
        ),
    ]
