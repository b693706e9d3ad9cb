"""The audit trail as who owns the database can treat it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.transaction import get_connection

from dashboard.audit import triggers
from dashboard.audit.models import AuditChain, AuditEntry, AuditPruning, ChainedEntry
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
        _delete_all()


def empty_committed_trail() -> None:
    """The same of a trail all of whose entries have their places, by the way of the retention.

    Another thread may be reading in this very connection, which SQLite does not survive when
    triggers are dropped meanwhile.
    """
    with transaction.atomic():
        chains = ChainedEntry.objects.order_by().values_list("chain", flat=True).distinct()
        AuditPruning.objects.bulk_create(AuditPruning(chain=one, up_to=2**62) for one in chains)
        _delete_all()


def _delete_all() -> None:
    for model in (AuditEntry, ChainedEntry, AuditChain, AuditPruning):
        rows = model.objects.all()
        rows._raw_delete(rows.db)


@contextmanager
def full_trail() -> Iterator[None]:
    """The database takes no entry: a fault of its own, met like any other."""
    table = AuditEntry._meta.db_table
    settle = ""
    if connection.vendor == "postgresql":
        # It alters no table that deferred checks of this transaction wait for.
        settle = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; "
        begin = f"ALTER TABLE {table} ADD CONSTRAINT trail_is_full CHECK (false) NOT VALID"
        end = f"ALTER TABLE {table} DROP CONSTRAINT trail_is_full"
    else:
        begin = (
            f"CREATE TRIGGER trail_is_full BEFORE INSERT ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the trail is full'); END"
        )
        end = "DROP TRIGGER trail_is_full"
    with connection.cursor() as cursor:
        cursor.execute(settle + begin)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(settle + end)
