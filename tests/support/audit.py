"""The audit trail as who owns the database can treat it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.transaction import get_connection

from dashboard.audit import triggers
from dashboard.audit.models import AuditChain, AuditEntry, ChainedEntry
from dashboard.common.databases.before_commit import BeforeCommit


@contextmanager
def tampering() -> Iterator[None]:
    """Within it the database refuses nothing."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            cursor.execute("SET LOCAL session_replication_role = origin")
        return
    triggers.drop(connection)
    try:
        yield
    finally:
        triggers.create(connection)


def commit() -> None:
    """What a commit does, in a test that has none."""
    connection = get_connection()
    assert isinstance(connection, BeforeCommit)
    waiting, connection.before_commit = connection.before_commit, {}
    for work, things in waiting.items():
        work(things)


def empty_trail() -> None:
    """As if nobody had done anything."""
    if not (AuditEntry.objects.exists() or ChainedEntry.objects.exists()):
        return
    with tampering():
        for model in (AuditEntry, ChainedEntry, AuditChain):
            rows = model.objects.all()
            rows._raw_delete(rows.db)
