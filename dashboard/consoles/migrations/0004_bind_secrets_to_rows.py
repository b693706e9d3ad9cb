"""Seal each console's secret to its row instead of its address and client id, which may change."""

from __future__ import annotations

import sys
from typing import Any

from django.db import migrations

from dashboard.common import encryption


def _moved(sealed: str, before: str, after: str) -> str | None:
    """The secret sealed to its new place; None if it can be opened at neither."""
    try:
        return encryption.encrypt(
            encryption.decrypt(sealed, associated_data=before), associated_data=after
        )
    except encryption.DecryptionError:
        pass
    try:
        encryption.decrypt(sealed, associated_data=after)
    except encryption.DecryptionError:
        return None
    return sealed  # an interrupted run was here


def _move_all(apps: Any, places: Any) -> None:
    consoles = apps.get_model("consoles", "Console")
    for row in consoles.objects.exclude(sealed_client_secret="").order_by("pk"):
        address = f"consoles.console:{row.api_url}:{row.client_id}:secret"
        moved = _moved(
            row.sealed_client_secret, *places(address, f"consoles.console:{row.pk}:secret")
        )
        if moved is None:
            sys.stderr.write(
                f"The client secret of console {row.pk} ({row.name}) stays as it is: its key is not"
                " among CREDENTIAL_KEYS.\n"
            )
        else:
            same = consoles.objects.filter(pk=row.pk, sealed_client_secret=row.sealed_client_secret)
            same.update(sealed_client_secret=moved)


def to_rows(apps: Any, schema_editor: Any) -> None:
    _move_all(apps, lambda address, row: (address, row))


def to_addresses(apps: Any, schema_editor: Any) -> None:
    _move_all(apps, lambda address, row: (row, address))


class Migration(migrations.Migration):
    dependencies = [("consoles", "0003_undecided_consoles")]
    operations = [migrations.RunPython(to_rows, to_addresses)]
