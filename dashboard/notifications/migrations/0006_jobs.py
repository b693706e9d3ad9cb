"""Messages to staff and deliveries become jobs of the one queue; a webhook itself is none."""

from typing import Any

from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce


def set_finished(apps: Any, schema_editor: Any) -> None:
    for name in ("NoticeMail", "WebhookDelivery"):
        ended = apps.get_model("notices", name).objects.exclude(state="waiting")
        ended.update(finished_at=Coalesce(F("sent_at"), F("created_at")))


IS_FINISHED = Q(state="waiting", finished_at=None) | (
    ~Q(state="waiting") & Q(finished_at__isnull=False)
)
DUE = Q(finished_at=None)
MOMENT = models.DateTimeField(blank=True, null=True)


class Migration(migrations.Migration):
    dependencies = [("notices", "0005_shape_of_what_a_webhook_sends")]

    operations = [
        migrations.RenameField("noticemail", "claimed_until", "leased_until"),
        migrations.RenameField("noticemail", "error", "last_error"),
        migrations.AddField("noticemail", "attempt", models.PositiveIntegerField(default=0)),
        migrations.AddField("noticemail", "finished_at", MOMENT),
        migrations.RenameField("webhookdelivery", "error", "last_error"),
        migrations.AlterField(
            "webhookdelivery", "last_error", models.TextField(blank=True, default="")
        ),
        migrations.AddField("webhookdelivery", "attempt", models.PositiveIntegerField(default=0)),
        migrations.AddField("webhookdelivery", "finished_at", MOMENT),
        migrations.AddField("webhookdelivery", "leased_until", MOMENT),
        migrations.AddField("webhookdelivery", "published_at", MOMENT),
        migrations.RunPython(set_finished, migrations.RunPython.noop),
        migrations.RemoveIndex("noticemail", "notice_mail_waiting"),
        migrations.AddIndex(
            "noticemail", models.Index(fields=["not_before"], name="noticemail_due", condition=DUE)
        ),
        migrations.AddConstraint(
            "noticemail",
            models.CheckConstraint(
                name="notice_mail_finished_unless_waiting", condition=IS_FINISHED
            ),
        ),
        migrations.AddIndex(
            "webhookdelivery",
            models.Index(fields=["not_before"], name="webhookdelivery_due", condition=DUE),
        ),
        migrations.AddConstraint(
            "webhookdelivery",
            models.CheckConstraint(
                name="webhook_delivery_finished_unless_waiting", condition=IS_FINISHED
            ),
        ),
        migrations.RemoveField("webhook", "claimed_until"),
        migrations.RemoveField("webhook", "published_at"),
    ]
