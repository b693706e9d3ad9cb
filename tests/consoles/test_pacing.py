"""The rate limit of a console: shared, fair to people, and never unlimited."""

from __future__ import annotations

import secrets
import signal
from typing import Any

import pytest
import redis

from dashboard.common.redis import connection
from dashboard.consoles import pacing
from dashboard.consoles.pacing import (
    BACKGROUND,
    INTERACTIVE,
    PacedError,
    SharedPacing,
    forget_holds,
)
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
    return next(n for n in range(most + 1) if n == most or paces._take().pause > 0)


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
    assert background._take().pause == 0

    assert 1.5 < background._take().pause <= 2.0


@pytest.mark.redis
def test_a_hold_reaches_every_worker_and_is_never_shortened(shared: None, number: int) -> None:
    one, other = SharedPacing(number, INTERACTIVE), SharedPacing(number, BACKGROUND)
    one.hold(600)
    other.hold(1)

    assert 590 < other._take().pause <= 600
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
    assert paces._take().pause == 0

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
    assert 15 < paces._take().pause <= 20

    set_clock_back(number, redis_url, by)
    paces.hold(40)
    assert 35 < paces._take().pause <= 40


@pytest.mark.redis
def test_without_redis_a_process_keeps_to_a_part_of_the_rate(
    redis_server: RedisServer, number: int, settings: Any
) -> None:
    settings.REDIS_URL, settings.CYCLR_CALLS_PER_SECOND = redis_server.url, 4
    redis_server.signal(signal.SIGKILL)
    priorities = SharedPacing(number, BACKGROUND), SharedPacing(number, INTERACTIVE)

    assert priorities[0]._take().pause == 0
    assert 0.5 < priorities[1]._take().pause <= 1.0


# ---- what a 429 is about ----


@pytest.fixture(params=["shared", "alone"])
def paces(request: pytest.FixtureRequest, number: int, settings: Any) -> SharedPacing:
    """Pacing through a real Redis, or within this process where there is none."""
    settings.CYCLR_CALLS_PER_SECOND = 1000
    settings.REDIS_URL = ""
    forget_holds()
    if request.param == "shared":
        settings.REDIS_URL = request.getfixturevalue("redis_url")
    return SharedPacing(number, INTERACTIVE)


def forget_own(paces: SharedPacing) -> SharedPacing:
    """Another worker of the same console: what is in Redis is all that it knows."""
    if connection() is not None:
        forget_holds()
        return SharedPacing(paces.console_id, paces.priority)
    return paces


@pytest.mark.redis
def test_a_third_party_s_pause_holds_its_connector_alone(paces: SharedPacing) -> None:
    assert paces.hold(600, through=7) == pytest.approx(600, abs=1)
    other = forget_own(paces)

    with pytest.raises(PacedError) as caught:
        other.wait("POST /account/connectors/{id}/methods/{method}", through=7)
    assert caught.value.through == 7
    assert 590 < (caught.value.retry_after or 0) <= 600
    other.wait("POST /account/connectors/{id}/methods/{method}", through=8)
    other.wait("GET /account/connectors/{id}")


@pytest.mark.redis
def test_pauses_of_three_connectors_within_seconds_hold_the_console(paces: SharedPacing) -> None:
    for through in (7, 8, 7, 8):
        forget_own(paces).hold(600, through=through)
    assert paces._take().pause < 1
    paces.hold(600, through=9)

    assert 590 < forget_own(paces)._take().pause <= 600


@pytest.mark.redis
def test_any_other_pause_holds_the_console_and_all_its_connectors(paces: SharedPacing) -> None:
    paces.hold(600)

    for through in (None, 7):
        with pytest.raises(PacedError) as caught:
            forget_own(paces).wait("GET /accounts", through=through)
        assert caught.value.through is None


