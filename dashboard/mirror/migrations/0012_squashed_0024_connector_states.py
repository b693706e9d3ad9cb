"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import dashboard.mirror.keys

ORDERS = {
    "account_connector_by_state": (
        "gone_at NULLS FIRST, authenticated NULLS FIRST, test_failed_at DESC NULLS LAST"
    ),
    "account_connector_by_since": "authenticated_since DESC NULLS LAST",
}


def make_indexes(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """What PostgreSQL alone has: see 0021."""
    if editor.connection.vendor == "postgresql":
        for name, order in ORDERS.items():
            editor.execute(
                f"CREATE INDEX {name} ON mirror_accountconnector ({order}, sort_name, id)"
            )


class Migration(migrations.Migration):
    replaces = [
        ("mirror", "0012_marks_are_removed_by_jobs"),
        ("mirror", "0013_unique_on_sqlite_too"),
        ("mirror", "0014_add_templates_and_cycles"),
        ("mirror", "0015_icons"),
        ("mirror", "0016_keep_open_settings_and_why_broken"),
        ("mirror", "0017_releases"),
        ("mirror", "0018_sync_helper"),
        ("mirror", "0019_accounts_read_of"),
        ("mirror", "0020_lists_by_index"),
        ("mirror", "0021_order_by_index"),
        ("mirror", "0022_find_by_why_broken"),
        ("mirror", "0023_resumed_syncs"),
        ("mirror", "0024_connector_states"),
    ]

    dependencies = [
        ("consoles", "0005_encrypted_client_secret"),
        ("mirror", "0011_fill_sort_names_of_connectors"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConnectorState",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("after", models.DateTimeField(blank=True, null=True)),
                ("until", models.DateTimeField()),
                ("authenticated", models.BooleanField(blank=True, null=True)),
                (
                    "authenticated_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="Since when it is, or is not; None if nobody saw it begin.",
                        null=True,
                    ),
                ),
                ("is_gone", models.BooleanField(default=False)),
                (
                    "identity",
                    models.TextField(blank=True, default="", help_text="As whom, when told."),
                ),
                ("release_id", models.BigIntegerField(blank=True, null=True)),
                ("connector_version", models.TextField(blank=True, default="")),
                (
                    "filled",
                    models.JSONField(
                        blank=True, default=list, help_text="Settings that had a value."
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
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
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Icon",
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
                ("batch", models.PositiveSmallIntegerField(default=0)),
                (
                    "source_digest",
                    models.CharField(
                        help_text="SHA-256 of the text that Cyclr sent.", max_length=64, unique=True
                    ),
                ),
                (
                    "source",
                    models.BinaryField(blank=True, help_text="Empty once it was drawn.", null=True),
                ),
                (
                    "digest",
                    models.CharField(
                        blank=True,
                        db_index=True,
                        default="",
                        help_text="Of the SHA-256 of `content`: its address.",
                        max_length=32,
                    ),
                ),
                (
                    "content",
                    models.BinaryField(
                        blank=True, help_text="A small PNG, drawn by us.", null=True
                    ),
                ),
                (
                    "refusal",
                    models.TextField(blank=True, default="", help_text="Why it is not shown."),
                ),
                (
                    "used_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="Cyclr sent it, to the day."
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Release",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("release_id", models.BigIntegerField()),
                ("name", models.TextField()),
                ("version", models.TextField(blank=True, default="")),
                (
                    "kind_key",
                    dashboard.mirror.keys.KeyField(
                        default="", editable=False, max_length=32, of=["name", "version"]
                    ),
                ),
                ("authentication", models.JSONField(blank=True, default=list)),
                ("parameters", models.JSONField(blank=True, default=list)),
                ("told_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["-release_id"],
            },
        ),
        migrations.CreateModel(
            name="SyncHelper",
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
            ],
            options={
                "ordering": ["-created_at", "-pk"],
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
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="catalogueconnector",
            name="connector_unique",
        ),
        migrations.RemoveConstraint(
            model_name="installrefusal",
            name="refusal_unique",
        ),
        migrations.RemoveIndex(
            model_name="accountconnector",
            name="account_connector_untidy",
        ),
        migrations.RemoveField(
            model_name="accountconnector",
            name="tidy_not_before",
        ),
        migrations.RemoveField(
            model_name="accountconnector",
            name="tidy_tries",
        ),
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
            model_name="accountconnector",
            name="proven_by",
            field=models.TextField(
                blank=True, db_default="", default="", help_text="The method that proved it last."
            ),
        ),
        migrations.AddField(
            model_name="accountconnector",
            name="set_by",
            field=models.JSONField(
                blank=True, db_default=models.Value({}, models.JSONField()), default=dict
            ),
        ),
        migrations.AddField(
            model_name="accountconnector",
            name="setting_values",
            field=models.JSONField(
                blank=True, db_default=models.Value({}, models.JSONField()), default=dict
            ),
        ),
        migrations.AddField(
            model_name="accountconnector",
            name="why_broken",
            field=models.CharField(
                blank=True,
                choices=[
                    ("consent", "Consent withdrawn or expired"),
                    ("credentials", "Password or key changed"),
                    ("permission", "Permission missing"),
                    ("address", "Address not allowed"),
                    ("limit", "Plan or limit at the third party"),
                    ("outage", "Outage"),
                    ("unknown", "Unknown"),
                ],
                db_default="",
                default="",
                help_text="The class of why it stopped working, or could not be tested.",
                max_length=20,
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
            name="read_before",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Accounts that it had read, or failed to, until then.",
            ),
        ),
        migrations.AddField(
            model_name="syncrun",
            name="resumed_at",
            field=models.DateTimeField(
                blank=True, help_text="It went on then, after it had been stopped.", null=True
            ),
        ),
        migrations.AddField(
            model_name="syncrun",
            name="templates_error",
            field=models.TextField(
                blank=True, db_default="", default="", help_text="Why the templates were not read."
            ),
        ),
        migrations.AlterField(
            model_name="accountconnector",
            name="test_failed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="A test or call failed then; empty if the newest did not.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="syncrun",
            name="accounts_found",
            field=models.PositiveIntegerField(
                default=0, help_text="Accounts of which the connectors are read."
            ),
        ),
        migrations.AddIndex(
            model_name="accountconnector",
            index=models.Index(
                condition=models.Q(("left_mark", ""), _negated=True),
                fields=["left_mark"],
                name="account_connector_marked",
            ),
        ),
        migrations.AddIndex(
            model_name="accountconnector",
            index=models.Index(fields=["sort_name", "id"], name="account_connector_by_name"),
        ),
        migrations.AddIndex(
            model_name="accountconnector",
            index=models.Index(
                condition=models.Q(models.Q(("why_broken", ""), _negated=True), ("gone_at", None)),
                fields=["why_broken"],
                name="account_connector_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="installrefusal",
            constraint=models.UniqueConstraint(
                fields=("connector", "account"), name="refusal_unique"
            ),
        ),
        migrations.AddField(
            model_name="connectorstate",
            name="account_connector",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="states",
                to="mirror.accountconnector",
            ),
        ),
        migrations.AddField(
            model_name="cycle",
            name="account",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cycles",
                to="mirror.account",
            ),
        ),
        migrations.AddField(
            model_name="cycleconnector",
            name="cycle",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="connectors",
                to="mirror.cycle",
            ),
        ),
        migrations.AddIndex(
            model_name="icon",
            index=models.Index(
                condition=models.Q(("finished_at", None)), fields=["not_before"], name="icon_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="icon",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("digest", ""), ("content", None)),
                    models.Q(models.Q(("digest", ""), _negated=True), ("refusal", "")),
                    _connector="OR",
                ),
                name="icon_shown_when_drawn",
            ),
        ),
        migrations.AddField(
            model_name="catalogueconnector",
            name="icon",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="mirror.icon",
                to_field="source_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="catalogueconnector",
            constraint=models.UniqueConstraint(
                fields=("console", "account", "kind_key"), name="connector_unique"
            ),
        ),
        migrations.AddField(
            model_name="release",
            name="console",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="consoles.console"
            ),
        ),
        migrations.AddField(
            model_name="synchelper",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="helpers",
                to="mirror.syncrun",
            ),
        ),
        migrations.AddField(
            model_name="template",
            name="console",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="templates",
                to="consoles.console",
            ),
        ),
        migrations.AddField(
            model_name="templateconnector",
            name="template",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="connectors",
                to="mirror.template",
            ),
        ),
        migrations.AddIndex(
            model_name="connectorstate",
            index=models.Index(fields=["account_connector", "id"], name="connector_state_of"),
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
        migrations.AddIndex(
            model_name="release",
            index=models.Index(fields=["console", "kind_key"], name="release_of_kind"),
        ),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.UniqueConstraint(
                fields=("console", "release_id"), name="release_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="synchelper",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["not_before"],
                name="synchelper_due",
            ),
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
        migrations.RunPython(make_indexes, migrations.RunPython.noop),
    ]
