"""How long a reconnect campaign over 5,000 accounts takes: form, draft, preview, table.

    .venv/bin/python tests/bench/campaigns.py [--accounts N]

One connector of each account. Prints the least wall time and the least time of this process's own
computing, in milliseconds; of the CSV when its first row was there. Each may take 300 ms. What was
loaded before is kept from Python's garbage collector, as web servers keep it (`common.preloading`).
On SQLite in a temporary directory unless TEST_DATABASE_URL names an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.pages import seed  # noqa: E402,I001 - it sets Django up

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from dashboard.campaigns.choosing import MOST  # noqa: E402
from dashboard.mirror.models import AccountConnector  # noqa: E402
from dashboard.people.models import Role  # noqa: E402
from tests.bench.figures import Figure, record  # noqa: E402
from tests.factories import make_user  # noqa: E402

ROUNDS = 5
MAY_TAKE = 300
"""Milliseconds of each."""


def least(name: str, work: Callable[[], Any]) -> Any:
    """Do it some times, print the least figures; answers the last response."""
    times, computing, answer = [], [], None
    for _ in range(ROUNDS):
        started, computed = time.perf_counter(), time.process_time()
        answer = work()
        times.append((time.perf_counter() - started) * 1000)
        computing.append((time.process_time() - computed) * 1000)
        if answer.status_code not in {200, 302}:
            raise SystemExit(f"{name} answered {answer.status_code}")
    sys.stdout.write(f"{name:28} {min(times):8.0f} {min(computing):8.0f}\n")
    what = f"campaign over {MOST:,} accounts: {name}"
    record(Figure(what, f"{min(times):.0f} ms", f"{MAY_TAKE} ms", min(times) / MAY_TAKE, 1))
    return answer


def first_row(client: Client, data: dict[str, str]) -> Any:
    """The table of recipients as far as its first row."""
    answer: Any = client.post(reverse("campaign_table"), data)
    lines = iter(answer.streaming_content)
    next(lines), next(lines)
    return answer


def main() -> None:
    """Seed, then measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=10_000)
    call_command("migrate", verbosity=0)
    seed(parser.parse_args().accounts)
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(make_user(Role.ADMIN))
    rows = AccountConnector.objects.order_by("pk")  # the first so many are each of another account
    ids = list(rows.values_list("pk", flat=True)[:MOST])
    AccountConnector.objects.filter(pk__in=ids).update(authenticated=False)
    data = {"selection": ",".join(map(str, ids))}
    new = reverse("campaign_new")
    wishes = {"expires": "604800", "skips_linked": "on", "skips_authenticated": "on"}
    gc.collect()
    gc.freeze()
    sys.stdout.write(f"{'':28} {'least':>8} {'CPU':>8}\n")
    least("form", lambda: client.post(new, data))
    sent = least(
        "form sent", lambda: client.post(new, data | wishes | {"submission": str(uuid.uuid4())})
    )
    least("preview", lambda: client.get(sent["Location"]))
    least("table, first row", lambda: first_row(client, data))


if __name__ == "__main__":
    main()
