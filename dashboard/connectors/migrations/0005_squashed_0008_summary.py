"""All that it replaces at once, for databases that have none of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("connectors", "0005_encrypted_answer"),
        ("connectors", "0006_keep_why_broken"),
        ("connectors", "0007_scheduled_tests"),
        ("connectors", "0008_summary"),
    ]

    dependencies = [
        ("connectors", "0004_connection_tests"),
        ("mirror", "0016_keep_open_settings_and_why_broken"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConnectionTestPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "every_hours",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (0, "Never"),
                            (6, "Every 6 hours"),
                            (24, "Daily"),
                            (168, "Weekly"),
                        ],
                        help_text="Its own, instead of its kind's.",
                        null=True,
                    ),
                ),
                ("next_at", models.DateTimeField(blank=True, db_index=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="lookup",
            name="look_up_answered_when_finished",
        ),
        migrations.AlterField(
            model_name="connectiontest",
            name="words",
            field=models.TextField(
                blank=True, db_column="words", default="", help_text="What came of it, for staff."
            ),
        ),
        migrations.RenameField(
            model_name="connectiontest",
            old_name="words",
            new_name="summary",
        ),
        migrations.AlterField(
            model_name="lookup",
            name="sealed_answer",
            field=models.TextField(blank=True, db_column="sealed_answer", default=""),
        ),
        migrations.RenameField(
            model_name="lookup",
            old_name="sealed_answer",
            new_name="encrypted_answer",
        ),
        migrations.AddField(
            model_name="connectiontest",
            name="why",
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
                help_text="Why it does not work, or could not be tested, as a class.",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="connectiontestmethod",
            name="every_hours",
            field=models.PositiveSmallIntegerField(
                choices=[(0, "Never"), (6, "Every 6 hours"), (24, "Daily"), (168, "Weekly")],
                db_default=0,
                default=0,
                help_text="How often connectors of the kind are tested by themselves.",
            ),
        ),
        migrations.AddConstraint(
            model_name="lookup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("finished_at__isnull", False), ("encrypted_answer", ""), _connector="OR"
                ),
                name="look_up_answered_when_finished",
            ),
        ),
        migrations.AddField(
            model_name="connectiontestplan",
            name="account_connector",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="test_plan",
                to="mirror.accountconnector",
            ),
        ),
    ]
