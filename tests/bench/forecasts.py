"""How long a forecast and the list of older releases take at 60,000 installed connectors.

    .venv/bin/python tests/bench/forecasts.py [--accounts N]

Each connector has three rows in the ledger: connected, lost after some 90 days, connected again; a
tenth are of a release that is not the live one. Prints milliseconds of this process's own computing
for learning from all of it, which a worker does once an hour and which may take 15 s, and for the
pages: older releases, and what wears out. A page may take 300 ms. On SQLite in a temporary
directory unless TEST_DATABASE_URL names an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.pages import seed  # noqa: E402,I001 - it sets Django up

from django.core.management import call_command  # noqa: E402
from django.db.models import F  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from dashboard.consoles.models import Console  # noqa: E402
from dashboard.forecasts import forecasting  # noqa: E402
from dashboard.forecasts.models import Forecast  # noqa: E402
from dashboard.mirror.models import AccountConnector, CatalogueConnector, ConnectorState  # noqa: E402
from dashboard.people.models import Role  # noqa: E402
from tests.bench.figures import Figure, record  # noqa: E402
from tests.factories import make_user  # noqa: E402

PAGE_MAY_TAKE, RUN_MAY_TAKE = 300, 15_000
"""Milliseconds."""
ROUNDS = 5
OLDER = 1_000_000
"""Added to the id of a live release: one that is not."""


def fill() -> None:
    """The ledger, and connectors of older releases."""
    now = timezone.now()
    ids = dict(CatalogueConnector.objects.values_list("name", "release_id"))
    rows: list[AccountConnector] = []
    states: list[ConnectorState] = []
    for one in AccountConnector.objects.only("pk", "connector_name").iterator():
        release = ids[one.connector_name]
        one.release_id = release + OLDER if one.pk % 10 == 0 else release
        began = now - timedelta(days=200 + one.pk % 7, minutes=one.pk % 1000)
        lost = began + timedelta(days=88 + one.pk % 5)
        again = now - timedelta(days=one.pk % 90)
        one.authenticated, one.authenticated_since = True, again
        rows.append(one)
        for moment, is_there in ((began, True), (lost, False), (again, True)):
            states.append(
                ConnectorState(
                    account_connector=one,
                    after=moment - timedelta(hours=1),
                    until=moment,
                    authenticated=is_there,
                    authenticated_since=moment if is_there else None,
                )
            )
    columns = ["release_id", "authenticated", "authenticated_since"]
    AccountConnector.objects.bulk_update(rows, columns, batch_size=500)
    ConnectorState.objects.bulk_create(states, batch_size=1000)


def least(name: str, work: Callable[[], Any], may_take: int, rounds: int = ROUNDS) -> None:
    """Do it some times; print and record the least."""
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        answer = work()
        spent.append((time.process_time() - began) * 1000)
        if answer is not None and answer.status_code != 200:
            raise SystemExit(f"{name} answered {answer.status_code}")
    sys.stdout.write(f"{name:28} {min(spent):8.0f}\n")
    record(Figure(name, f"{min(spent):.0f} ms", f"{may_take} ms", min(spent) / may_take, 1))


def main() -> None:
    """Seed, then measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=10_000)
    call_command("migrate", verbosity=0)
    seed(parser.parse_args().accounts)
    fill()
    console = Console.objects.get()
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(make_user(Role.ADMIN))
    sys.stdout.write(f"{'':28} {'CPU':>8}\n")
    least("a forecast over all", lambda: forecasting.forecast(console), RUN_MAY_TAKE, rounds=2)
    due = Forecast.objects.filter(account_connector_id=F("account_connector__pk")).count()
    sys.stdout.write(f"{due} are due\n")
    drift = reverse("release_drift_list")
    least("older releases", lambda: client.get(drift), PAGE_MAY_TAKE)
    wearing = "/connectors/?q=is:wearing"
    least("what wears out", lambda: client.get(wearing), PAGE_MAY_TAKE)
    least("what wears out, sorted", lambda: client.get(f"{wearing}&sort=wears"), PAGE_MAY_TAKE)


if __name__ == "__main__":
    main()
