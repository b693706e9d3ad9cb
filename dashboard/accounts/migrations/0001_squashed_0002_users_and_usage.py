"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import dashboard.common.searching


class Migration(migrations.Migration):
    replaces = [("accounts", "0001_tags"), ("accounts", "0002_users_and_usage")]

    initial = True

    dependencies = [
        ("consoles", "0005_encrypted_client_secret"),
        ("mirror", "0017_releases"),
        ("mirror", "0018_sync_helper"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                ("key", models.CharField(db_index=True, max_length=32)),
                (
                    "search_text",
                    dashboard.common.searching.SearchField(
                        blank=True, db_default="", default="", editable=False, of=["name"]
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
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="AccountTag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mirror.account",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="on_accounts",
                        to="accounts.tag",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UsagePeriod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("begins_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("tasks_used", models.BigIntegerField()),
                ("told_at", models.DateTimeField(help_text="When Cyclr told it last.")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mirror.account",
                    ),
                ),
            ],
            options={
                "ordering": ["begins_at"],
            },
        ),
        migrations.CreateModel(
            name="AccountReading",
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
                    "kind",
                    models.CharField(
                        choices=[("users", "Users"), ("usage", "Usage")], max_length=10
                    ),
                ),
                ("encrypted_answer", models.TextField(blank=True, default="")),
                ("said", models.TextField(blank=True, default="", help_text="Cyclr's own words.")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mirror.account",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at", None)),
                        fields=["not_before"],
                        name="accountreading_due",
                    ),
                    models.Index(
                        fields=["account", "kind", "-created_at"], name="account_reading_of"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(
                fields=("console", "key"), name="tag_once_in_a_console"
            ),
        ),
        migrations.AddConstraint(
            model_name="accounttag",
            constraint=models.UniqueConstraint(fields=("account", "tag"), name="account_tag_once"),
        ),
        migrations.AddConstraint(
            model_name="usageperiod",
            constraint=models.UniqueConstraint(
                fields=("account", "begins_at"), name="usage_once_a_period"
            ),
        ),
    ]
