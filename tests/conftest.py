"""What every test may ask for: real servers, a Chromium, the dashboard's own processes.

Where one of them cannot be had the test is skipped and says so; with CI=true it fails instead.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings
from playwright.sync_api import BrowserContext, expect

from dashboard.launcher.broker import MissingServerError
from tests.support.desk import Desk
from tests.support.migrated import memory_filled
from tests.support.services import PostgresServer, RedisServer, chromium, make_database
from tests.support.waiting import CEILING_MS

pytest_plugins = ["tests.simulated", "tests.support.groups"]

# Playwright's event loop runs in the test's thread, where Django would refuse to use the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


HERE = Path(__file__).parent
IN_CI = os.environ.get("CI", "").lower() in {"true", "1"}

# The same examples in every run of CI, others in every run elsewhere.
settings.register_profile(
    "desk",
    derandomize=IN_CI,
    deadline=None,
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
)
settings.load_profile("desk")


def missing(error: MissingServerError) -> NoReturn:
    """Skip for want of a server; where CI=true promises that all are there, fail."""
    if IN_CI:
        pytest.fail(f"not on this machine: {error}")
    pytest.skip(f"not on this machine: {error}")


ON_BOTH = {"accounts", "fleet", "jobs", "mirror", "operations"}
"""Packages whose own SQL (leases, upserts, search, order of nulls) SQLite reads otherwise."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole dashboards run one after another: two at a time would starve each other.

    `database`: asks for the database. `sqlite`: is to be tried there as well as on PostgreSQL.
    """
    for item in items:
        asked_for = set(getattr(item, "fixturenames", ()))
        if {"desk", "desk_processes"} & asked_for:
            item.add_marker(pytest.mark.xdist_group("processes"))
        is_transactional = "transactional_db" in asked_for
        if is_transactional or "db" in asked_for or item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.database)
            if is_transactional or item.path.relative_to(HERE).parts[0] in ON_BOTH:
                item.add_marker(pytest.mark.sqlite)


def pytest_collection_finish() -> None:
    """The garbage collector leaves alone what stays to the end.

    Counting what is covered makes an object for each new branch: under the usual thresholds the
    collector goes over all modules and tests again and again, which takes a third of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


@pytest.fixture(scope="session")
def worker_number(worker_id: str) -> int:
    """0 for the first pytest-xdist worker or the only process, 1 for the second, …"""
    return int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0


@pytest.fixture(scope="session")
def redis_url(worker_number: int) -> Iterator[str]:
    """A real Redis; each xdist worker has a database (./test's server) or a server of its own.

    It is not emptied between tests: a test that counts keys uses `redis_server`, or empties it.
    """
    if url := os.environ.get("TEST_REDIS_URL"):
        yield f"{url.rsplit('/', 1)[0]}/{worker_number}"
        return
    try:
        server = RedisServer()
    except MissingServerError as error:
        missing(error)
    with server:
        yield server.url


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis for this test alone, which may freeze it, kill it and start it again."""
    try:
        server = RedisServer(append_only=True)
    except MissingServerError as error:
        missing(error)
    with server:
        yield server


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """The address of a PostgreSQL's maintenance database, for a superuser."""
    if url := os.environ.get("TEST_DATABASE_URL") or os.environ.get("TEST_POSTGRES_URL"):
        yield url
        return
    try:
        server = PostgresServer()
    except MissingServerError as error:
        missing(error)
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_url(postgres_server_url: str, worker_number: int) -> str:
    """An empty database of a real PostgreSQL (pg_trgm can be created), one per xdist worker."""
    return make_database(postgres_server_url, f"desk_{worker_number}")


@pytest.fixture
def make_postgres_database(postgres_server_url: str, worker_number: int) -> Callable[[], str]:
    """Makes empty databases of a real PostgreSQL and answers their addresses."""
    made: list[str] = []

    def make() -> str:
        made.append(make_database(postgres_server_url, f"desk_{worker_number}_{len(made)}"))
        return made[-1]

    return make


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright starts this machine's Chromium, with nothing in the background."""
    expect.set_options(timeout=CEILING_MS)
    try:
        path = chromium()
    except MissingServerError as error:
        missing(error)
    switches = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ]
    return {**browser_type_launch_args, "executable_path": path, "args": switches}


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """The browser context of a test's `page`: it waits as long as everything here does."""
    context.set_default_timeout(CEILING_MS)
    return context


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test with a whole dashboard behind it shows what that said last."""
    report = yield
    if report.failed and call.when == "call" and isinstance(item, pytest.Function):
        for value in item.funcargs.values():
            for desk in value if isinstance(value, tuple) else (value,):
                if isinstance(desk, Desk):
                    report.sections.append(("the dashboard said", desk.logs[-6000:]))
    return report


@pytest.fixture
def desk_processes() -> Iterator[Callable[..., Desk]]:
    """Starts complete dashboards as real processes, which end with the test."""
    started: list[Desk] = []

    def start(**settings: str) -> Desk:
        try:
            desk = Desk(**settings)
        except MissingServerError as error:
            missing(error)
        started.append(desk)
        desk.start()
        return desk

    yield start
    for desk in started:
        desk.stop()


@pytest.fixture(scope="session")
def desk() -> Iterator[Desk]:
    """One complete dashboard that tests share: SQLite, embedded broker, a local Cyclr, all read."""
    try:
        shared = Desk()
    except MissingServerError as error:
        missing(error)
    shared.start()
    shared.wait_until_read()
    yield shared
    shared.stop()


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """What a process keeps for a minute is of another test."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
) -> Iterator[None]:
    """Asked for right before the tests' database is made."""
    with memory_filled():
        yield


@pytest.fixture(scope="session", autouse=True)
def what_was_committed_is_emptied() -> Iterator[None]:
    """After a test that commits, instead of Django's `flush`."""
    from django.test import TransactionTestCase

    from tests.support.committed import empty

    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
    TransactionTestCase._fixture_teardown = lambda _: empty()  # type: ignore[attr-defined]
    yield
    TransactionTestCase._fixture_teardown = flush  # type: ignore[attr-defined]


@pytest.fixture(scope="session", autouse=True)
def every_recorded_act_has_a_label() -> Iterator[None]:
    """Whatever a test does that is recorded: its action is registered, or in plain words."""
    from django.db.models.signals import post_save

    from dashboard.audit.labels import has_label
    from dashboard.audit.models import AuditEntry

    def check(sender: object, instance: AuditEntry, **_: Any) -> None:
        is_ours = not instance.action.startswith("tests.")
        assert has_label(instance.action) or not is_ours, instance.action

    post_save.connect(check, sender=AuditEntry, weak=False)
    yield
    post_save.disconnect(check, sender=AuditEntry)
