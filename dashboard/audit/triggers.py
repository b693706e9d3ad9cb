"""Triggers by which the database itself refuses to change or delete what the trail says.

What may be deleted stands in `audit_auditpruning`, in the transaction of the retention alone.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

SAYS = (
    *("id", "at", "actor_kind", "actor_user_id", "actor_link", "actor_name", "console_id"),
    *("action", "target", "target_url", "account_name", "result", "details"),
    *("search_text", "actor_search", "account_search"),
)
PLACE = ("entry_id", "chain", "sequence", "digest")
REFUSAL = "The audit trail is only ever added to."
NAMES = {
    "audit_auditentry": ("audit_entry_stays", "audit_entry_kept"),
    "audit_chainedentry": ("audit_place_stays", "audit_place_kept"),
}
"""By table: the triggers against changes and against deletions."""
MAY_GO = {
    "audit_auditentry": (
        "SELECT 1 FROM audit_auditpruning p JOIN audit_chainedentry c"
        " ON c.chain = p.chain AND c.sequence <= p.up_to WHERE c.entry_id = OLD.id"
    ),
    "audit_chainedentry": (
        "SELECT 1 FROM audit_auditpruning p WHERE p.chain = OLD.chain AND OLD.sequence <= p.up_to"
    ),
}
COLUMNS = {"audit_auditentry": SAYS, "audit_chainedentry": PLACE}


def create(connection: BaseDatabaseWrapper) -> None:
    """Put them in."""
    make = _create_postgresql if connection.vendor == "postgresql" else _create_sqlite
    with connection.cursor() as cursor:
        for statement in make():
            cursor.execute(statement)


def drop(connection: BaseDatabaseWrapper) -> None:
    """Take them out."""
    with connection.cursor() as cursor:
        for table, names in NAMES.items():
            for name in names:
                where = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{where}")
                if connection.vendor == "postgresql":
                    cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")


def _create_sqlite() -> list[str]:
    made = []
    for table, (changed, deleted) in NAMES.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        made += [
            f"CREATE TRIGGER {changed} BEFORE UPDATE OF {', '.join(COLUMNS[table])} ON {table}"
            f" {refuse}",
            f"CREATE TRIGGER {deleted} BEFORE DELETE ON {table}"
            f" WHEN NOT EXISTS ({MAY_GO[table]}) {refuse}",
        ]
    return made


def _create_postgresql() -> list[str]:
    made = []
    refuse = f"RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';"
    for table, (changed, deleted) in NAMES.items():
        bodies = {
            changed: refuse,
            deleted: f"IF EXISTS ({MAY_GO[table]}) THEN RETURN OLD; END IF; {refuse}",
        }
        events = {changed: f"UPDATE OF {', '.join(COLUMNS[table])}", deleted: "DELETE"}
        for name, body in bodies.items():
            made += [
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
                f" AS $$ BEGIN {body} END $$",
                f"CREATE TRIGGER {name} BEFORE {events[name]} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()",
            ]
    return made
