"""How long the sync's own part takes at size: merging a list of accounts, without Cyclr.

    .venv/bin/python tests/bench/sync.py [--accounts N]

Prints seconds for a first listing, an unchanged one, one in which some or all names changed and
one that misses some; with the longest transaction and the longest single statement, in
milliseconds: nothing is locked for longer than that. Then as much for the connectors of 500
accounts. On SQLite in a temporary directory unless TEST_DATABASE_URL names an empty PostgreSQL
database. Compare figures of one run with each other, not with those of another machine.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
FOLDER = tempfile.mkdtemp(prefix="desk-bench-")
os.environ.setdefault("TEST_DATABASE_URL", f"sqlite:///{FOLDER}/bench.sqlite3")
os.environ["LOG_LEVEL"] = "ERROR"
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

import cyclr_api  # noqa: E402
from cyclr_api import Listing  # noqa: E402
from dashboard.mirror import sync  # noqa: E402
from dashboard.mirror.models import Account  # noqa: E402
from dashboard.mirror.sync import accounts as accounts_sync  # noqa: E402
from tests.factories import OAUTH, make_console  # noqa: E402

longest = {"transaction": 0.0, "statement": 0.0}


def timed(name: str, work: Callable[[], object]) -> None:
    """Do it and print the figures."""
    longest.update(transaction=0.0, statement=0.0)
    started = time.process_time()
    with connection.execute_wrapper(measure):
        work()
    seconds = time.process_time() - started
    sys.stdout.write(
        f"{name:34} {seconds:7.2f} {longest['transaction']:12.0f} {longest['statement']:10.0f}\n"
    )


def measure(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """Remember the slowest statement."""
    started = time.process_time()
    try:
        return execute(sql, params, many, context)
    finally:
        spent = (time.process_time() - started) * 1000
        longest["statement"] = max(longest["statement"], spent)


_enter, _exit = transaction.Atomic.__enter__, transaction.Atomic.__exit__
_began: list[float] = []


def enter(self: Any) -> None:
    """An outermost transaction begins."""
    _began.append(time.process_time())
    _enter(self)


def leave(self: Any, *error: Any) -> None:
    """It ends."""
    _exit(self, *error)
    spent = (time.process_time() - _began.pop()) * 1000
    if not _began:
        longest["transaction"] = max(longest["transaction"], spent)


transaction.Atomic.__enter__, transaction.Atomic.__exit__ = enter, leave


def accounts(count: int, word: str = "Customer", *, every: int = 1) -> Listing[cyclr_api.Account]:
    """What Cyclr lists; one of `every` accounts has the word in its name."""
    return Listing(
        cyclr_api.Account(
            id=f"shop-{n}.example",
            name=f"{word if n % every == 0 else 'Customer'} {n:05d} Büro & Söhne",
            description="An account of the bench",
            timezone="Europe/London",
            created_at=timezone.now().replace(year=2024, microsecond=0, second=0, minute=0, hour=0),
        )
        for n in range(count)
    )


def listing(found: Listing[Any]) -> Callable[..., Any]:
    """A stand-in for the client that lists these accounts at once."""

    @contextmanager
    def asking(*_: object) -> Iterator[Any]:
        yield SimpleNamespace(accounts=SimpleNamespace(readable=lambda **_: found))

    return asking


def installed(number: int, *, authenticated: bool = True) -> Listing[cyclr_api.AccountConnector]:
    """Six connectors of one account."""
    connector = cyclr_api.Connector.from_json(
        {"Id": 7, "Name": "HubSpot", "Version": "1.0", "Authentication": [OAUTH]}
    )
    return Listing(
        cyclr_api.AccountConnector(
            id=number * 10 + n + 1,
            name=f"HubSpot {n}",
            authenticated=authenticated,
            connector=connector,
        )
        for n in range(6)
    )


def main() -> None:
    """Merge one listing after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=10_000)
    count = parser.parse_args().accounts
    call_command("migrate", verbosity=0)
    console = make_console()
    sys.stdout.write(f"{'':34} seconds  transaction  statement\n")
    missing = Listing(accounts(count, "Firm")[: count * 9 // 10])
    for name, found in {
        f"{count} accounts, first time": accounts(count),
        "unchanged": accounts(count),
        "one in a hundred renamed": accounts(count, "Client", every=100),
        "all renamed": accounts(count, "Firm"),
        "one in ten missing": missing,
    }.items():
        accounts_sync.asking = listing(found)
        timed(name, lambda: sync.refresh_accounts(console))
    some = list(Account.objects.select_related("console")[:500])

    def connectors(**values: Any) -> None:
        for number, account in enumerate(some):
            sync.write_account_connectors(account, installed(number, **values), timezone.now())

    timed("connectors of 500 accounts, first", connectors)
    timed("unchanged", connectors)
    timed("all changed", lambda: connectors(authenticated=False))


if __name__ == "__main__":
    main()
