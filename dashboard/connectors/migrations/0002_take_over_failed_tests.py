"""Connectors whose newest test had failed by now are *Not working* from the start."""

from typing import Any

from django.db import migrations
from django.db.models import Count, Q


def take_over(apps: Any, schema_editor: Any) -> None:
    runs = apps.get_model("connectors", "ProofRun").objects.exclude(worked=None)
    connectors = apps.get_model("mirror", "AccountConnector").objects
    newest: dict[int, Any] = {}
    for run in runs.exclude(began_at=None).order_by("began_at").iterator():
        newest[run.account_connector_id] = run
    touched = set()
    for pk, run in newest.items():
        if run.worked:
            continue
        since = Q(authenticated_since=None) | Q(authenticated_since__lte=run.began_at)
        rows = connectors.filter(since, pk=pk)
        if rows.update(test_failed_at=run.began_at, test_failure=run.words):
            touched.update(rows.values_list("account_id", flat=True))
    failed = Q(
        connectors__gone_at=None,
        connectors__authenticated=True,
        connectors__test_failed_at__isnull=False,
    )
    accounts = apps.get_model("mirror", "Account").objects
    for account in accounts.filter(pk__in=touched).annotate(n=Count("connectors", filter=failed)):
        accounts.filter(pk=account.pk).update(not_working_count=account.n)


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0001_proof_methods_runs_and_look_ups"),
        ("mirror", "0007_not_working"),
    ]

    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]
