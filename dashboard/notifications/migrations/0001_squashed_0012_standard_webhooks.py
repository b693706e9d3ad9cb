"""All that it replaces at once, for databases that have none of it."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import dashboard.notifications.kinds


class Migration(migrations.Migration):
    replaces = [
        ("notices", "0001_initial"),
        ("notices", "0002_kind_of_another_account"),
        ("notices", "0003_mail_trouble_and_answers_of_receivers"),
        ("notices", "0004_kind_of_a_deleted_connector"),
        ("notices", "0005_shape_of_what_a_webhook_sends"),
        ("notices", "0006_jobs"),
        ("notices", "0007_kinds_are_registered"),
        ("notices", "0008_encrypted_secret"),
        ("notices", "0009_notifications"),
        ("notices", "0010_cool_down"),
        ("notices", "0011_message"),
        ("notices", "0012_standard_webhooks"),
    ]

    initial = True

    dependencies = [
        ("consoles", "0001_initial"),
        ("consoles", "0002_branding"),
        ("mirror", "0001_initial"),
        ("mirror", "0004_what_customers_filled"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="MailTrouble",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("began_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "is_over",
                    models.BooleanField(default=False, help_text="It took a message again."),
                ),
                (
                    "cool_down_until",
                    models.DateTimeField(
                        db_column="rests_until",
                        default=django.utils.timezone.now,
                        help_text="Nothing is tried by itself before.",
                    ),
                ),
                ("message", models.TextField(db_column="words", help_text="What it said last.")),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_over", False)),
                        fields=("is_over",),
                        name="mail_trouble_one_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=dashboard.notifications.kinds.choices, max_length=20),
                ),
                ("details", models.TextField(blank=True, default="")),
                (
                    "url",
                    models.CharField(
                        help_text="The staff page about it: a path of ours.", max_length=300
                    ),
                ),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "dedupe_key",
                    models.CharField(
                        blank=True,
                        db_column="once",
                        help_text="What must not be told a second time, as a key.",
                        max_length=120,
                        null=True,
                        unique=True,
                    ),
                ),
                ("message", models.TextField(db_column="words")),
                (
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="mirror.account",
                    ),
                ),
                (
                    "console",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="consoles.console",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "db_table": "notices_notice",
            },
        ),
        migrations.CreateModel(
            name="NotificationMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
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
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "notification",
                    models.ForeignKey(
                        db_column="notice_id",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mails",
                        to="notices.notification",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_mails",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "db_table": "notices_noticemail",
            },
        ),
        migrations.CreateModel(
            name="NotificationPreference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=dashboard.notifications.kinds.choices, max_length=20),
                ),
                (
                    "console",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="consoles.console",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_preferences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "db_table": "notices_noticewish",
            },
        ),
        migrations.CreateModel(
            name="NotificationsSeen",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "up_to",
                    models.BigIntegerField(
                        default=0, help_text="The newest notification that was seen."
                    ),
                ),
                ("at", models.DateTimeField(auto_now=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications_seen",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "notices_noticeseen",
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("url", models.TextField()),
                ("is_on", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "shape",
                    models.CharField(
                        choices=[
                            ("full", "Everything, as JSON"),
                            ("text", "One sentence, for a chat"),
                        ],
                        default="full",
                        max_length=10,
                    ),
                ),
                ("encrypted_secret", models.TextField(db_column="sealed_secret")),
                (
                    "cool_down_until",
                    models.DateTimeField(
                        blank=True,
                        db_column="rests_until",
                        help_text="It failed; nothing is sent before.",
                        null=True,
                    ),
                ),
                (
                    "encrypted_previous_secret",
                    models.TextField(
                        blank=True, db_default="", default="", help_text="Signs too, until it ends."
                    ),
                ),
                (
                    "off_because",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Why it was switched off by itself.",
                    ),
                ),
                ("previous_secret_until", models.DateTimeField(blank=True, null=True)),
                (
                    "console",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook",
                        to="consoles.console",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.UUIDField(default=uuid.uuid4, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("dropped", "Not needed any more"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="The HTTP status of the last answer.", null=True
                    ),
                ),
                ("tries", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "queued_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        help_text="Since when it is tried: again from here.",
                    ),
                ),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "said",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="The first part of the last answer, without secrets.",
                    ),
                ),
                ("last_error", models.TextField(blank=True, default="")),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                (
                    "notification",
                    models.ForeignKey(
                        blank=True,
                        db_column="notice_id",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="notices.notification",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="notices.webhook",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["console", "kind", "-id"], name="notice_of_kind"),
        ),
        migrations.AddIndex(
            model_name="notificationmail",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["not_before"],
                name="notificationmail_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationmail",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True),
                        ("finished_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="notice_mail_finished_unless_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationmail",
            constraint=models.UniqueConstraint(
                fields=("notification", "user"), name="notice_mail_once"
            ),
        ),
        migrations.AddIndex(
            model_name="notificationpreference",
            index=models.Index(fields=["kind"], name="notice_wish_of_kind"),
        ),
        migrations.AddConstraint(
            model_name="notificationpreference",
            constraint=models.UniqueConstraint(
                fields=("user", "console", "kind"), name="notice_wish_once_per_console"
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationpreference",
            constraint=models.UniqueConstraint(
                condition=models.Q(("console", None)),
                fields=("user", "kind"),
                name="notice_wish_once_for_all_consoles",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "waiting")),
                fields=["webhook", "not_before"],
                name="webhook_delivery_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("finished_at", None)),
                fields=["not_before"],
                name="webhookdelivery_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("state", "waiting")),
                    models.Q(
                        models.Q(("state", "waiting"), _negated=True),
                        ("finished_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="webhook_delivery_finished_unless_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("webhook", "notification"), name="webhook_delivery_once"
            ),
        ),
    ]
