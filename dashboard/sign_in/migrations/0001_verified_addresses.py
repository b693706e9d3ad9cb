"""Everybody who is there gets the verified address that allauth looks for."""

from typing import Any

from django.conf import settings
from django.db import migrations


def add_addresses(apps: Any, schema_editor: Any) -> None:
    """For each person the address they sign in with, in lower case; passwords stay as they are."""
    user_model = apps.get_model("people", "User")
    address_model = apps.get_model("account", "EmailAddress")
    have = set(address_model.objects.values_list("user_id", flat=True))
    rows = [
        address_model(user_id=pk, email=email.lower(), primary=True, verified=True)
        for pk, email in user_model.objects.values_list("pk", "email")
        if pk not in have
    ]
    address_model.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("people", "0002_single_keys"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]

    operations = [migrations.RunPython(add_addresses, migrations.RunPython.noop)]
