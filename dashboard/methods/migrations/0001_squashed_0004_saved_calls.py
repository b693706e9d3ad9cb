"""All that it replaces at once, for databases that have none of it."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import dashboard.common.searching


class Migration(migrations.Migration):
    replaces = [
        ("methods", "0001_methods_and_calls"),
        ("methods", "0002_tell_whether_an_answer_is_json"),
        ("methods", "0003_look_up_dynamic_values"),
        ("methods", "0004_saved_calls"),
    ]

    initial = True

    dependencies = [
        ("consoles", "0005_encrypted_client_secret"),
        ("mirror", "0012_marks_are_removed_by_jobs"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChoiceLookUp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("method_key", models.CharField(max_length=32)),
                ("encrypted_answer", models.TextField(blank=True, default="")),
                (
                    "account_connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mirror.accountconnector",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at", None)),
                        fields=["not_before"],
                        name="choicelookup_due",
                    ),
                    models.Index(
                        fields=["account_connector", "method_key", "-created_at"],
                        name="choice_lookup_of",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Method",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("release_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=32)),
                ("place", models.PositiveIntegerField(default=0)),
                ("method_id", models.BigIntegerField(blank=True, null=True)),
                ("unique_id", models.TextField(blank=True, default="")),
                ("name", models.TextField(blank=True, default="")),
                ("description", models.TextField(blank=True, default="")),
                ("category", models.TextField(blank=True, default="")),
                ("kind", models.TextField(blank=True, default="", help_text="Cyclr's MethodType.")),
                ("endpoint", models.TextField(blank=True, default="")),
                (
                    "inputs",
                    models.JSONField(
                        blank=True, default=list, help_text="Parameters and request fields."
                    ),
                ),
                (
                    "search_text",
                    dashboard.common.searching.SearchField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        of=["name", "description", "category", "endpoint"],
                    ),
                ),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "ordering": ["place", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("console", "release_id", "key"), name="method_once_a_release"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MethodCall",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
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
                ("submission", models.UUIDField(editable=False, unique=True)),
                ("input_fingerprint", models.CharField(max_length=64)),
                ("release_id", models.BigIntegerField()),
                ("method_key", models.CharField(max_length=32)),
                ("method_id", models.BigIntegerField(blank=True, null=True)),
                ("unique_id", models.TextField(blank=True, default="")),
                ("method_name", models.TextField(blank=True, default="")),
                ("is_writing", models.BooleanField()),
                ("encrypted_input", models.TextField(blank=True, default="")),
                ("encrypted_answer", models.TextField(blank=True, default="")),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("answered", "Answered"),
                            ("refused", "Refused"),
                            ("not-sent", "Not sent"),
                            ("unknown", "Outcome unknown"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("status", models.PositiveIntegerField(blank=True, null=True)),
                ("milliseconds", models.PositiveIntegerField(blank=True, null=True)),
                ("size", models.PositiveIntegerField(blank=True, null=True)),
                ("content_type", models.TextField(blank=True, default="")),
                ("is_whole", models.BooleanField(default=True)),
                ("said", models.TextField(blank=True, default="", help_text="Cyclr's own words.")),
                ("is_json", models.BooleanField(db_default=False, default=False)),
                (
                    "account_connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="method_calls",
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
                        condition=models.Q(("finished_at", None)),
                        fields=["not_before"],
                        name="methodcall_due",
                    ),
                    models.Index(
                        fields=["account_connector", "-created_at"], name="method_call_newest"
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
                        name="methodcall_actor_is_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("outcome", "")),
                            models.Q(
                                ("finished_at__isnull", False),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="method_call_ends_with_an_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MethodMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=32)),
                ("is_reading", models.BooleanField()),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("console", "key"), name="method_mark_a_method")
                ],
            },
        ),
        migrations.CreateModel(
            name="MethodReading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("release_id", models.BigIntegerField()),
                ("said", models.TextField(blank=True, default="", help_text="Cyclr's own words.")),
                (
                    "account_connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="method_readings",
                        to="mirror.accountconnector",
                    ),
                ),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at", None)),
                        fields=["not_before"],
                        name="methodreading_due",
                    ),
                    models.Index(
                        fields=["console", "release_id", "-created_at"], name="method_reading_of"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedCall",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("method_key", models.CharField(max_length=32)),
                ("method_name", models.TextField(blank=True, default="")),
                ("name", models.CharField(max_length=80)),
                ("is_shared", models.BooleanField(default=False)),
                ("encrypted_input", models.TextField()),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="consoles.console",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("console", "method_key", "owner", "name"),
                        name="saved_call_once_a_person",
                    )
                ],
            },
        ),
    ]
