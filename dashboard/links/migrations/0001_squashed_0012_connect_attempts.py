"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import dashboard.common.encryption
import dashboard.common.searching
import dashboard.links.models
import dashboard.links.models.attempt


def make_index(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """What PostgreSQL alone has: see 0008."""
    if editor.connection.vendor == "postgresql":
        editor.execute(
            "CREATE INDEX links_link_search ON links_link USING gin (search_text gin_trgm_ops)"
        )


class Migration(migrations.Migration):
    replaces = [
        ("links", "0001_initial"),
        ("links", "0002_sending_and_failures"),
        ("links", "0003_campaign_row"),
        ("links", "0004_link_item_proof"),
        ("links", "0005_find_open_links"),
        ("links", "0006_deleted_in_cyclr"),
        ("links", "0007_link_input_fingerprint"),
        ("links", "0008_search_text"),
        ("links", "0009_fill_search_text"),
        ("links", "0010_messages_that_became_files"),
        ("links", "0011_jobs"),
        ("links", "0012_connect_attempts"),
    ]

    initial = True

    dependencies = [
        ("bulk", "0001_initial"),
        ("connectors", "0001_proof_methods_runs_and_look_ups"),
        ("consoles", "0001_initial"),
        ("consoles", "0002_branding"),
        ("mirror", "0002_search_by_trigram"),
        ("mirror", "0004_what_customers_filled"),
        ("mirror", "0008_sort_names"),
        ("operations", "0002_operation_is_bulk"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountCheck",
            fields=[
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="mirror.account",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at", None)),
                        fields=["not_before"],
                        name="accountcheck_due",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Link",
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
                    "public_id",
                    models.CharField(
                        default=dashboard.links.models.new_public_id,
                        max_length=16,
                        unique=True,
                    ),
                ),
                (
                    "key_id",
                    models.CharField(
                        default=dashboard.common.encryption.current_key_id, max_length=8
                    ),
                ),
                ("submission", models.UUIDField(blank=True, null=True, unique=True)),
                ("recipient_email", models.EmailField(blank=True, default="", max_length=254)),
                ("recipient_name", models.CharField(blank=True, default="", max_length=200)),
                ("message", models.TextField(blank=True, default="")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("sent", "Sent"),
                            ("opened", "Opened"),
                            ("started", "Started"),
                            ("returned", "Returned"),
                            ("partly-connected", "Partly connected"),
                            ("connected", "Connected"),
                        ],
                        default="created",
                        max_length=20,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("connected_at", models.DateTimeField(blank=True, null=True)),
                (
                    "moved_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="Its last event."
                    ),
                ),
                ("is_new_link_asked", models.BooleanField(default=False)),
                ("has_reminders", models.BooleanField(default=False)),
                (
                    "language",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Empty: what the customer's browser asks.",
                        max_length=5,
                    ),
                ),
                (
                    "reminders_ended_at",
                    models.DateTimeField(
                        blank=True, help_text="The customer wants no more of them.", null=True
                    ),
                ),
                (
                    "sent_at",
                    models.DateTimeField(
                        blank=True, help_text="First copied or mailed.", null=True
                    ),
                ),
                ("ticket_url", models.URLField(blank=True, default="", max_length=500)),
                (
                    "emptied_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="All that was left on it was deleted in Cyclr.",
                        null=True,
                    ),
                ),
                ("input_fingerprint", models.CharField(blank=True, default="", max_length=64)),
                (
                    "search_text",
                    dashboard.common.searching.SearchField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        of=["recipient_email", "recipient_name"],
                    ),
                ),
                (
                    "is_only_file",
                    models.BooleanField(
                        default=False,
                        help_text="Its message became a file: no mail server was set.",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="mirror.account",
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
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="consoles.console",
                    ),
                ),
                (
                    "row",
                    models.OneToOneField(
                        blank=True,
                        help_text="The line of the campaign that it was made of.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="link",
                        to="bulk.bulkrow",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        help_text="The campaign it belongs to.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="bulk.bulkrun",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="LinkItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "was_authenticated",
                    models.BooleanField(default=False, help_text="Before the last start."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("sent", "Sent"),
                            ("opened", "Opened"),
                            ("started", "Started"),
                            ("returned", "Returned"),
                            ("partly-connected", "Partly connected"),
                            ("connected", "Connected"),
                        ],
                        default="created",
                        max_length=20,
                    ),
                ),
                ("starts", models.PositiveIntegerField(default=0)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("returned_at", models.DateTimeField(blank=True, null=True)),
                ("connected_at", models.DateTimeField(blank=True, null=True)),
                ("check_until", models.DateTimeField(blank=True, null=True)),
                ("next_check_at", models.DateTimeField(blank=True, null=True)),
                ("checks", models.PositiveIntegerField(default=0)),
                (
                    "checked_at",
                    models.DateTimeField(blank=True, help_text="Cyclr last said.", null=True),
                ),
                (
                    "failure",
                    models.TextField(blank=True, default="", help_text="Why the last one failed."),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="Starts and entries that came to nothing since the last success.",
                    ),
                ),
                (
                    "identity",
                    models.TextField(blank=True, default="", help_text="Connected as whom."),
                ),
                (
                    "identity_before",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="As whom it was connected when the link was made.",
                    ),
                ),
                (
                    "gone_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Its connector was deleted in Cyclr; nobody is asked.",
                        null=True,
                    ),
                ),
                (
                    "account_connector",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="link_items",
                        to="mirror.accountconnector",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        blank=True,
                        help_text="What the customer typed last, on its way to Cyclr.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="operations.operation",
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="links.link",
                    ),
                ),
                (
                    "proof",
                    models.ForeignKey(
                        blank=True,
                        help_text="The proof that was asked for last: does it work, and as whom.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="connectors.proofrun",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="LinkEvent",
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
                ("details", models.JSONField(blank=True, default=dict)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="links.link",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="links.linkitem",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="ConnectAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=dashboard.links.models.attempt.new_attempt_id,
                        max_length=32,
                        unique=True,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("ready", "Ready"),
                            ("used", "Used"),
                            ("failed", "Failed"),
                            ("over", "Over"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("sealed_url", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "shown_at",
                    models.DateTimeField(
                        blank=True, help_text="Its wait page was drawn.", null=True
                    ),
                ),
                ("ready_at", models.DateTimeField(blank=True, null=True)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("returned_at", models.DateTimeField(blank=True, null=True)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("tries", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="links.linkitem",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "db_table": "links_mint",
            },
        ),
        migrations.CreateModel(
            name="LinkMail",
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
                ("submission", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("invitation", "Invitation"), ("reminder", "Reminder")],
                        max_length=12,
                    ),
                ),
                (
                    "number",
                    models.PositiveSmallIntegerField(default=0, help_text="Which reminder it is."),
                ),
                ("recipient", models.EmailField(max_length=254)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("bounced", "Bounced"),
                            ("dropped", "Not needed any more"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("tries", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("message_id", models.CharField(blank=True, default="", max_length=200)),
                (
                    "is_file",
                    models.BooleanField(
                        default=False, help_text="It became a file: no mail server was set."
                    ),
                ),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
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
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mails",
                        to="links.link",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="link",
            index=models.Index(fields=["account", "-created_at"], name="link_of_account"),
        ),
        migrations.AddIndex(
            model_name="link",
            index=models.Index(fields=["console", "-created_at"], name="link_newest"),
        ),
        migrations.AddIndex(
            model_name="link",
            index=models.Index(
                condition=models.Q(("connected_at__isnull", True), ("revoked_at__isnull", True)),
                fields=["console", "expires_at"],
                name="link_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
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
                name="link_actor_is_somebody",
            ),
        ),
        migrations.AddIndex(
            model_name="linkitem",
            index=models.Index(
                condition=models.Q(("next_check_at__isnull", False)),
                fields=["next_check_at"],
                name="link_item_to_check",
            ),
        ),
        migrations.AddIndex(
            model_name="linkitem",
            index=models.Index(
                condition=models.Q(("connected_at__isnull", True), ("started_at__isnull", False)),
                fields=["account_connector"],
                name="link_item_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="linkitem",
            constraint=models.UniqueConstraint(
                fields=("link", "account_connector"), name="link_item_once"
            ),
        ),
        migrations.AddIndex(
            model_name="connectattempt",
            index=models.Index(fields=["item", "-created_at"], name="mint_of_item"),
        ),
        migrations.AddIndex(
            model_name="connectattempt",
            index=models.Index(fields=["state", "created_at"], name="mint_by_state"),
        ),
        migrations.AddIndex(
            model_name="connectattempt",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["not_before"],
                name="connectattempt_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="connectattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "ready"), ("sealed_url", ""), _connector="OR"),
                name="mint_sealed_only_when_ready",
            ),
        ),
        migrations.AddConstraint(
            model_name="connectattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True),
                        ("finished_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="mint_finished_unless_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="linkmail",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["not_before"],
                name="linkmail_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="linkmail",
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
                name="linkmail_actor_is_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="linkmail",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "reminder")),
                fields=("link", "number"),
                name="link_mail_reminder_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="linkmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True),
                        ("finished_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="link_mail_finished_unless_waiting",
            ),
        ),
        migrations.RunPython(make_index, migrations.RunPython.noop),
    ]
