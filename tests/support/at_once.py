"""Several people, or one impatient one, at the very same moment: real threads and transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from django.db import connections

from tests.support.waiting import CEILING

T = TypeVar("T")


@contextmanager
def shared_database(folder: Path) -> Iterator[None]:
    """The test's database, which threads share within it as processes do.

    PostgreSQL as it is; an SQLite in memory is moved to a file, for its locks are others there.
    """
    before = connections["default"]
    settings = connections.settings["default"]
    name = settings["NAME"]
    if before.vendor == "sqlite":
        before.ensure_connection()
        settings["NAME"] = str(folder / "desk.sqlite3")
        with sqlite3.connect(settings["NAME"]) as copy:
            before.connection.backup(copy)
        copy.close()
        connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        if before.vendor == "sqlite":
            connections["default"].close()
            connections["default"] = before
            settings["NAME"] = name


def all_at_once(works: list[Callable[[], T]]) -> list[T]:
    """What each of them answers, begun in the same moment in threads of their own."""
    start = threading.Barrier(len(works))

    def begin(work: Callable[[], T]) -> T:
        start.wait(CEILING)
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(begin, works))
