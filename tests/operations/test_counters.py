"""Counts that earlier builds kept as keys in `prepared` are columns."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from dashboard.consoles.models import Console
from dashboard.operations.models import Operation, State
from tests.factories import make_operation

counters = import_module("dashboard.operations.migrations.0007_counters")


@pytest.mark.parametrize(
    ("kept", "resends", "finalize_tries"),
    [
        ({"name": "CRM", "resends": 2}, 2, 0),
        ({"name": "CRM", "tidied": 3}, 0, 3),
        ({"name": "CRM", "resends": 1, "tidied": 2}, 1, 2),
        ({"name": "CRM"}, 0, 0),
    ],
)
def test_a_count_in_json_is_carried_over_and_back(
    console: Console, kept: dict[str, object], resends: int, finalize_tries: int
) -> None:
    operation = make_operation(console=console, prepared=kept)

    counters.take_out(apps, connection.schema_editor())
    operation.refresh_from_db()
    assert operation.prepared == {"name": "CRM"}
    assert (operation.resends, operation.finalize_tries) == (resends, finalize_tries)

    counters.put_back(apps, connection.schema_editor())
    operation.refresh_from_db()
    assert operation.prepared == kept


def test_what_was_prepared_for_nothing_yet_stays_so(console: Console) -> None:
    operation = make_operation(console=console, prepared=None)

    counters.take_out(apps, connection.schema_editor())

    operation.refresh_from_db()
    assert operation.prepared is None and operation.state == State.QUEUED
    assert not Operation.objects.exclude(resends=0)
