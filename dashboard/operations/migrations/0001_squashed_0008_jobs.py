"""All that it replaces at once, for databases that have none of it."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import dashboard.common.searching
import dashboard.operations.models


def make_index(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """What PostgreSQL alone has: see 0003."""
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "CREATE INDEX operations_operation_search ON operations_operation"
            " USING gin (search_text gin_trgm_ops)"
        )


class Migration(migrations.Migration):
    replaces = [
        ("operations", "0001_initial"),
        ("operations", "0002_operation_is_bulk"),
        ("operations", "0003_search_text"),
        ("operations", "0004_fill_search_text"),
        ("operations", "0005_operation_dismissed_at"),
        ("operations", "0006_delete_pulse"),
        ("operations", "0007_counters"),
        ("operations", "0008_jobs"),
    ]

    initial = True

    dependencies = [
        ("consoles", "0001_initial"),
        ("mirror", "0002_search_by_trigram"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Operation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("staff", "Staff"),
                            ("link", "Customer"),
                            ("system", "Cyclr Desk"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor_link", models.BigIntegerField(blank=True, null=True)),
                ("actor_name", models.CharField(max_length=300)),
                (
                    "reference",
                    models.CharField(
                        default=dashboard.operations.models.new_reference,
                        max_length=20,
                        unique=True,
                    ),
                ),
                ("submission", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("input_fingerprint", models.CharField(blank=True, default="", max_length=64)),
                ("kind", models.CharField(max_length=40)),
                ("title", models.TextField()),
                (
                    "follow_up",
                    models.JSONField(
                        blank=True, help_text="Kind and input of the next.", null=True
                    ),
                ),
                ("exclusive_key", models.TextField(blank=True, default="")),
                (
                    "is_superseded",
                    models.BooleanField(default=False, help_text="Tried anew by a later one."),
                ),
                (
                    "shown_input",
                    models.JSONField(blank=True, default=dict, help_text="What was sent, masked."),
                ),
                ("sealed_input", models.TextField(blank=True, default="")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("sent", "Sent"),
                            ("unsure", "Unsure"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("empty_looks", models.PositiveSmallIntegerField(default=0)),
                ("looked_at", models.DateTimeField(blank=True, null=True)),
                ("prepared", models.JSONField(blank=True, null=True)),
                ("outcome", models.JSONField(blank=True, null=True)),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("refused", "Cyclr refused it"),
                            ("gave-up", "Cyclr could not be reached for too long"),
                            ("needs-a-person", "It needs a person to look"),
                            ("not-allowed", "No longer allowed"),
                            ("broken", "A fault of Cyclr Desk"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                (
                    "error",
                    models.TextField(
                        blank=True, default="", help_text="What happened and what to do."
                    ),
                ),
                (
                    "error_field",
                    models.TextField(blank=True, default="", help_text="The field it is about."),
                ),
                ("cyclr_message", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "is_bulk",
                    models.BooleanField(default=False, help_text="One of many: others go first."),
                ),
                (
                    "search_text",
                    dashboard.common.searching.SearchField(
                        blank=True, db_default="", default="", editable=False, of=["title"]
                    ),
                ),
                (
                    "dismissed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Somebody has seen that it failed: it asks for nothing.",
                        null=True,
                    ),
                ),
                (
                    "finalize_tries",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Failures of the step after the effect."
                    ),
                ),
                (
                    "resends",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Sent again, or to be, although the end of the send before is unknown.",
                    ),
                ),
                (
                    "waits",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Times that Cyclr had it wait; `tries` counts lost workers and faults.",
                    ),
                ),
                ("tries", models.PositiveIntegerField(default=0)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operations",
                        to="mirror.account",
                    ),
                ),
                (
                    "account_connector",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operations",
                        to="mirror.accountconnector",
                    ),
                ),
                (
                    "actor_user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "connector",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="mirror.catalogueconnector",
                    ),
                ),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operations",
                        to="consoles.console",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="operations.operation",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="OperationEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("event", models.CharField(max_length=20)),
                ("words", models.TextField()),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("details", models.JSONField(blank=True, default=dict)),
                (
                    "operation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="operations.operation",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(fields=["console", "-created_at"], name="operation_newest"),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(fields=["account", "-created_at"], name="operation_of_account"),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["not_before"],
                name="operation_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("actor_kind", "staff"),
                        ("actor_link__isnull", True),
                        ("actor_user__isnull", False),
                    ),
                    models.Q(
                        ("actor_kind", "link"),
                        ("actor_link__isnull", False),
                        ("actor_user__isnull", True),
                    ),
                    models.Q(
                        ("actor_kind", "system"),
                        ("actor_link__isnull", True),
                        ("actor_user__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="operation_actor_is_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ("queued", "running", "sent", "unsure")),
                    models.Q(("exclusive_key", ""), _negated=True),
                ),
                fields=("exclusive_key",),
                name="operation_one_active_per_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason__gt", ""), ("state", "failed")),
                    models.Q(
                        models.Q(("state", "failed"), _negated=True), ("error", ""), ("reason", "")
                    ),
                    _connector="OR",
                ),
                name="operation_error_only_when_failed",
            ),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("finished_at", None),
                        ("state__in", ("queued", "running", "sent", "unsure")),
                    ),
                    models.Q(
                        models.Q(
                            ("state__in", ("queued", "running", "sent", "unsure")), _negated=True
                        ),
                        ("finished_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="operation_finished_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="operation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["done", "cancelled"]), _negated=True),
                    ("sealed_input", ""),
                    _connector="OR",
                ),
                name="operation_sealed_input_wiped",
            ),
        ),
        migrations.RunPython(make_index, migrations.RunPython.noop),
    ]
