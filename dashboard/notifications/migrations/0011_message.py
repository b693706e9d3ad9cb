"""The field's word for what an event says; the column keeps its name."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notices", "0010_cool_down")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("notification", "words", "message"),
                migrations.AlterField(
                    "notification", "message", models.TextField(db_column="words")
                ),
                migrations.RenameField("mailtrouble", "words", "message"),
                migrations.AlterField(
                    "mailtrouble",
                    "message",
                    models.TextField(db_column="words", help_text="What it said last."),
                ),
            ]
        ),
    ]
