"""The rate limit of a console: shared, fair to people, and never unlimited."""

from __future__ import annotations

import secrets
import signal
from typing import Any

import pytest

from dashboard.consoles.pacing import BACKGROUND, INTERACTIVE, PacedError, SharedPacing
from tests.support.services import RedisServer


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


@pytest.mark.redis
def test_without_redis_a_process_keeps_to_a_part_of_the_rate(
    redis_server: RedisServer, number: int, settings: Any
) -> None:
    settings.REDIS_URL, settings.CYCLR_CALLS_PER_SECOND = redis_server.url, 4
    redis_server.signal(signal.SIGKILL)
    lanes = SharedPacing(number, BACKGROUND), SharedPacing(number, INTERACTIVE)

    assert lanes[0]._take() == 0
    assert 0.5 < lanes[1]._take() <= 1.0
