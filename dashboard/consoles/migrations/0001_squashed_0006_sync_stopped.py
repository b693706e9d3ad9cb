"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("consoles", "0001_initial"),
        ("consoles", "0002_branding"),
        ("consoles", "0003_undecided_consoles"),
        ("consoles", "0004_bind_secrets_to_rows"),
        ("consoles", "0005_encrypted_client_secret"),
        ("consoles", "0006_sync_stopped"),
    ]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Console",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("api_url", models.URLField(max_length=300)),
                ("service_url", models.URLField(max_length=300)),
                ("client_id", models.CharField(max_length=200)),
                ("is_from_environment", models.BooleanField(default=False)),
                (
                    "catalogue_account",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Cyclr's id of the account through which the catalogue is read; empty = any.",
                    ),
                ),
                ("partner_name", models.CharField(blank=True, default="", max_length=200)),
                ("support_email", models.EmailField(blank=True, default="", max_length=254)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("probed_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("trouble_since", models.DateTimeField(blank=True, null=True)),
                ("trouble", models.TextField(blank=True, default="")),
                (
                    "undecided_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="Since then the settings name another pair; nothing is asked meanwhile.",
                        null=True,
                    ),
                ),
                (
                    "encrypted_client_secret",
                    models.TextField(blank=True, db_column="sealed_client_secret", default=""),
                ),
                (
                    "sync_stopped_at",
                    models.DateTimeField(
                        blank=True, help_text="Since then nothing is read by schedule.", null=True
                    ),
                ),
                (
                    "sync_stopped_by",
                    models.TextField(
                        blank=True, db_default="", default="", help_text="Who stopped it."
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("api_url", "client_id"), name="console_unique"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_from_environment", False),
                            ("encrypted_client_secret", ""),
                            _connector="OR",
                        ),
                        name="console_environment_keeps_no_secret",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Branding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("partner_name", models.CharField(blank=True, default="", max_length=200)),
                ("support_email", models.EmailField(blank=True, default="", max_length=254)),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Where a link and the browser say nothing.",
                        max_length=5,
                    ),
                ),
                (
                    "colour",
                    models.CharField(
                        blank=True, default="", help_text="Like #434ab8.", max_length=7
                    ),
                ),
                (
                    "logo",
                    models.BinaryField(
                        blank=True, help_text="A PNG, JPEG or WebP picture.", null=True
                    ),
                ),
                ("logo_type", models.CharField(blank=True, default="", max_length=20)),
                ("logo_digest", models.CharField(blank=True, default="", max_length=64)),
                ("privacy_url", models.URLField(blank=True, default="", max_length=500)),
                ("imprint_url", models.URLField(blank=True, default="", max_length=500)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "console",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="branding",
                        to="consoles.console",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ConsoleChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("api_url", models.URLField(max_length=300)),
                ("service_url", models.URLField(max_length=300)),
                ("client_id", models.CharField(max_length=200)),
                ("noticed_at", models.DateTimeField(auto_now_add=True)),
                (
                    "compare_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="When to ask next."
                    ),
                ),
                ("compared_at", models.DateTimeField(blank=True, null=True)),
                ("known", models.PositiveIntegerField(default=0, help_text="Accounts known here.")),
                (
                    "listed",
                    models.PositiveIntegerField(default=0, help_text="Accounts listed there."),
                ),
                (
                    "shared",
                    models.PositiveIntegerField(
                        default=0, help_text="Known ones among those listed."
                    ),
                ),
                (
                    "trouble",
                    models.TextField(
                        blank=True, default="", help_text="Why it could not be compared."
                    ),
                ),
                (
                    "console",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="change",
                        to="consoles.console",
                    ),
                ),
            ],
        ),
    ]
