"""What steps are carried out by leaves the copy that is kept for display."""

from typing import Any

from django.db import migrations, models
from django.db.models import Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce


def take_out(apps: Any, schema_editor: Any) -> None:
    """The build before kept both in that copy, and reads them there if somebody goes back."""
    steps = apps.get_model("onboarding", "OnboardingStep").objects.order_by()
    name = Coalesce(KT("display_input__name"), Value(""))
    steps.filter(kind="template").update(cycle_name=name)
    steps.filter(display_input__has_secrets=True).update(has_secrets=True)


def put_back(apps: Any, schema_editor: Any) -> None:
    """What was planned since has them in the columns alone."""
    steps = apps.get_model("onboarding", "OnboardingStep").objects
    for step in steps.exclude(cycle_name="").iterator():
        step.display_input["name"] = step.cycle_name
        step.save(update_fields=["display_input"])
    for step in steps.filter(has_secrets=True).iterator():
        step.display_input["has_secrets"] = True
        step.save(update_fields=["display_input"])


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [
        ("onboarding", "0001_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name="onboardingstep",
            name="cycle_name",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="What the cycle of a template is called.",
            ),
        ),
        migrations.AddField(
            model_name="onboardingstep",
            name="has_secrets",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Its entries are kept for a day only."
            ),
        ),
        migrations.RunPython(take_out, put_back),
    ]
