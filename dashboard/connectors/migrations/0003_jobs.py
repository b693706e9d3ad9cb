"""Look-ups and proofs become jobs: one name for a lease, an attempt that fences, words of trouble."""

from typing import Any

from django.db import migrations, models
from django.db.models import F
from django.utils import timezone


def set_due(apps: Any, schema_editor: Any) -> None:
    runs = apps.get_model("connectors", "ProofRun").objects
    runs.update(due_at=F("created_at"))
    runs.filter(finished_at=None).update(due_at=F("not_before"))


class Migration(migrations.Migration):
    dependencies = [("connectors", "0002_take_over_failed_tests")]

    operations = [
        migrations.RenameField("proofrun", "claimed_until", "leased_until"),
        migrations.RenameIndex("proofrun", new_name="proofrun_due", old_name="proof_run_waiting"),
        migrations.RemoveConstraint("lookup", "look_up_answered_when_finished"),
        migrations.RenameField("lookup", "claimed_until", "leased_until"),
        migrations.RenameField("lookup", "error", "last_error"),
        migrations.RenameIndex("lookup", new_name="lookup_due", old_name="look_up_waiting"),
        migrations.AddConstraint(
            "lookup",
            models.CheckConstraint(
                name="look_up_answered_when_finished",
                condition=models.Q(
                    ("finished_at__isnull", False), ("sealed_answer", ""), _connector="OR"
                ),
            ),
        ),
        migrations.AlterField("lookup", "last_error", models.TextField(blank=True, default="")),
        migrations.AddField("lookup", "attempt", models.PositiveIntegerField(default=0)),
        migrations.AddField("proofrun", "attempt", models.PositiveIntegerField(default=0)),
        migrations.AddField("proofrun", "last_error", models.TextField(blank=True, default="")),
        migrations.AddField(
            "proofrun",
            "due_at",
            models.DateTimeField(default=timezone.now, help_text="When it was to begin."),
        ),
        migrations.RunPython(set_due, migrations.RunPython.noop, elidable=True),
    ]
