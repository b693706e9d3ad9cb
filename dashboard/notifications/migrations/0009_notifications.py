"""Notices are called notifications. Only the names in the code change: tables and columns stay."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0008_encrypted_secret"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("consoles", "0001_initial"),
        ("mirror", "0001_initial"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint("noticemail", "notice_mail_once"),
                migrations.RemoveConstraint("webhookdelivery", "webhook_delivery_once"),
                migrations.RenameModel("Notice", "Notification"),
                migrations.AlterModelTable("notification", "notices_notice"),
                migrations.RenameModel("NoticeMail", "NotificationMail"),
                migrations.AlterModelTable("notificationmail", "notices_noticemail"),
                migrations.RenameModel("NoticeSeen", "NotificationsSeen"),
                migrations.AlterModelTable("notificationsseen", "notices_noticeseen"),
                migrations.RenameModel("NoticeWish", "NotificationPreference"),
                migrations.AlterModelTable("notificationpreference", "notices_noticewish"),
                migrations.AlterField(
                    "notification",
                    "console",
                    models.ForeignKey(
                        on_delete=CASCADE, related_name="notifications", to="consoles.console"
                    ),
                ),
                migrations.AlterField(
                    "notification",
                    "account",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=CASCADE,
                        related_name="notifications",
                        to="mirror.account",
                    ),
                ),
                migrations.RenameField("notification", "once", "dedupe_key"),
                migrations.AlterField(
                    "notification",
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
                migrations.AlterField(
                    "notificationsseen",
                    "user",
                    models.OneToOneField(
                        on_delete=CASCADE,
                        related_name="notifications_seen",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AlterField(
                    "notificationsseen",
                    "up_to",
                    models.BigIntegerField(
                        default=0, help_text="The newest notification that was seen."
                    ),
                ),
                migrations.AlterField(
                    "notificationpreference",
                    "user",
                    models.ForeignKey(
                        on_delete=CASCADE,
                        related_name="notification_preferences",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.RenameField("notificationmail", "notice", "notification"),
                migrations.AlterField(
                    "notificationmail",
                    "notification",
                    models.ForeignKey(
                        db_column="notice_id",
                        on_delete=CASCADE,
                        related_name="mails",
                        to="notices.notification",
                    ),
                ),
                migrations.AlterField(
                    "notificationmail",
                    "user",
                    models.ForeignKey(
                        on_delete=CASCADE,
                        related_name="notification_mails",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.RenameField("webhookdelivery", "notice", "notification"),
                migrations.AlterField(
                    "webhookdelivery",
                    "notification",
                    models.ForeignKey(
                        blank=True,
                        db_column="notice_id",
                        null=True,
                        on_delete=CASCADE,
                        related_name="deliveries",
                        to="notices.notification",
                    ),
                ),
                migrations.AddConstraint(
                    "notificationmail",
                    models.UniqueConstraint(
                        fields=["notification", "user"], name="notice_mail_once"
                    ),
                ),
                migrations.AddConstraint(
                    "webhookdelivery",
                    models.UniqueConstraint(
                        fields=["webhook", "notification"], name="webhook_delivery_once"
                    ),
                ),
            ],
        ),
        migrations.RenameIndex(
            "notificationmail", new_name="notificationmail_due", old_name="noticemail_due"
        ),
    ]
