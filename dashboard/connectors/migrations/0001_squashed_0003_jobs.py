"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import dashboard.mirror.keys


class Migration(migrations.Migration):
    replaces = [
        ("connectors", "0001_proof_methods_runs_and_look_ups"),
        ("connectors", "0002_take_over_failed_tests"),
        ("connectors", "0003_jobs"),
    ]

    initial = True

    dependencies = [
        ("consoles", "0002_branding"),
        ("mirror", "0004_what_customers_filled"),
        ("mirror", "0007_not_working"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="LookUp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("methods", "The methods of a connector"),
                            ("answer", "What a proof method answers"),
                            ("choices", "What dynamic settings can be"),
                        ],
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("sealed_answer", models.TextField(blank=True, default="")),
                ("said", models.TextField(blank=True, default="", help_text="Cyclr's own words.")),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("attempt", models.PositiveIntegerField(default=0)),
                (
                    "account_connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="look_ups",
                        to="mirror.accountconnector",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        fields=["account_connector", "kind", "-created_at"], name="look_up_of"
                    ),
                    models.Index(
                        condition=models.Q(("finished_at", None)),
                        fields=["not_before"],
                        name="lookup_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("finished_at__isnull", False), ("sealed_answer", ""), _connector="OR"
                        ),
                        name="look_up_answered_when_finished",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProofMethod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("connector_name", models.TextField()),
                ("connector_version", models.TextField(blank=True, default="")),
                (
                    "kind_key",
                    dashboard.mirror.keys.KeyField(
                        default="",
                        editable=False,
                        max_length=32,
                        of=["connector_name", "connector_version"],
                    ),
                ),
                ("method_id", models.BigIntegerField(blank=True, null=True)),
                ("unique_id", models.TextField(blank=True, default="")),
                ("method_name", models.TextField(blank=True, default="")),
                (
                    "identity_path",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Where its answer says whose account it is.",
                    ),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="proof_methods",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("console", "kind_key"), name="proof_method_a_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("method_id__isnull", False),
                            models.Q(("unique_id", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="proof_method_can_be_called",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProofRun",
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
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveIntegerField(default=0)),
                (
                    "began_at",
                    models.DateTimeField(
                        blank=True, help_text="When its call was sent.", null=True
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("worked", models.BooleanField(blank=True, null=True)),
                ("identity", models.TextField(blank=True, default="")),
                (
                    "words",
                    models.TextField(
                        blank=True, default="", help_text="What came of it, for staff."
                    ),
                ),
                ("said", models.TextField(blank=True, default="", help_text="Cyclr's own words.")),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("last_error", models.TextField(blank=True, default="")),
                (
                    "due_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="When it was to begin."
                    ),
                ),
                (
                    "account_connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="proof_runs",
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
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        fields=["account_connector", "-created_at"], name="proof_run_newest"
                    ),
                    models.Index(
                        condition=models.Q(("finished_at", None)),
                        fields=["not_before"],
                        name="proofrun_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
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
                        name="proofrun_actor_is_somebody",
                    )
                ],
            },
        ),
    ]
