"""Rows of the ledger that two writers put there both go.

A row that says what the one before it says is left out; so is one that puts the state before back
between two that are the same, which the slower writer did.
"""

from typing import Any

from django.db import migrations

FACTS = (
    "is_gone",
    "authenticated",
    "identity",
    "release_id",
    "connector_version",
    "filled",
)
AT_A_TIME = 500


def remove_doubles(apps: Any, schema_editor: Any) -> None:
    ConnectorState = apps.get_model("mirror", "ConnectorState")
    rows = ConnectorState.objects.order_by("account_connector", "pk")
    columns = ("pk", "account_connector", "until", "after", *FACTS)
    doubles: list[int] = []
    kept: list[Any] = []
    for pk, connector, until, after, *facts in rows.values_list(*columns).iterator():
        row = (pk, connector, until, after, facts)
        if kept and kept[-1][1] != connector:
            kept = []
        if len(kept) > 1 and kept[-2][4] == facts and kept[-1][2] <= kept[-2][2]:
            doubles += [kept.pop()[0], pk]  # `was`, at the very moment of `now`, and `now` again
            continue
        if kept and kept[-1][4] == facts:
            doubles.append(pk)
            continue
        kept = [*kept[-1:], row]
    for start in range(0, len(doubles), AT_A_TIME):
        ConnectorState.objects.filter(pk__in=doubles[start : start + AT_A_TIME]).delete()


class Migration(migrations.Migration):
    dependencies = [("mirror", "0024_connector_states")]

    operations = [migrations.RunPython(remove_doubles, migrations.RunPython.noop, elidable=True)]
