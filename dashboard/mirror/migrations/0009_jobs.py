"""Runs of the sync become jobs of the one queue: a step is an attempt."""

from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone


class Migration(migrations.Migration):
    dependencies = [("mirror", "0008_sort_names")]

    operations = [
        migrations.RenameField("syncrun", "started_at", "created_at"),
        migrations.RenameField("syncrun", "step", "attempt"),
        migrations.RenameField("syncrun", "claimed_until", "leased_until"),
        migrations.RenameField("syncrun", "error", "last_error"),
        migrations.AddField("syncrun", "tries", models.PositiveIntegerField(default=0)),
        migrations.AlterModelOptions("syncrun", {"ordering": ["-created_at", "-pk"]}),
        migrations.AlterField("syncrun", "not_before", models.DateTimeField(default=timezone.now)),
        migrations.AlterField(
            "syncrun", "leased_until", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AlterField(
            "syncrun", "published_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddIndex(
            "syncrun",
            models.Index(fields=["not_before"], name="syncrun_due", condition=Q(finished_at=None)),
        ),
    ]
