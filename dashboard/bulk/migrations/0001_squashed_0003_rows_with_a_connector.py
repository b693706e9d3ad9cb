"""All that it replaces at once, for databases that have none of it."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import dashboard.bulk.models


class Migration(migrations.Migration):
    replaces = [
        ("bulk", "0001_initial"),
        ("bulk", "0002_encrypted_input"),
        ("bulk", "0003_rows_with_a_connector"),
    ]

    initial = True

    dependencies = [
        ("consoles", "0001_initial"),
        ("mirror", "0003_find_by_text"),
        ("mirror", "0022_find_by_why_broken"),
        ("operations", "0002_operation_is_bulk"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkRun",
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
                        default=dashboard.bulk.models.new_reference, max_length=20, unique=True
                    ),
                ),
                ("submission", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("input_fingerprint", models.CharField(blank=True, default="", max_length=64)),
                (
                    "kind",
                    models.CharField(help_text="The kind of operation of each row.", max_length=40),
                ),
                ("title", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Preview"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("ended", "Ended"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                (
                    "halted",
                    models.TextField(blank=True, default="", help_text="Why it paused by itself."),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "display_input",
                    models.JSONField(
                        blank=True,
                        db_column="shown_input",
                        default=dict,
                        help_text="What all share, masked.",
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
                        related_name="bulk_runs",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="BulkRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "number",
                    models.PositiveIntegerField(help_text="The line of the table it came from."),
                ),
                (
                    "label",
                    models.TextField(help_text="The account as it was written in the table."),
                ),
                ("problem", models.TextField(blank=True, default="")),
                (
                    "is_taken_back",
                    models.BooleanField(default=False, help_text="The run was ended before it."),
                ),
                (
                    "tries",
                    models.PositiveIntegerField(
                        default=0, help_text="Operations made of it so far."
                    ),
                ),
                ("not_before", models.DateTimeField(blank=True, null=True)),
                (
                    "encrypted_input",
                    models.TextField(blank=True, db_column="sealed_input", default=""),
                ),
                (
                    "display_input",
                    models.JSONField(
                        blank=True,
                        db_column="shown_input",
                        default=dict,
                        help_text="Its own values, masked.",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="mirror.account",
                    ),
                ),
                (
                    "connector",
                    models.ForeignKey(
                        blank=True,
                        help_text="Its own, in a run over several connectors.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="mirror.catalogueconnector",
                    ),
                ),
                (
                    "operation",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bulk_row",
                        to="operations.operation",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="bulk.bulkrun",
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.AddConstraint(
            model_name="bulkrun",
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
                name="bulkrun_actor_is_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", False), ("state", "ended")),
                    models.Q(models.Q(("state", "ended"), _negated=True), ("ended_at", None)),
                    _connector="OR",
                ),
                name="bulk_run_ended_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "draft"), _negated=True),
                    ("started_at", None),
                    _connector="OR",
                ),
                name="bulk_run_draft_never_started",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=models.UniqueConstraint(
                fields=("run", "number"), name="bulk_row_one_per_line"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("account__isnull", False), ("problem__gt", ""), _connector="OR"
                ),
                name="bulk_row_has_account_or_problem",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("connector", None), ("problem", "")),
                fields=("run", "account"),
                name="bulk_row_one_per_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkrow",
            constraint=models.UniqueConstraint(
                condition=models.Q(("connector__isnull", False), ("problem", "")),
                fields=("run", "account", "connector"),
                name="bulk_row_one_per_connector",
            ),
        ),
    ]
