"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import dashboard.common.encryption
import dashboard.links.models
import dashboard.links.models.attempt


class Migration(migrations.Migration):
    replaces = [("launches", "0001_initial"), ("launches", "0002_mail_launch_links")]

    initial = True

    dependencies = [
        ("consoles", "0005_encrypted_client_secret"),
        ("mirror", "0018_sync_helper"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="LaunchLink",
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
                ("submission", models.UUIDField(unique=True)),
                ("input_fingerprint", models.CharField(blank=True, default="", max_length=64)),
                (
                    "product",
                    models.CharField(
                        choices=[
                            ("launch", "LAUNCH"),
                            ("orbit", "ORBIT"),
                            ("marketplace", "Marketplace"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "options",
                    models.JSONField(
                        blank=True, default=dict, help_text="What the pages show and do."
                    ),
                ),
                (
                    "creates_account",
                    models.BooleanField(
                        default=False,
                        help_text="Whether Cyclr may make the account if it does not know it.",
                    ),
                ),
                ("message", models.TextField(blank=True, default="")),
                ("language", models.CharField(blank=True, default="", max_length=5)),
                ("ticket_url", models.URLField(blank=True, default="", max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("sent", "Sent"),
                            ("opened", "Opened"),
                            ("started", "Started"),
                        ],
                        default="created",
                        max_length=20,
                    ),
                ),
                ("starts", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "moved_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="Its last event."
                    ),
                ),
                (
                    "recipient_email",
                    models.EmailField(blank=True, db_default="", default="", max_length=254),
                ),
                (
                    "recipient_name",
                    models.CharField(blank=True, db_default="", default="", max_length=200),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                        related_name="+",
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
            name="LaunchEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("event", models.CharField(max_length=20)),
                ("message", models.TextField()),
                ("details", models.JSONField(blank=True, default=dict)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="launches.launchlink",
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="LaunchAttempt",
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
                ("encrypted_url", models.TextField(blank=True, default="")),
                (
                    "shown_at",
                    models.DateTimeField(
                        blank=True, help_text="Its wait page was drawn.", null=True
                    ),
                ),
                ("ready_at", models.DateTimeField(blank=True, null=True)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="launches.launchlink",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="LaunchMail",
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
                ("submission", models.UUIDField(blank=True, null=True, unique=True)),
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
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "is_file",
                    models.BooleanField(
                        default=False, help_text="It became a file: no mail server was set."
                    ),
                ),
                ("message_id", models.CharField(blank=True, default="", max_length=200)),
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
                        to="launches.launchlink",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-pk"],
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="launchlink",
            index=models.Index(fields=["account", "-created_at"], name="launch_link_of_account"),
        ),
        migrations.AddIndex(
            model_name="launchlink",
            index=models.Index(fields=["console", "-created_at"], name="launch_link_newest"),
        ),
        migrations.AddConstraint(
            model_name="launchlink",
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
                name="launchlink_actor_is_somebody",
            ),
        ),
        migrations.AddIndex(
            model_name="launchattempt",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["not_before"],
                name="launchattempt_due",
            ),
        ),
        migrations.AddIndex(
            model_name="launchattempt",
            index=models.Index(fields=["link", "-created_at"], name="launch_attempt_of_link"),
        ),
        migrations.AddIndex(
            model_name="launchattempt",
            index=models.Index(fields=["state", "created_at"], name="launch_attempt_by_state"),
        ),
        migrations.AddConstraint(
            model_name="launchattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True),
                        ("finished_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="launch_attempt_finished",
            ),
        ),
        migrations.AddConstraint(
            model_name="launchattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("state", "ready"), ("encrypted_url", ""), _connector="OR"),
                name="launch_attempt_encrypted",
            ),
        ),
        migrations.AddIndex(
            model_name="launchmail",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["not_before"],
                name="launchmail_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="launchmail",
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
                name="launchmail_actor_is_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="launchmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True),
                        ("finished_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="launch_mail_finished_unless_waiting",
            ),
        ),
    ]