@pytest.mark.redis
@pytest.mark.parametrize("unsaid", [None, 0])
@pytest.mark.parametrize("through", [None, 7])
def test_a_pause_of_unknown_length_begins_at_a_second_and_doubles_to_a_minute(
    paces: SharedPacing, unsaid: float | None, through: int | None
) -> None:
    pauses = []
    for _ in range(9):
        pauses.append(paces.hold(unsaid, through=through))
        let_pass(paces, through)

    assert [round(pause) for pause in pauses] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def let_pass(paces: SharedPacing, through: int | None) -> None:
    """End what is held, as time does; how often it was refused is remembered."""
    pacing._alone.held.clear()
    server = connection()
    if server is not None:
        server.delete(paces._keys(through)[0])


@pytest.mark.redis
def test_calls_that_left_before_a_pause_was_asked_for_do_not_prolong_it(
    paces: SharedPacing,
) -> None:
    pauses = [paces.hold(None) for _ in range(10)]

    assert all(0.5 < pause <= 1 for pause in pauses)


@pytest.mark.redis
@pytest.mark.parametrize("through", [None, 7])
def test_an_answer_lets_guesses_begin_anew(paces: SharedPacing, through: int | None) -> None:
    for _ in range(4):
        paces.hold(None, through=through)
        let_pass(paces, through)
    other = forget_own(paces)
    other.wait("GET /accounts", through=through)
    other.passed(through=through)

    assert round(forget_own(paces).hold(None, through=through)) == 1


# ---- turns that are taken together ----


def asked(paces: SharedPacing, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many calls may leave by each answer of Redis."""
    counts: list[int] = []
    take = SharedPacing._take_shared

    def counted(self: SharedPacing, *arguments: Any) -> Any:
        turn = take(self, *arguments)
        counts.append(turn.count)
        return turn

    monkeypatch.setattr(SharedPacing, "_take_shared", counted)
    monkeypatch.setattr(pacing, "KEPT", 3600)
    return counts


@pytest.mark.redis
@pytest.mark.parametrize(("rate", "together"), [(20, 1), (100, 2), (1000, 20), (10_000, 32)])
def test_what_is_read_in_the_background_takes_turns_together(
    shared: None,
    number: int,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    rate: int,
    together: int,
) -> None:
    settings.CYCLR_CALLS_PER_SECOND = rate
    paces = SharedPacing(number, BACKGROUND)
    counts = asked(paces, monkeypatch)

    for _ in range(2 * together):
        paces.wait("GET /account/connectors")
    assert counts == [together, together]

    people = SharedPacing(number, INTERACTIVE)
    people.wait("GET /accounts")
    people.wait("GET /accounts")
    assert counts[2:] == [1, 1]


@pytest.mark.redis
def test_turns_taken_together_are_of_one_bucket(shared: None, number: int, settings: Any) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 100
    workers = [SharedPacing(number, BACKGROUND) for _ in range(2)]
    moment = 0

    def left() -> int:
        return sum(turn.count for turn in (one._take() for one in workers) if not turn.pause)

    while got := left():
        moment += got
        assert moment < 200

    assert 80 <= moment <= 90


@pytest.mark.redis
def test_turns_taken_before_a_pause_are_not_used(
    shared: None, number: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 1000
    paces = SharedPacing(number, BACKGROUND)
    counts = asked(paces, monkeypatch)
    paces.wait("GET /account/connectors")
    assert counts == [20]

    paces.hold(600)

    with pytest.raises(PacedError):
        paces.wait("GET /account/connectors")


@pytest.mark.redis
def test_turns_that_are_left_too_long_are_forgotten(
    shared: None, number: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 1000
    paces = SharedPacing(number, BACKGROUND)
    counts = asked(paces, monkeypatch)
    monkeypatch.setattr(pacing, "KEPT", -1)

    paces.wait("GET /account/connectors")
    paces.wait("GET /account/connectors")

    assert len(counts) == 2


@pytest.mark.redis
def test_a_call_through_a_connector_asks_for_itself(
    shared: None, number: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CYCLR_CALLS_PER_SECOND = 1000
    paces = SharedPacing(number, BACKGROUND)
    counts = asked(paces, monkeypatch)

    paces.wait("GET /account/connectors")
    paces.wait("POST /account/connectors/{id}/methods/{id}", through=7)
    paces.wait("GET /account/connectors")

    assert counts == [20, 1]
