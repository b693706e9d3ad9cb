"""A database with all tables, migrated once in a run: every process of the tests takes a copy."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.support.services import make_database

ROOT = Path(__file__).resolve().parent.parent.parent
POSTGRES = "TEST_MIGRATED_DATABASE"
"""Names the database of PostgreSQL; it is the template of tests' own."""
SQLITE = "TEST_MIGRATED_FILE"
"""Names the file of SQLite."""


def on_postgres(server_url: str) -> dict[str, str]:
    """Make it on this server; answers what the tests' environment has to say."""
    name = "desk_migrated"
    _migrate(make_database(server_url, name))
    return {POSTGRES: name}


def on_sqlite(folder: Path) -> dict[str, str]:
    """Make it in this folder."""
    path = folder / "migrated.sqlite3"
    _migrate(f"sqlite:///{path}")
    return {SQLITE: str(path)}


def _migrate(url: str) -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "TEST_DATABASE_URL": url}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True)


@contextmanager
def memory_filled() -> Iterator[None]:
    """The first database in memory that Django opens begins as a copy of the file, if there is one.

    Django then finds nothing to migrate.
    """
    from django.db.backends.signals import connection_created

    path = os.environ.get(SQLITE)

    def fill(connection: Any, **_: Any) -> None:
        if connection.vendor != "sqlite" or not connection.is_in_memory_db():
            return
        connection_created.disconnect(fill)
        with closing(sqlite3.connect(path or "")) as migrated:
            migrated.backup(connection.connection)

    if path:
        connection_created.connect(fill)
    yield
    connection_created.disconnect(fill)
