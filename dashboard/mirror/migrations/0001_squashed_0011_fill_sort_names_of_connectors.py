"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
import django.utils.timezone
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import dashboard.mirror.keys

SEARCHED = ("mirror_account", "mirror_catalogueconnector", "mirror_accountconnector")
FOUND_BY = {
    "mirror_account": "cyclr_id",
    "mirror_catalogueconnector": "name",
    "mirror_accountconnector": "connector_name",
}


def make_indexes(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """What PostgreSQL alone has: see 0002 and 0003."""
    if editor.connection.vendor != "postgresql":
        return
    for table in SEARCHED:
        editor.execute(
            f"CREATE INDEX {table}_search ON {table} USING gin (search_text gin_trgm_ops)"
        )
    for table, column in FOUND_BY.items():
        editor.execute(f"CREATE INDEX {table}_{column} ON {table} USING hash ({column})")


class Migration(migrations.Migration):
    replaces = [
        ("mirror", "0001_initial"),
        ("mirror", "0002_search_by_trigram"),
        ("mirror", "0003_find_by_text"),
        ("mirror", "0004_what_customers_filled"),
        ("mirror", "0005_refusals_own_library_and_left_marks"),
        ("mirror", "0006_fill_search_text"),
        ("mirror", "0007_not_working"),
        ("mirror", "0008_sort_names"),
        ("mirror", "0009_jobs"),
        ("mirror", "0010_sort_name_of_connectors"),
        ("mirror", "0011_fill_sort_names_of_connectors"),
    ]

    initial = True

    dependencies = [
        ("consoles", "0001_initial"),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="Account",
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
                ("timezone", models.TextField(blank=True, default="")),
                ("parent_id", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(blank=True, null=True)),
                ("attributes", models.JSONField(blank=True, default=dict)),
                ("search_text", models.TextField(blank=True, default="")),
                ("sort_name", models.CharField(blank=True, default="", max_length=100)),
                ("connector_count", models.PositiveIntegerField(default=0)),
                ("unauthenticated_count", models.PositiveIntegerField(default=0)),
                (
                    "read_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the newest reading of its connectors began.",
                        null=True,
                    ),
                ),
                ("viewed_at", models.DateTimeField(blank=True, null=True)),
                ("refresh_asked_at", models.DateTimeField(blank=True, null=True)),
                ("refresh_error", models.TextField(blank=True, default="")),
                (
                    "refresh_failed_run",
                    models.BigIntegerField(default=0, help_text="The run it failed in."),
                ),
                (
                    "active_at",
                    models.DateTimeField(
                        blank=True, help_text="Something last changed.", null=True
                    ),
                ),
                (
                    "own_library_read_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When its own custom connectors were listed last.",
                        null=True,
                    ),
                ),
                (
                    "sub_accounts_read_at",
                    models.DateTimeField(
                        blank=True, help_text="When its sub-accounts were listed last.", null=True
                    ),
                ),
                (
                    "not_working_count",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Authenticated, says Cyclr, and their newest test failed.",
                    ),
                ),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accounts",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "ordering": ["sort_name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="AccountConnector",
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
                ("cyclr_id", models.BigIntegerField()),
                ("name", models.TextField(blank=True, default="")),
                ("description", models.TextField(blank=True, default="")),
                ("connector_name", models.TextField(blank=True, default="")),
                ("connector_version", models.TextField(blank=True, default="")),
                ("release_id", models.BigIntegerField(blank=True, null=True)),
                ("authentication", models.JSONField(blank=True, default=list)),
                (
                    "authentication_id",
                    models.TextField(blank=True, default="", help_text="As installed by us."),
                ),
                ("authenticated", models.BooleanField(blank=True, null=True)),
                ("authenticated_since", models.DateTimeField(blank=True, null=True)),
                ("is_native", models.BooleanField(default=False)),
                ("proven_at", models.DateTimeField(blank=True, null=True)),
                ("search_text", models.TextField(blank=True, default="")),
                (
                    "filled",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Names of the settings that have a value.",
                    ),
                ),
                (
                    "identity",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Whose account at the third party it is, when told.",
                    ),
                ),
                ("identity_at", models.DateTimeField(blank=True, null=True)),
                (
                    "left_mark",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The mark of an install that is still in its description in Cyclr.",
                        max_length=60,
                    ),
                ),
                ("tidy_not_before", models.DateTimeField(blank=True, null=True)),
                ("tidy_tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "test_failed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Its newest test failed then; empty if it did not fail.",
                        null=True,
                    ),
                ),
                (
                    "test_failure",
                    models.TextField(blank=True, default="", help_text="Why, for staff."),
                ),
                (
                    "sort_name",
                    models.CharField(blank=True, db_default="", default="", max_length=100),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connectors",
                        to="mirror.account",
                    ),
                ),
            ],
            options={
                "ordering": [
                    models.OrderBy(models.F("authenticated"), nulls_first=True),
                    models.OrderBy(models.F("test_failed_at"), descending=True, nulls_last=True),
                    "sort_name",
                    "pk",
                ],
            },
        ),
        migrations.CreateModel(
            name="CatalogueConnector",
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
                ("name", models.TextField()),
                (
                    "version",
                    models.TextField(
                        blank=True, default="", help_text="Empty where Cyclr has null."
                    ),
                ),
                (
                    "kind_key",
                    dashboard.mirror.keys.KeyField(
                        default="", editable=False, max_length=32, of=["name", "version"]
                    ),
                ),
                ("release_id", models.BigIntegerField()),
                ("description", models.TextField(blank=True, default="")),
                ("status", models.TextField(blank=True, default="")),
                ("is_draft", models.BooleanField(default=False)),
                ("is_system", models.BooleanField(default=False)),
                (
                    "is_whole",
                    models.BooleanField(default=True, help_text="Its parameters were read."),
                ),
                ("categories", models.JSONField(blank=True, default=list)),
                ("authentication", models.JSONField(blank=True, default=list)),
                ("parameters", models.JSONField(blank=True, default=list)),
                ("search_text", models.TextField(blank=True, default="")),
                ("sort_name", models.CharField(blank=True, default="", max_length=100)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="custom_connectors",
                        to="mirror.account",
                    ),
                ),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="library",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "ordering": ["sort_name", "version", "pk"],
            },
        ),
        migrations.CreateModel(
            name="DailyFigure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("authenticated", models.PositiveIntegerField()),
                ("unauthenticated", models.PositiveIntegerField()),
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
                "ordering": ["day"],
            },
        ),
        migrations.CreateModel(
            name="InstallRefusal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("release_id", models.BigIntegerField()),
                ("why", models.TextField(blank=True, default="")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        help_text="None: it can be installed nowhere, such as a draft.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mirror.account",
                    ),
                ),
                (
                    "connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="refusals",
                        to="mirror.catalogueconnector",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="SyncRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "touched_at",
                    models.DateTimeField(default=django.utils.timezone.now, help_text="It got on."),
                ),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                (
                    "accounts_at",
                    models.DateTimeField(blank=True, help_text="Accounts were listed.", null=True),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "is_asked",
                    models.BooleanField(default=False, help_text="A person asked for it."),
                ),
                (
                    "listed_at",
                    models.DateTimeField(blank=True, help_text="So was the library.", null=True),
                ),
                ("accounts_found", models.PositiveIntegerField(default=0)),
                ("accounts_read", models.PositiveIntegerField(default=0)),
                ("accounts_failed", models.PositiveIntegerField(default=0)),
                ("connectors_found", models.PositiveIntegerField(default=0)),
                ("gone", models.PositiveIntegerField(default=0)),
                (
                    "skipped",
                    models.PositiveIntegerField(
                        default=0, help_text="Elements that were unreadable."
                    ),
                ),
                (
                    "library_error",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Why the library was not read; the rest was.",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("tries", models.PositiveIntegerField(default=0)),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sync_runs",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["console", "sort_name", "id"], name="account_by_name"),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(fields=["console", "-active_at", "id"], name="account_by_activity"),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                fields=["console", "-unauthenticated_count", "id"], name="account_by_attention"
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(
                fields=("console", "cyclr_id_key"), name="account_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="accountconnector",
            index=models.Index(
                condition=models.Q(("authenticated", False), ("gone_at", None)),
                fields=["authenticated"],
                name="account_connector_broken",
            ),
        ),
        migrations.AddIndex(
            model_name="accountconnector",
            index=models.Index(
                condition=models.Q(("left_mark", ""), _negated=True),
                fields=["tidy_not_before"],
                name="account_connector_untidy",
            ),
        ),
        migrations.AddIndex(
            model_name="accountconnector",
            index=models.Index(
                condition=models.Q(
                    ("authenticated", True), ("gone_at", None), ("test_failed_at__isnull", False)
                ),
                fields=["test_failed_at"],
                name="account_connector_not_working",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountconnector",
            constraint=models.UniqueConstraint(
                fields=("account", "cyclr_id"), name="account_connector_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="catalogueconnector",
            constraint=models.UniqueConstraint(
                fields=("console", "account", "kind_key"),
                name="connector_unique",
                nulls_distinct=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="catalogueconnector",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account", None)),
                fields=("console", "kind_key"),
                name="connector_unique_in_library",
            ),
        ),
        migrations.AddConstraint(
            model_name="dailyfigure",
            constraint=models.UniqueConstraint(fields=("console", "day"), name="figure_a_day"),
        ),
        migrations.AddConstraint(
            model_name="installrefusal",
            constraint=models.UniqueConstraint(
                fields=("connector", "account"), name="refusal_unique", nulls_distinct=True
            ),
        ),
        migrations.AddConstraint(
            model_name="installrefusal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account", None)),
                fields=("connector",),
                name="refusal_unique_everywhere",
            ),
        ),
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(
                condition=models.Q(("finished_at", None)), fields=["not_before"], name="syncrun_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="syncrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("finished_at", None)),
                fields=("console",),
                name="sync_run_one_at_a_time",
            ),
        ),
        migrations.RunPython(make_indexes, migrations.RunPython.noop),
    ]
