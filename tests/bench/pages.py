"""How long pages take at size: 10,000 accounts, 60,000 installed connectors, 500 in the library.

    .venv/bin/python tests/bench/pages.py [--accounts N]

Prints the least CPU time, the median and the slowest of some whole requests, in milliseconds, and
their queries. On
SQLite in a temporary directory unless TEST_DATABASE_URL names an empty PostgreSQL database.
Compare figures of one run with each other, not with those of another machine.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
FOLDER = tempfile.mkdtemp(prefix="desk-bench-")
os.environ.setdefault("TEST_DATABASE_URL", f"sqlite:///{FOLDER}/bench.sqlite3")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, reset_queries  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from dashboard.common.searching import search_text, sort_name  # noqa: E402
from dashboard.mirror.counting import recount  # noqa: E402
from dashboard.mirror.models import (  # noqa: E402
    Account,
    AccountConnector,
    CatalogueConnector,
    SyncRun,
)
from dashboard.people.models import Role  # noqa: E402
from tests.factories import API_KEY, OAUTH, make_console, make_user  # noqa: E402

ROUNDS = 15


def seed(accounts: int) -> Account:
    """Fill the database; answers an account with the usual number of connectors."""
    from django.utils import timezone

    console = make_console()
    moment = timezone.now()
    SyncRun.objects.create(console=console, finished_at=moment, listed_at=moment)
    names = [
        f"Customer {n:05d} {['Books', 'Tea', 'Bikes', 'Rugs'][n % 4]}" for n in range(accounts)
    ]
    Account.objects.bulk_create(
        (
            Account(
                console=console,
                cyclr_id=f"shop-{n}.example",
                name=name,
                search_text=search_text(name, f"shop-{n}.example"),
                sort_name=sort_name(name),
                timezone="Europe/London",
                read_at=moment,
                active_at=moment,
            )
            for n, name in enumerate(names)
        ),
        batch_size=1000,
    )
    CatalogueConnector.objects.bulk_create(
        CatalogueConnector(
            console=console,
            name=f"App {n}",
            release_id=n,
            authentication=[OAUTH if n % 2 else API_KEY],
            categories=["CRMs"],
            search_text=search_text(f"App {n}", "CRMs"),
            sort_name=sort_name(f"App {n}"),
        )
        for n in range(500)
    )
    ids = list(Account.objects.values_list("pk", flat=True))
    AccountConnector.objects.bulk_create(
        (
            AccountConnector(
                account_id=ids[n % accounts],
                cyclr_id=n,
                name=f"App {n % 500}",
                connector_name=f"App {n % 500}",
                authentication=[OAUTH],
                authenticated=n % 40 != 0,
                search_text=search_text(f"App {n % 500}"),
                sort_name=sort_name(f"App {n % 500}"),
            )
            for n in range(accounts * 6)
        ),
        batch_size=1000,
    )
    for start in range(0, accounts, 500):
        recount(ids[start : start + 500])
    return Account.objects.get(pk=ids[accounts // 2])


def measure(client: Client, name: str, url: str) -> None:
    """Time whole requests to one page and print the figures."""
    client.get(url)
    times, computing = [], []
    for _ in range(ROUNDS):
        reset_queries()
        started, computed = time.perf_counter(), time.process_time()
        answer = client.get(url)
        times.append((time.perf_counter() - started) * 1000)
        computing.append((time.process_time() - computed) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{url} answered {answer.status_code}")
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    sys.stdout.write(
        f"{name:28} {min(computing):8.1f} {statistics.median(times):8.1f} {max(times):8.1f}"
        f" {len(queries):8d} {len(answer.content) // 1024:6d}\n"
    )


def main() -> None:
    """Seed, then measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=10_000)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    account = seed(options.accounts)
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(make_user(Role.ADMIN))
    connector = CatalogueConnector.objects.get(name="App 7")
    installed = account.connectors.all()[0]
    sys.stdout.write(
        f"{'page':28} {'CPU':>8} {'median':>8} {'slowest':>8} {'queries':>8} {'KiB':>6}\n"
    )
    for name, url in {
        "overview": "/",
        "accounts": "/accounts/",
        "accounts, searched": "/accounts/?q=09999",
        "accounts, last page": "/accounts/?page=200",
        "accounts, to look at": "/accounts/?sort=attention",
        "account": account.get_absolute_url(),
        "install, picker": f"/accounts/{account.pk}/install/",
        "install, form": f"/accounts/{account.pk}/install/{connector.pk}/",
        "connectors": "/connectors/",
        "connectors, searched": "/connectors/?q=app+499",
        "connector": installed.get_absolute_url(),
        "library": "/library/",
        "links": "/links/",
        "operations": "/operations/",
    }.items():
        measure(client, name, url)


if __name__ == "__main__":
    main()
