"""How fast the first reading of a whole console is, beside what is possible.

    .venv/bin/python tests/bench/first_sync.py [--accounts 2000] [--latency 0.1] [--rate 10000]

The whole dashboard runs beside a Cyclr that takes so long for each call, and reads accounts and
their connectors for the first time. Prints accounts a second, calls an account, and three ratios
of the same run: to a script that asks for one account after the other in one `requests.Session`;
to 64 calls always in flight; to the rate that was set. On SQLite unless DATABASE_URL names an
empty PostgreSQL database. Compare ratios, not figures of other machines.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.figures import Figure, record  # noqa: E402
from tests.support.desk import Desk  # noqa: E402
from tests.support.services import free_port  # noqa: E402
from tests.support.waiting import wait_until  # noqa: E402

IN_FLIGHT = 64


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def sequential(url: str, accounts: int) -> float:
    """Accounts a second of a script that asks for one after the other."""
    session = requests.Session()
    token = session.post(f"{url}/oauth/token", data={}).json()["access_token"]
    began = time.perf_counter()
    for number in range(accounts):
        headers = {
            "X-Cyclr-Account": f"customer-{number}.example",
            "Authorization": f"Bearer {token}",
        }
        query = {"page": "1", "pageSize": "100"}
        session.get(f"{url}/v1.0/account/connectors", params=query, headers=headers).json()
    return accounts / (time.perf_counter() - began)


def read(desk: Desk, url: str) -> tuple[float, float]:
    """Accounts a second of the dashboard's first reading, and calls an account."""
    desk.wait_for_row("SELECT 1 FROM mirror_syncrun WHERE listed_at IS NOT NULL", "for the lists")
    began = time.perf_counter()
    is_over = """
        SELECT 1 FROM (
            SELECT count(*) AS found, count(read_at) AS told FROM mirror_account
        ) AS counted
        WHERE found = told
    """
    while not desk.rows(is_over):
        time.sleep(0.2)
    spent = time.perf_counter() - began
    count = desk.rows("SELECT count(*) FROM mirror_account")[0][0]
    asked = requests.get(f"{url}/counts", timeout=60).json()["GET /account/connectors"]
    return count / spent, asked / count


def main() -> None:
    """Start both, wait for the reading, say how fast it was."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--rate", type=int, default=10_000)
    options = parser.parse_args()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    stand_in = Path(__file__).with_name("cyclr_stand_in.py")
    numbers = [f"--{name}={getattr(options, name)}" for name in ("accounts", "latency")]
    cyclr = subprocess.Popen([sys.executable, str(stand_in), f"--port={port}", *numbers])
    more = {"DATABASE_URL": os.environ["DATABASE_URL"]} if "DATABASE_URL" in os.environ else {}
    desk = Desk(
        CYCLR_API_URL=url,
        CYCLR_SERVICE_URL=url,
        CYCLR_CLIENT_ID="bench",
        CYCLR_CLIENT_SECRET="bench",  # noqa: S106
        CYCLR_CALLS_PER_SECOND=str(options.rate),
        **more,
    )
    try:
        wait_until(lambda: is_open(port), "for the stand-in")
        alone = sequential(url, min(50, options.accounts))
        desk.start()
        fast, calls = read(desk, url)
        limit = IN_FLIGHT / options.latency
        sys.stdout.write(
            f"accounts a second {fast:.1f}, calls an account {calls:.3f}\n"
            f"to a sequential script ({alone:.1f}/s): {fast / alone:.1f} times\n"
            f"to {IN_FLIGHT} calls in flight ({limit:.0f}/s): {fast / limit:.2f}\n"
            f"to the rate set ({options.rate}/s): {fast * calls / options.rate:.2f}\n"
        )
        here = f"{fast:.0f}/s"
        for figure in (
            Figure("calls an account", f"{calls:.3f}", "1", calls, 1.05),
            Figure("one after the other", here, f"{alone:.1f}/s", fast / alone, 40, at_least=True),
            Figure("64 in flight", here, f"{limit:.0f}/s", fast / limit, 0.85, at_least=True),
        ):
            record(figure)
    finally:
        desk.stop()
        cyclr.terminate()


if __name__ == "__main__":
    main()
