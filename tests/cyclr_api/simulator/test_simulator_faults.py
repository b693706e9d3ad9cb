"""Each fault arrives as the network would deliver it, and does to the world what it says."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from cyclr_api.simulator import World
from tests.cyclr_api.simulator.conftest import SHOP, Caller

INSTALL = "/connectors/{id}/install"


def names(world: World) -> list[str]:
    return [one.name for one in world.installed[SHOP]]


def reason(error: requests.RequestException) -> Any:
    """What requests wrapped, and what urllib3 wrapped in that."""
    wrapped = error.args[0]
    return wrapped.reason if isinstance(wrapped, MaxRetryError) else wrapped


def test_a_drop_after_the_effect(world: World, api: Caller) -> None:
    world.faults.drop_after_effect("POST", INSTALL)

    with pytest.raises(requests.ConnectionError) as caught:
        api.install(19001)

    assert isinstance(reason(caught.value), ProtocolError)
    assert names(world).count("Till Cloud") == 1
    assert api.install(19001).status_code == 400


def test_a_drop_before_the_effect(world: World, api: Caller) -> None:
    world.faults.drop_before_effect("POST", INSTALL)

    with pytest.raises(requests.ConnectionError):
        api.install(19001)

    assert world.ledger == []
    assert api.install(19001).status_code == 200


@pytest.mark.parametrize(
    ("how", "error", "cause"),
    [
        ("refused", requests.ConnectionError, NewConnectionError),
        ("timeout", requests.ConnectTimeout, ConnectTimeoutError),
        ("dns", requests.ConnectionError, NameResolutionError),
        ("reset", requests.ConnectionError, ProtocolError),
    ],
)
def test_no_connection(world: World, api: Caller, how: Any, error: Any, cause: Any) -> None:
    world.faults.unreachable(times=1, how=how)

    with pytest.raises(error) as caught:
        api.install(19001)

    assert isinstance(reason(caught.value), cause)
    assert world.ledger == []
    assert api.get("/accounts").status_code == 200


def test_a_condition_lasts_until_it_is_cleared(world: World, api: Caller) -> None:
    world.faults.respond("*", "*", status=503)
    assert [api.get("/accounts").status_code for _ in range(3)] == [503] * 3

    world.faults.clear()
    assert api.get("/accounts").status_code == 200


def test_an_answer_instead(world: World, api: Caller) -> None:
    world.faults.respond(
        "GET",
        "/accounts",
        status=302,
        body="moved",
        headers={"Location": "https://elsewhere.example/", "Content-Type": "text/plain"},
        times=1,
    )

    answer = api.get("/accounts")

    assert (answer.status_code, answer.text) == (302, "moved")
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("after_effect", "count"), [(False, 0), (True, 1)])
def test_a_500_may_hide_an_effect(
    world: World, api: Caller, after_effect: bool, count: int
) -> None:
    world.faults.respond("POST", INSTALL, 500, times=1, after_effect=after_effect)

    assert api.install(19001).status_code == 500
    assert len(world.ledger) == count


@pytest.mark.parametrize("value", ["3", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-1", None])
def test_a_rate_limit(world: World, api: Caller, value: str | None) -> None:
    world.faults.rate_limit("*", "*", retry_after=value, times=1)

    answer = api.get("/accounts")

    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == value


def test_a_login_page_instead_of_json(world: World, api: Caller) -> None:
    world.faults.html("GET", "/accounts", times=1)

    answer = api.get("/accounts")

    assert (answer.status_code, answer.text[:9]) == (200, "<!DOCTYPE")


def test_a_body_that_ends_early(world: World, api: Caller) -> None:
    world.faults.truncate("POST", INSTALL)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.install(19001)

    assert len(world.ledger) == 1


def test_json_that_ends_early_with_an_honest_length(world: World, api: Caller) -> None:
    world.faults.truncate("GET", "/accounts", honest=True)

    with pytest.raises(requests.exceptions.JSONDecodeError):
        api.get("/accounts").json()


def test_a_rewritten_answer(world: World, api: Caller) -> None:
    world.faults.rewrite("GET", f"/accounts/{SHOP}", lambda one: {**one, "Name": None, "New": 1})

    answer = api.get(f"/accounts/{SHOP}").json()

    assert (answer["Name"], answer["New"]) == (None, 1)


def test_a_compressed_answer(world: World, api: Caller) -> None:
    bomb = gzip.compress(b"[" + b" " * 1_000_000 + b"]")
    world.faults.respond("GET", "/accounts", 200, bomb, {"Content-Encoding": "gzip"})

    answer = api.get("/accounts")

    assert int(answer.headers["Content-Length"]) < 2000
    assert len(answer.content) == 1_000_002


def test_a_flood_is_made_while_it_is_sent(world: World, api: Caller) -> None:
    world.faults.flood("GET", "/accounts", size=1_000_000, times=1)

    answer = api.get("/accounts", stream=True)

    assert sum(len(piece) for piece in answer.iter_content(65536)) == 1_000_002


def test_a_drip_can_be_read_piece_by_piece(world: World, api: Caller) -> None:
    pauses: list[float] = []
    world.sleep = pauses.append
    world.faults.drip("GET", f"/accounts/{SHOP}", seconds=0.5, size=100)

    answer = api.get(f"/accounts/{SHOP}", timeout=1)

    assert answer.json()["Id"] == SHOP
    assert pauses == [0.5] * -(-len(answer.content) // 100)


def test_a_drip_slower_than_the_time_out(world: World, api: Caller) -> None:
    world.faults.drip("GET", f"/accounts/{SHOP}", seconds=2)

    with pytest.raises(requests.ConnectionError) as caught:
        api.get(f"/accounts/{SHOP}", timeout=1)

    assert isinstance(reason(caught.value), ReadTimeoutError)


def test_a_delay_within_the_time_out_is_waited_for(world: World, api: Caller) -> None:
    pauses: list[float] = []
    world.sleep = pauses.append
    world.faults.delay("GET", "/accounts", 2)
    world.faults.respond("GET", "/accounts", 503, times=1)

    assert api.get("/accounts", timeout=(1, 5)).status_code == 503
    assert api.get("/accounts", timeout=5).status_code == 200
    assert pauses == [2, 2]


def test_who_gives_up_waiting_still_gets_the_effect(world: World, api: Caller) -> None:
    world.faults.delay("POST", INSTALL, 60, times=1)
    started = time.monotonic()

    with pytest.raises(requests.ReadTimeout):
        api.install(19001)

    assert time.monotonic() - started < 1
    assert "Till Cloud" not in names(world)
    world.advance(60)
    assert "Till Cloud" in names(world)


def test_a_late_commit(world: World, api: Caller) -> None:
    world.faults.commit_late("POST", INSTALL, 90)
    sent = world.clock()

    with pytest.raises(requests.ReadTimeout):
        api.install(19001)

    world.advance(80)
    assert api.get("/account/connectors").json()[-1]["Name"] != "Till Cloud"
    world.advance(100)
    assert api.get("/account/connectors").json()[-1]["Name"] == "Till Cloud"
    assert 90 <= (world.ledger[0].time - sent).total_seconds() < 95


def test_a_list_that_lags(world: World, api: Caller) -> None:
    world.faults.lag_listing(60)
    number = api.install(19001).json()["Id"]

    def listed() -> bool:
        return number in [one["Id"] for one in api.get("/account/connectors").json()]

    assert not listed()
    assert api.get(f"/account/connectors/{number}").status_code == 200
    world.advance(60)
    assert listed()


def test_a_trimmed_description(world: World, api: Caller) -> None:
    world.description_limit = 5

    assert api.install(19001, Description="0123456789").json()["Description"] == "01234"


@pytest.mark.parametrize(
    ("pattern", "path", "hits"),
    [
        ("/connectors/{id}/install", "/connectors/19001/install", True),
        ("/v1.0/connectors/{id}/install", "/connectors/19001/install", True),
        ("/connectors/{id}/install", "/connectors/Till%20Cloud/install", True),
        ("/connectors/{id}/install", "/connectors/Parcel%20Desk/2.0/install", False),
        ("/connectors/*/install", "/connectors/Parcel%20Desk/2.0/install", True),
        ("/connectors/Till Cloud/install", "/connectors/Till%20Cloud/install", True),
        ("/connectors/{id}", "/connectors/a%2Fb", True),
        ("/connectors/a%2Fb", "/connectors/a%2Fb", True),
        ("/connectors/a/b", "/connectors/a%2Fb", False),
        ("/accounts", "/accounts/", True),
        ("/account", "/accounts", False),
        ("*", "/anything", True),
        ("/accounts*", "/accounts/x/signintoken", True),
    ],
)
def test_which_paths_a_pattern_hits(
    world: World, api: Caller, pattern: str, path: str, hits: bool
) -> None:
    world.faults.respond("*", pattern, status=418)

    assert (api("POST", path, json={}).status_code == 418) is hits


def test_a_method_narrows_a_fault(world: World, api: Caller) -> None:
    world.faults.respond("post", "*", status=418)

    assert api.get("/accounts").status_code == 200
    assert api.install(19001).status_code == 418


def test_chance_is_the_same_for_the_same_seed() -> None:
    def hits() -> list[int]:
        faults = World.support().faults
        faults.respond("*", "*", probability=0.3)
        return [n for n in range(100) if faults.meet("GET", "/accounts")]

    assert hits() == hits()
    assert 10 < len(hits()) < 60


def test_faults_tell_how_often_they_hit(world: World, api: Caller) -> None:
    fault = world.faults.respond("*", "*", times=2)
    api.get("/accounts")

    assert (fault.met, fault.times) == (1, 1)
    assert json.dumps(world.faults.described())


def test_zero_times_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        world.faults.respond("*", "*", times=0)


def test_a_clock_of_ones_own(world: World, api: Caller) -> None:
    world.clock = lambda: datetime(2026, 1, 1, tzinfo=UTC)
    world.advance(5)

    api.install(19001)

    assert world.ledger[0].time == datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)


def test_a_request_that_got_no_answer_is_logged(world: World, api: Caller) -> None:
    world.faults.drop_after_effect("POST", INSTALL)
    with pytest.raises(requests.ConnectionError):
        api.install(19001)

    last = world.requests[-1]

    assert (last.method, last.status, last.fault) == ("POST", None, "drop_after_effect")
    assert (last.path, last.account) == ("/v1.0/connectors/19001/install", SHOP)
