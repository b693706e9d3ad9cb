"""Operations become jobs of the one queue: what they have in common with others is called alike."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Columns are renamed in place: whatever is under way goes on."""

    dependencies = [("operations", "0007_counters")]
    operations = [
        migrations.RenameField("operation", "tries", "waits"),
        migrations.RenameField("operation", "losses", "tries"),
        migrations.RenameField("operation", "lease_until", "leased_until"),
        migrations.AddField("operation", "last_error", models.TextField(blank=True, default="")),
        migrations.AlterField(
            "operation",
            "waits",
            models.PositiveIntegerField(
                default=0,
                help_text="Times that Cyclr had it wait; `tries` counts lost workers and faults.",
            ),
        ),
        migrations.AlterField("operation", "tries", models.PositiveIntegerField(default=0)),
        migrations.AlterField(
            "operation", "created_at", models.DateTimeField(default=django.utils.timezone.now)
        ),
        migrations.RemoveIndex("operation", "operation_waiting"),
        migrations.AddIndex(
            "operation",
            models.Index(
                fields=["not_before"], name="operation_due", condition=Q(finished_at=None)
            ),
        ),
    ]
