"""Moments of PostgreSQL, read by us and as Django reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from psycopg import DataError
from psycopg.postgres import types

from dashboard.common.databases.postgresql.moments import UtcLoader

LOADER = UtcLoader(types["timestamptz"].oid)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (b"2026-11-30 14:20:15.079415+00", datetime(2026, 11, 30, 14, 20, 15, 79415, UTC)),
        (b"2026-11-30 14:20:15+00", datetime(2026, 11, 30, 14, 20, 15, 0, UTC)),
        (b"2026-11-30 14:20:15.5+00", datetime(2026, 11, 30, 14, 20, 15, 500_000, UTC)),
        (b"2026-11-30 14:20:15.079415+05:30", datetime(2026, 11, 30, 8, 50, 15, 79415, UTC)),
        (b"0001-01-01 00:00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
        (b"9999-12-31 23:59:59.999999+00", datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)),
    ],
)
def test_a_moment_is_read_in_utc(told: bytes, meant: datetime) -> None:
    for data in (told, memoryview(told)):
        found = LOADER.load(data)
        assert found == meant
        assert found.tzinfo is UTC


@pytest.mark.parametrize("told", [b"infinity", b"-infinity", b"0044-03-15 00:00:00+00 BC"])
def test_what_is_no_moment_of_ours_is_refused_as_by_django(told: bytes) -> None:
    with pytest.raises(DataError):
        LOADER.load(told)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="is about PostgreSQL")
@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Kolkata", "America/New_York"]
)  # a role or a database may be told to speak another
def test_the_connection_reads_so_whatever_zone_it_speaks(db: None, zone: str) -> None:
    told = "2026-11-30 14:20:15.079415+00"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE %s", [zone])
        cursor.execute("SELECT %s::timestamptz, NULL::timestamptz", [told])
        found, nothing = cursor.fetchone()
    assert found == datetime(2026, 11, 30, 14, 20, 15, 79415, UTC)
    assert found.tzinfo is UTC
    assert nothing is None
