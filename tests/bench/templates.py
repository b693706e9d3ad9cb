"""One template into many accounts: how much of the rate it uses, and what singles wait meanwhile.

    .venv/bin/python tests/bench/templates.py [--accounts 500] [--singles 20] [--rate 20]

The whole dashboard runs beside a local Cyclr that takes 100 ms a call. First a colleague installs
the template into single accounts while nothing else is done, then into as many while a run over
`--accounts` goes on. Prints the calls a second that Cyclr saw while the run was busy, as a share
of `CYCLR_CALLS_PER_SECOND`, the accounts a minute, and the milliseconds from the press until a
single one is done, alone and beside the run: both in one run, so that they may be compared.
`--accounts` counts the run's; there are as many more as are installed into singly. Linux only.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from datetime import datetime
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from methods import LATENCY, Staff  # noqa: E402

from cyclr_api.simulator.demo.load_data import scaled_state  # noqa: E402
from tests.bench.figures import Figure, record  # noqa: E402
from tests.support.desk import Desk  # noqa: E402

LOOK_EVERY = 0.02
CALLS_APART = 30.0
"""Seconds of the run that are looked at: Cyclr remembers its latest 5,000 calls."""


def single(staff: Staff, desk: Desk, account: int, template: int) -> float:
    """Install into one account; milliseconds from the press until it is done."""
    path = f"/accounts/{account}/templates/{template}/"
    page = staff.get(path)
    began = time.perf_counter()
    answer = staff.post(path, page, name="Single")
    reference = re.search(r"/operations/(\w+)/", answer.url)
    if reference is None:
        raise SystemExit(f"{path} led to {answer.url}")
    asked = "SELECT reference, state FROM operations_operation WHERE NOT is_bulk"
    while (state := dict(desk.rows(asked))[reference[1]]) != "done":
        if state in {"failed", "cancelled"}:
            raise SystemExit(f"{path}: {state}")
        time.sleep(LOOK_EVERY)
    return (time.perf_counter() - began) * 1000


def start(staff: Staff, template: int, ids: list[str]) -> str:
    """Preview and start; the address of the run."""
    path = f"/templates/{template}/many/"
    page = staff.get(path)
    run = staff.post(path, page, name="Many", table="\n".join(ids), leaves_out_done="on")
    where = str(run.url.removeprefix(staff.desk.url))
    if "/bulk/" not in where:
        raise SystemExit(f"{path} led to {where}")
    staff.post(f"{where}start/", run)
    return where


def done(desk: Desk) -> int:
    """Rows of the run that are done."""
    found = desk.rows("SELECT COUNT(*) FROM operations_operation WHERE is_bulk AND state = 'done'")
    return int(found[0][0])


def calls_since(desk: Desk, moment: datetime) -> int:
    """The calls of the API that Cyclr has seen since."""
    seen = desk.cyclr_control("requests")
    return sum(
        datetime.fromisoformat(one["time"]) >= moment and "/v1.0/" in one["path"] for one in seen
    )


def say(name: str, times: list[float]) -> float:
    """Print a line; the 95th of a hundred."""
    times = sorted(times)
    p95 = times[max(0, round(len(times) * 0.95) - 1)]
    sys.stdout.write(f"{name:34} {times[len(times) // 2]:8.0f} {p95:8.0f} {times[-1]:8.0f}\n")
    return p95


def measure(desk: Desk, options: argparse.Namespace) -> None:
    """Singles alone, then beside a run."""
    staff, colleague = Staff(desk), Staff(desk)
    rows = desk.rows("SELECT id, cyclr_id FROM mirror_account WHERE gone_at IS NULL ORDER BY id")
    template = desk.rows("SELECT id FROM mirror_template ORDER BY id")[0][0]
    alone = rows[: options.singles]
    beside = rows[options.singles : 2 * options.singles]
    many = [cyclr_id for _, cyclr_id in rows[2 * options.singles :]][: options.accounts]
    sys.stdout.write(
        f"{'milliseconds of a single install':34} {'median':>8} {'p95':>8} {'most':>8}\n"
    )
    before = say("alone", [single(colleague, desk, pk, template) for pk, _ in alone])
    start(staff, template, many)
    desk.wait_for(lambda: done(desk) >= 4, "for the run to be busy")
    began, seen, first = time.monotonic(), desk.cyclr_control("requests"), done(desk)
    moment = datetime.fromisoformat(seen[-1]["time"])
    window = min(CALLS_APART, len(many) / 20)
    time.sleep(window)
    spent, calls, ended = time.monotonic() - began, calls_since(desk, moment), done(desk) - first
    if done(desk) >= len(many):
        raise SystemExit("the run was over too soon: give it more accounts")
    times = [single(colleague, desk, pk, template) for pk, _ in beside]
    after = say("beside the run", times)
    was_busy = done(desk) < len(many)
    sys.stdout.write(
        f"later by p95: {after - before:.0f} ms{'' if was_busy else ' (the run had ended)'}\n"
        f"calls a second: {calls / spent:.1f} of {options.rate:g}, "
        f"{100 * calls / spent / options.rate:.0f} %\n"
        f"accounts a minute: {60 * ended / spent:.0f}\n"
    )
    fast, late = calls / spent, after - before
    share = fast / options.rate
    what = "calls a second, of the rate set"
    record(Figure(what, f"{fast:.1f}", f"{options.rate:g}", share, 0.85, at_least=True))
    what = "a single install beside the run, later by (p95, ms)"
    record(Figure(what, f"{late:.0f}", "500", late / 500, 1))


def main() -> None:
    """Start it, install, say how long it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--singles", type=int, default=20)
    parser.add_argument("--rate", type=float, default=20.0)
    options = parser.parse_args()
    accounts = options.accounts + 2 * options.singles
    state = scaled_state(accounts, accounts)
    desk = Desk(CYCLR_CALLS_PER_SECOND=f"{options.rate:g}", DESK_SYNC_EVERY="86400")
    world = desk.var / "world.json"
    world.write_bytes(state.encoded())
    desk.environment["LOCAL_CYCLR_OPTIONS"] = f"--world {world} --latency {LATENCY}"
    desk.start()
    try:
        desk.wait_until_read()
        measure(desk, options)
    finally:
        desk.stop()


if __name__ == "__main__":
    main()
