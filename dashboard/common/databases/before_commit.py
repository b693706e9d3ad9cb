"""Work that is done in a transaction as its last thing: what must hold a lock but shortly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import get_connection

Work = Callable[[list[Any]], None]


class BeforeCommit(BaseDatabaseWrapper):
    """A connection that has something done before each commit. What it raises rolls back."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before_commit: dict[Work, list[Any]] = {}

    def _commit(self) -> None:
        waiting, self.before_commit = self.before_commit, {}
        if waiting:
            self.in_atomic_block = True  # it is one still, and Django has just said it is not
            try:
                for work, things in waiting.items():
                    work(things)
            except BaseException:
                self.in_atomic_block = False
                self.rollback()
                raise
            self.in_atomic_block = False
        super()._commit()  # type: ignore[misc]  # it has one

    def _rollback(self) -> None:
        self.before_commit = {}
        super()._rollback()  # type: ignore[misc]  # it has one

    def close(self) -> None:
        """What was not committed is gone with the connection."""
        self.before_commit = {}
        super().close()


def do_before_commit(work: Work, thing: object) -> None:
    """Have `work` called, once, with all such things before this transaction commits.

    Things of a savepoint that was rolled back are among them: look for what is there.
    """
    connection = get_connection()
    assert isinstance(connection, BeforeCommit)
    connection.before_commit.setdefault(work, []).append(thing)
