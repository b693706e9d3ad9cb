"""The class of why a connection test failed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("connectors", "0005_encrypted_answer"),
    ]

    operations = [
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
    ]
