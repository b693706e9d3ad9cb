"""Values of settings that are no secrets, who set which, and why a connector is broken."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("mirror", "0015_icons"),
    ]

    operations = [
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
                help_text="The class of why its newest test failed.",
                max_length=20,
            ),
        ),
    ]
