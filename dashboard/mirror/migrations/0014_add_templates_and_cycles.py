"""Templates, the cycles of accounts, and which connectors either of them needs."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import dashboard.mirror.keys


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("consoles", "0005_encrypted_client_secret"),
        ("mirror", "0013_unique_on_sqlite_too"),
    ]

    operations = [
        migrations.AddField(
            model_name="account",
            name="cycles_asked_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When its cycles were asked for last, whatever came of it.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="cycles_error",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="Why the newest one failed; or nothing.",
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="cycles_read_at",
            field=models.DateTimeField(
                blank=True, help_text="When the newest reading of its cycles began.", null=True
            ),
        ),
        migrations.AddField(
            model_name="syncrun",
            name="cycles_error",
            field=models.TextField(
                blank=True, db_default="", default="", help_text="Why no more cycles were read."
            ),
        ),
        migrations.AddField(
            model_name="syncrun",
            name="cycles_failed",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Accounts of which they could not be read."
            ),
        ),
        migrations.AddField(
            model_name="syncrun",
            name="cycles_read",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Accounts of which the cycles were read."
            ),
        ),
        migrations.AddField(
            model_name="syncrun",
            name="templates_error",
            field=models.TextField(
                blank=True, db_default="", default="", help_text="Why the templates were not read."
            ),
        ),
        migrations.CreateModel(
            name="Cycle",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("missed", models.PositiveSmallIntegerField(default=0)),
                ("missed_at", models.DateTimeField(blank=True, null=True)),
                ("gone_at", models.DateTimeField(blank=True, null=True)),
                ("cyclr_id", models.TextField()),
                (
                    "cyclr_id_key",
                    dashboard.mirror.keys.KeyField(
                        default="", editable=False, max_length=32, of=["cyclr_id"]
                    ),
                ),
                ("name", models.TextField(blank=True, default="")),
                ("description", models.TextField(blank=True, default="")),
                ("status", models.TextField(blank=True, default="")),
                ("is_active", models.BooleanField(default=False)),
                (
                    "template_cyclr_id",
                    models.TextField(
                        blank=True, default="", help_text="Empty if it was made by hand."
                    ),
                ),
                ("tags", models.JSONField(blank=True, default=list)),
                ("error_count", models.BigIntegerField(blank=True, null=True)),
                ("warning_count", models.BigIntegerField(blank=True, null=True)),
                ("in_progress_count", models.BigIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField(blank=True, null=True)),
                ("last_successful_run_at", models.DateTimeField(blank=True, null=True)),
                ("search_text", models.TextField(blank=True, default="")),
                ("sort_name", models.CharField(blank=True, default="", max_length=100)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cycles",
                        to="mirror.account",
                    ),
                ),
            ],
            options={
                "ordering": ["sort_name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="CycleConnector",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("account_connector_cyclr_id", models.BigIntegerField(blank=True, null=True)),
                ("connector_name", models.TextField(blank=True, default="")),
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
                ("release_id", models.BigIntegerField(blank=True, null=True)),
                ("step_count", models.BigIntegerField(blank=True, null=True)),
                (
                    "cycle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="connectors",
                        to="mirror.cycle",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Template",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("missed", models.PositiveSmallIntegerField(default=0)),
                ("missed_at", models.DateTimeField(blank=True, null=True)),
                ("gone_at", models.DateTimeField(blank=True, null=True)),
                ("cyclr_id", models.TextField()),
                (
                    "cyclr_id_key",
                    dashboard.mirror.keys.KeyField(
                        default="", editable=False, max_length=32, of=["cyclr_id"]
                    ),
                ),
                ("name", models.TextField(blank=True, default="")),
                ("description", models.TextField(blank=True, default="")),
                ("tags", models.JSONField(blank=True, default=list)),
                ("search_text", models.TextField(blank=True, default="")),
                ("sort_name", models.CharField(blank=True, default="", max_length=100)),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="templates",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "ordering": ["sort_name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="TemplateConnector",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("connector_name", models.TextField(blank=True, default="")),
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
                ("release_id", models.BigIntegerField(blank=True, null=True)),
                ("step_count", models.BigIntegerField(blank=True, null=True)),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="connectors",
                        to="mirror.template",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="cycle",
            constraint=models.UniqueConstraint(
                fields=("account", "cyclr_id_key"), name="cycle_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="cycleconnector",
            index=models.Index(fields=["account_connector_cyclr_id"], name="cycle_connector_of"),
        ),
        migrations.AddIndex(
            model_name="cycleconnector",
            index=models.Index(fields=["kind_key"], name="cycle_connector_of_kind"),
        ),
        migrations.AddConstraint(
            model_name="template",
            constraint=models.UniqueConstraint(
                fields=("console", "cyclr_id_key"), name="template_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="templateconnector",
            index=models.Index(fields=["kind_key"], name="template_connector_of_kind"),
        ),
    ]
