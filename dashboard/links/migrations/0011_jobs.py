"""Mints, messages and checks of accounts become jobs of the one queue."""

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce


def set_finished(apps: Any, schema_editor: Any) -> None:
    mints = apps.get_model("links", "Mint").objects.exclude(state="waiting")
    mints.update(finished_at=Coalesce(F("ready_at"), F("created_at")))
    mails = apps.get_model("links", "LinkMail").objects.exclude(state="waiting")
    mails.update(finished_at=Coalesce(F("sent_at"), F("created_at")))


IS_FINISHED = Q(state="waiting", finished_at=None) | (
    ~Q(state="waiting") & Q(finished_at__isnull=False)
)


class Migration(migrations.Migration):
    dependencies = [
        ("mirror", "0008_sort_names"),
        ("links", "0010_messages_that_became_files"),
    ]

    operations = [
        migrations.RenameField("mint", "claimed_until", "leased_until"),
        migrations.RenameField("mint", "error", "last_error"),
        migrations.AddField("mint", "attempt", models.PositiveIntegerField(default=0)),
        migrations.AddField("mint", "tries", models.PositiveIntegerField(default=0)),
        migrations.AddField("mint", "finished_at", models.DateTimeField(blank=True, null=True)),
        migrations.RenameField("linkmail", "claimed_until", "leased_until"),
        migrations.RenameField("linkmail", "error", "last_error"),
        migrations.AddField("linkmail", "attempt", models.PositiveIntegerField(default=0)),
        migrations.AddField("linkmail", "finished_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            "linkmail", "created_at", models.DateTimeField(default=django.utils.timezone.now)
        ),
        migrations.RunPython(set_finished, migrations.RunPython.noop),
        migrations.AddIndex(
            "mint",
            models.Index(fields=["not_before"], name="mint_due", condition=Q(finished_at=None)),
        ),
        migrations.AddConstraint(
            "mint",
            models.CheckConstraint(name="mint_finished_unless_waiting", condition=IS_FINISHED),
        ),
        migrations.RemoveIndex("linkmail", "link_mail_waiting"),
        migrations.AddIndex(
            "linkmail",
            models.Index(fields=["not_before"], name="linkmail_due", condition=Q(finished_at=None)),
        ),
        migrations.AddConstraint(
            "linkmail",
            models.CheckConstraint(name="link_mail_finished_unless_waiting", condition=IS_FINISHED),
        ),
        migrations.RemoveField("linkitem", "published_at"),
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
    ]
