"""The rate limit of a console: shared, fair to people, and never unlimited."""

from __future__ import annotations

import secrets
import signal
from typing import Any

import pytest
import redis

from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE, PacedError, SharedPacing
from tests.support.services import RedisServer

MINUTES, HOURS = 10 * 60, 9 * 3600
"""How far the clock is set wrong."""


@pytest.fixture
def number() -> int:
    """A console that no other test paces: the server may be kept from run to run."""
    return 10**6 + secrets.randbelow(10**12)


@pytest.fixture
def shared(redis_url: str, settings: Any) -> None:
    """Pacing through a real Redis."""
    settings.REDIS_URL = redis_url


def taken(paces: SharedPacing, most: int = 100) -> int:
    """How many calls may leave at this moment."""
    return next(n for n in range(most + 1) if n == most or paces._take() > 0)


@pytest.mark.redis
def test_all_workers_share_one_bucket_and_people_have_a_share_of_their_own(
    shared: None, number: int, settings: Any
) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 10
    background, people = SharedPacing(number, BACKGROUND), SharedPacing(number, INTERACTIVE)

    assert taken(background) == 8
    assert 2 <= taken(people) <= 3
    assert taken(SharedPacing(number, INTERACTIVE)) <= 1


@pytest.mark.redis
def test_a_low_rate_starves_nobody_and_is_kept(shared: None, number: int, settings: Any) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 0.5
    background = SharedPacing(number, BACKGROUND)
    assert background._take() == 0

    assert 1.5 < background._take() <= 2.0


@pytest.mark.redis
def test_a_hold_reaches_every_worker_and_is_never_shortened(shared: None, number: int) -> None:
    one, other = SharedPacing(number, INTERACTIVE), SharedPacing(number, BACKGROUND)
    one.hold(600)
    other.hold(1)

    assert 590 < other._take() <= 600
    with pytest.raises(PacedError) as caught:
        one.wait("GET /accounts")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 590


def set_clock_back(number: int, url: str, by: int) -> None:
    """As Redis finds its keys when the clock is set back (by less than nothing: ahead)."""
    server, bucket, hold = redis.Redis.from_url(url), f"pace:{number}", f"pace:{number}:held"
    if (at := server.hget(bucket, "at")) is not None:
        server.hset(bucket, "at", str(float(at) + by))
    if (left := int(server.pttl(hold))) > 0:
        server.pexpire(hold, left + by * 1000)
    server.close()


@pytest.mark.redis
@pytest.mark.parametrize("by", [MINUTES, HOURS, -MINUTES, -HOURS])
def test_a_clock_that_is_set_wrong_stops_no_call(
    shared: None, redis_url: str, number: int, settings: Any, by: int
) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 4
    paces = SharedPacing(number, INTERACTIVE)
    assert paces._take() == 0

    set_clock_back(number, redis_url, by)

    assert 2 <= taken(paces) <= 5


@pytest.mark.redis
@pytest.mark.parametrize("by", [MINUTES, HOURS])
def test_a_hold_is_never_longer_than_it_was_set_for(
    shared: None, redis_url: str, number: int, by: int
) -> None:
    paces = SharedPacing(number, INTERACTIVE)
    paces.hold(20)

    set_clock_back(number, redis_url, by)
    assert 15 < paces._take() <= 20

    set_clock_back(number, redis_url, by)
    paces.hold(40)
    assert 35 < paces._take() <= 40


@pytest.mark.redis
def test_without_redis_a_process_keeps_to_a_part_of_the_rate(
    redis_server: RedisServer, number: int, settings: Any
) -> None:
    settings.REDIS_URL, settings.CYCLR_CALLS_PER_SECOND = redis_server.url, 4
    redis_server.signal(signal.SIGKILL)
    lanes = SharedPacing(number, BACKGROUND), SharedPacing(number, INTERACTIVE)

    assert lanes[0]._take() == 0
    assert 0.5 < lanes[1]._take() <= 1.0
