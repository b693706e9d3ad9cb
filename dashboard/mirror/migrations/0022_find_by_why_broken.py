"""Installed connectors are found by the class of why they broke."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q


def say_unknown(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Those that stopped being authenticated, of which nothing is known."""
    rows = apps.get_model("mirror", "AccountConnector").objects
    stopped = rows.filter(authenticated=False, authenticated_since__isnull=False, why_broken="")
    stopped.update(why_broken="unknown")


def say_nothing(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """As it was: only a test that failed had a class."""
    rows = apps.get_model("mirror", "AccountConnector").objects
    rows.filter(test_failed_at=None).exclude(why_broken="").update(why_broken="")


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("mirror", "0021_order_by_index"),
    ]

    operations = [
        migrations.RunPython(say_unknown, say_nothing, elidable=True),
        migrations.AddIndex(
            model_name="accountconnector",
            index=models.Index(
                condition=~Q(why_broken="") & Q(gone_at=None),
                fields=["why_broken"],
                name="account_connector_why",
            ),
        ),
        migrations.AlterField(
            model_name="accountconnector",
            name="test_failed_at",
            field=models.DateTimeField(
                blank=True,
                help_text="A test or call failed then; empty if the newest did not.",
                null=True,
            ),
        ),
        migrations.AlterField(
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
                help_text="The class of why it stopped working, or could not be tested.",
                max_length=20,
            ),
        ),
    ]
