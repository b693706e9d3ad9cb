"""Each fault arrives as the network would deliver it, and does to the state what it says."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
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

from cyclr_api.simulator import CyclrState, demo_state
from cyclr_api.simulator.state.clock import Clock
from tests.cyclr_api.simulator.conftest import SHOP, Caller
from tests.support.waiting import CEILING, wait_until

INSTALL = "/connectors/{id}/install"

EAST = timezone(timedelta(hours=2))


def names(state: CyclrState) -> list[str]:
    return [one.name for one in state.installed[SHOP]]


def reason(error: requests.RequestException) -> Any:
    """What requests wrapped, and what urllib3 wrapped in that."""
    wrapped = error.args[0]
    return wrapped.reason if isinstance(wrapped, MaxRetryError) else wrapped


def test_a_drop_after_the_effect(state: CyclrState, api: Caller) -> None:
    state.faults.drop_after_effect("POST", INSTALL)

    with pytest.raises(requests.ConnectionError) as caught:
        api.install(19001)

    assert isinstance(reason(caught.value), ProtocolError)
    assert names(state).count("Till Cloud") == 1
    assert api.install(19001).status_code == 400


def test_a_drop_before_the_effect(state: CyclrState, api: Caller) -> None:
    state.faults.drop_before_effect("POST", INSTALL)

    with pytest.raises(requests.ConnectionError):
        api.install(19001)

    assert state.ledger == []
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
def test_no_connection(state: CyclrState, api: Caller, how: Any, error: Any, cause: Any) -> None:
    state.faults.unreachable(times=1, how=how)

    with pytest.raises(error) as caught:
        api.install(19001)

    assert isinstance(reason(caught.value), cause)
    assert state.ledger == []
    assert api.get("/accounts").status_code == 200


def test_a_condition_lasts_until_it_is_cleared(state: CyclrState, api: Caller) -> None:
    state.faults.respond("*", "*", status=503)
    assert [api.get("/accounts").status_code for _ in range(3)] == [503] * 3

    state.faults.clear()
    assert api.get("/accounts").status_code == 200


def test_an_answer_instead(state: CyclrState, api: Caller) -> None:
    state.faults.respond(
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
    state: CyclrState, api: Caller, after_effect: bool, count: int
) -> None:
    state.faults.respond("POST", INSTALL, 500, times=1, after_effect=after_effect)

    assert api.install(19001).status_code == 500
    assert len(state.ledger) == count


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (None, '{"Message":"An error has occurred."}'),
        ("", ""),
        ("<h1>Bad Gateway</h1>", "<h1>Bad Gateway</h1>"),
        ({"error": "x"}, '{"error":"x"}'),
        ([], "[]"),
    ],
)
def test_the_bodies_of_a_500(state: CyclrState, api: Caller, body: Any, text: str) -> None:
    state.faults.respond("GET", "/accounts", 502, body)

    answer = api.get("/accounts")

    assert (answer.status_code, answer.reason, answer.text) == (502, "Bad Gateway", text)


def test_an_answer_without_a_body_has_none(state: CyclrState, api: Caller) -> None:
    state.faults.respond("GET", "/accounts", 204)

    assert api.get("/accounts").content == b""


def test_a_token_may_end_in_the_middle_of_a_listing(state: CyclrState, api: Caller) -> None:
    state.faults.respond("GET", "/accounts", 401, skip=2, times=1)

    answers = [api.get(f"/accounts?page={page}") for page in range(1, 5)]

    assert [answer.status_code for answer in answers] == [200, 200, 401, 200]
    assert answers[2].json() == {"Message": "Authorization has been denied for this request."}


@pytest.mark.parametrize("value", ["3", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "-1", None])
def test_a_rate_limit(state: CyclrState, api: Caller, value: str | None) -> None:
    state.faults.rate_limit("*", "*", retry_after=value, times=1)

    answer = api.get("/accounts")

    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == value


@pytest.mark.parametrize(("seconds", "text"), [(0, "0"), (30, "30"), (3600, "3600")])
def test_a_rate_limit_in_seconds(state: CyclrState, api: Caller, seconds: int, text: str) -> None:
    state.faults.rate_limit("*", "*", retry_after=seconds)

    assert api.get("/accounts").headers["Retry-After"] == text


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (datetime(2026, 3, 1, 12, 0, tzinfo=UTC), "Sun, 01 Mar 2026 12:00:30 GMT"),
        (datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC), "Sun, 01 Mar 2026 12:00:31 GMT"),
        (datetime(2026, 3, 1, 12, 0, tzinfo=EAST), "Sun, 01 Mar 2026 10:00:30 GMT"),
    ],
)
def test_a_rate_limit_until_a_moment(
    state: CyclrState, api: Caller, now: datetime, text: str
) -> None:
    state.clock = lambda: now
    state.faults.rate_limit("*", "*", retry_after=30, as_date=True)
    answer = api.get("/accounts")

    assert answer.headers["Retry-After"] == text
    assert parsedate_to_datetime(answer.headers["Date"]) == now.replace(microsecond=0)


def test_the_moment_is_worked_out_for_each_answer(state: CyclrState, api: Caller) -> None:
    state.clock = lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    state.faults.rate_limit("*", "*", retry_after=30, as_date=True)
    api.get("/accounts")
    state.advance(3600)

    assert api.get("/accounts").headers["Retry-After"] == "Sun, 01 Mar 2026 13:00:30 GMT"


# -- a limit that counts -------------------------------------------------------------------------


@pytest.fixture
def noon(state: CyclrState, api: Caller) -> datetime:
    """The time stands still; the caller's token came before."""
    moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    state.clock = Clock(lambda: moment)
    return moment


def statuses(api: Caller, count: int) -> list[int]:
    return [api.get("/accounts").status_code for _ in range(count)]


@pytest.mark.usefixtures("noon")
def test_a_limit_makes_room_as_time_passes(state: CyclrState, api: Caller) -> None:
    state.faults.limit_rate(requests=2, seconds=10)
    api.get("/accounts")
    state.advance(4)
    api.get("/accounts")

    refused = api.get("/accounts")
    state.advance(5.5)
    still = api.get("/accounts")
    state.advance(0.5)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "6")
    assert (still.status_code, still.headers["Retry-After"]) == (429, "1")
    assert statuses(api, 2) == [200, 429]
    state.advance(4)
    assert statuses(api, 2) == [200, 429]


@pytest.mark.usefixtures("noon")
def test_who_waits_as_told_is_let_in(state: CyclrState, api: Caller) -> None:
    state.faults.limit_rate(requests=3, seconds=2.5)
    assert statuses(api, 3) == [200] * 3
    state.advance(0.3)

    wait = int(api.get("/accounts").headers["Retry-After"])
    state.advance(wait)

    assert wait == 3
    assert statuses(api, 3) == [200] * 3


@pytest.mark.usefixtures("noon")
def test_a_limit_may_tell_the_moment(state: CyclrState, api: Caller) -> None:
    state.faults.limit_rate(requests=1, seconds=90, as_date=True)
    api.get("/accounts")

    assert api.get("/accounts").headers["Retry-After"] == "Sun, 01 Mar 2026 12:01:30 GMT"


@pytest.mark.usefixtures("noon")
def test_a_limit_is_for_everybody_and_everything_of_the_api(state: CyclrState, api: Caller) -> None:
    state.faults.limit_rate(requests=3, seconds=60)

    assert api.ask_token().status_code == 200
    assert api.install(19001, Name="one").status_code == 200
    assert api.get("/nowhere").status_code == 404
    assert api.ask_token().status_code == 429
    assert api.install(19001, Name="two").status_code == 429
    assert names(state)[-1] == "one"


@pytest.mark.usefixtures("noon")
def test_browsers_on_cyclrs_pages_meet_no_limit(state: CyclrState, api: Caller) -> None:
    state.faults.limit_rate(requests=1, seconds=60)
    page = f"{state.service_url}/account/signinwithtoken?token=x"

    answers = [api.session.get(page, timeout=10).status_code for _ in range(3)]

    assert answers == [403] * 3
    assert statuses(api, 2) == [200, 429]


@pytest.mark.usefixtures("noon")
def test_several_limits_hold_together(state: CyclrState, api: Caller) -> None:
    state.faults.limit_rate(requests=2, seconds=1)
    state.faults.limit_rate(requests=3, seconds=60)
    assert statuses(api, 3) == [200, 200, 429]
    state.advance(1)

    assert statuses(api, 1) == [200]
    assert api.get("/accounts").headers["Retry-After"] == "59"


@pytest.mark.usefixtures("noon")
def test_who_is_above_a_limit_meets_no_other_fault(state: CyclrState, api: Caller) -> None:
    state.faults.limit_rate(requests=1, seconds=60)
    fault = state.faults.respond("*", "*", 503)

    assert statuses(api, 3) == [503, 429, 429]
    assert fault.met == 1
    assert state.requests[-1].fault == "limit_rate"


@pytest.mark.usefixtures("noon")
def test_a_limit_tells_how_many_it_refused(state: CyclrState, api: Caller) -> None:
    limit = state.faults.limit_rate(requests=1, seconds=60)
    statuses(api, 4)

    assert limit.met == 3
    assert state.faults.described() == [
        {
            "fault": "limit_rate",
            "method": "*",
            "path": "*",
            "skip": 0,
            "times": None,
            "probability": 1.0,
            "met": 3,
            "requests": 1,
            "seconds": 60,
            "as_date": False,
        }
    ]


@pytest.mark.usefixtures("noon")
def test_a_cleared_limit_is_forgotten(state: CyclrState, api: Caller) -> None:
    state.faults.limit_rate(requests=1, seconds=60)
    statuses(api, 2)
    state.faults.clear()

    assert statuses(api, 3) == [200] * 3


@pytest.mark.usefixtures("noon")
def test_a_limit_counts_right_however_many_come_at_once(state: CyclrState, api: Caller) -> None:
    state.faults.limit_rate(requests=25, seconds=60)

    def many(_: int) -> list[int]:
        return [429 if state.faults.admit() else 200 for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        answers = [status for found in pool.map(many, range(8)) for status in found]

    assert (answers.count(200), answers.count(429)) == (25, 375)


# -- what else -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "title"), [(200, "Sign in"), (502, "502 Bad Gateway"), (503, "503 Service Unav")]
)
def test_a_page_instead_of_json(state: CyclrState, api: Caller, status: int, title: str) -> None:
    state.faults.html("GET", "/accounts", status)

    answer = api.get("/accounts")

    assert (answer.status_code, title in answer.text) == (status, True)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_login_page_instead_of_json(state: CyclrState, api: Caller) -> None:
    state.faults.html("GET", "/accounts", times=1)

    answer = api.get("/accounts")

    assert (answer.status_code, answer.text[:9]) == (200, "<!DOCTYPE")


def test_a_body_that_ends_early(state: CyclrState, api: Caller) -> None:
    state.faults.truncate("POST", INSTALL)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.install(19001)

    assert len(state.ledger) == 1


def test_json_that_ends_early_with_an_honest_length(state: CyclrState, api: Caller) -> None:
    state.faults.truncate("GET", "/accounts", honest=True)

    with pytest.raises(requests.exceptions.JSONDecodeError):
        api.get("/accounts").json()


def test_a_rewritten_answer(state: CyclrState, api: Caller) -> None:
    state.faults.rewrite("GET", f"/accounts/{SHOP}", lambda one: {**one, "Name": None, "New": 1})

    answer = api.get(f"/accounts/{SHOP}").json()

    assert (answer["Name"], answer["New"]) == (None, 1)


def test_a_compressed_answer(state: CyclrState, api: Caller) -> None:
    bomb = gzip.compress(b"[" + b" " * 1_000_000 + b"]")
    state.faults.respond("GET", "/accounts", 200, bomb, {"Content-Encoding": "gzip"})

    answer = api.get("/accounts")

    assert int(answer.headers["Content-Length"]) < 2000
    assert len(answer.content) == 1_000_002


def test_a_flood_is_made_while_it_is_sent(state: CyclrState, api: Caller) -> None:
    state.faults.flood("GET", "/accounts", size=1_000_000, times=1)

    answer = api.get("/accounts", stream=True)

    assert sum(len(piece) for piece in answer.iter_content(65536)) == 1_000_002


def test_a_drip_can_be_read_piece_by_piece(state: CyclrState, api: Caller) -> None:
    pauses: list[float] = []
    state.sleep = pauses.append
    state.faults.drip("GET", f"/accounts/{SHOP}", seconds=0.5, size=100)

    answer = api.get(f"/accounts/{SHOP}", timeout=1)

    assert answer.json()["Id"] == SHOP
    assert pauses == [0.5] * -(-len(answer.content) // 100)


def test_a_drip_slower_than_the_time_out(state: CyclrState, api: Caller) -> None:
    state.faults.drip("GET", f"/accounts/{SHOP}", seconds=2)

    with pytest.raises(requests.ConnectionError) as caught:
        api.get(f"/accounts/{SHOP}", timeout=1)

    assert isinstance(reason(caught.value), ReadTimeoutError)


def test_a_delay_within_the_time_out_is_waited_for(state: CyclrState, api: Caller) -> None:
    pauses: list[float] = []
    state.sleep = pauses.append
    state.faults.delay("GET", "/accounts", 2)
    state.faults.respond("GET", "/accounts", 503, times=1)

    assert api.get("/accounts", timeout=(1, 5)).status_code == 503
    assert api.get("/accounts", timeout=5).status_code == 200
    assert pauses == [2, 2]


def test_who_gives_up_waiting_still_gets_the_effect(state: CyclrState, api: Caller) -> None:
    state.faults.delay("POST", INSTALL, 60, times=1)
    started = time.monotonic()

    with pytest.raises(requests.ReadTimeout):
        api.install(19001)

    assert time.monotonic() - started < 60
    assert "Till Cloud" not in names(state)
    state.advance(60)
    assert "Till Cloud" in names(state)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A thread for each call that is to be held."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_held_call_goes_on_when_it_is_released(
    state: CyclrState, api: Caller, pool: ThreadPoolExecutor, after_effect: bool
) -> None:
    hold = state.faults.hold("POST", INSTALL, after_effect=after_effect)
    call = pool.submit(api.install, 19001)
    wait_until(lambda: hold.waiting == 1)
    assert ("Till Cloud" in names(state)) is after_effect
    assert not call.done()

    hold.release()

    assert call.result(CEILING).status_code == 200
    assert names(state).count("Till Cloud") == 1
    assert (hold.waiting, state.faults.described()) == (0, [])
    assert api.get("/accounts").status_code == 200  # nothing is held any more


@pytest.mark.parametrize("release", ["release", "clear"])
def test_one_word_releases_every_hold_also_those_that_are_used_up(
    state: CyclrState, api: Caller, pool: ThreadPoolExecutor, release: str
) -> None:
    state.faults.hold("POST", INSTALL, times=1)
    state.faults.hold("GET", "/accounts", times=1)
    calls = [pool.submit(api.install, 19001), pool.submit(api.get, "/accounts")]
    wait_until(lambda: [one["waiting"] for one in state.faults.described()] == [1, 1])
    assert api.install(19002).status_code == 200  # one was to be held, and is

    getattr(state.faults, release)()

    assert [call.result(CEILING).status_code for call in calls] == [200, 200]


def test_who_gives_up_being_held_still_gets_the_effect(state: CyclrState, api: Caller) -> None:
    hold = state.faults.hold("POST", INSTALL)

    with pytest.raises(requests.ReadTimeout):
        api.install(19001, timeout=0.1)

    assert "Till Cloud" not in names(state)
    hold.release()
    assert names(state).count("Till Cloud") == 1
    assert (state.requests[-1].status, state.requests[-1].fault) == (None, "hold")


def test_another_fault_comes_after_the_release(
    state: CyclrState, api: Caller, pool: ThreadPoolExecutor
) -> None:
    hold = state.faults.hold("GET", "/accounts", times=1)
    state.faults.respond("GET", "/accounts", 503)
    call = pool.submit(api.get, "/accounts")
    wait_until(lambda: hold.waiting)

    hold.release()

    assert call.result(CEILING).status_code == 503
    assert state.requests[-1].fault == "hold+respond"


def test_a_late_commit(state: CyclrState, api: Caller) -> None:
    state.faults.commit_late("POST", INSTALL, 90)
    sent = state.clock()

    with pytest.raises(requests.ReadTimeout):
        api.install(19001)

    state.advance(80)
    assert api.get("/account/connectors").json()[-1]["Name"] != "Till Cloud"
    state.advance(100)
    assert api.get("/account/connectors").json()[-1]["Name"] == "Till Cloud"
    assert 90 <= (state.ledger[0].time - sent).total_seconds() < 95


def test_a_list_that_lags(state: CyclrState, api: Caller) -> None:
    state.faults.lag_listing(60)
    number = api.install(19001).json()["Id"]

    def listed() -> bool:
        return number in [one["Id"] for one in api.get("/account/connectors").json()]

    assert not listed()
    assert api.get(f"/account/connectors/{number}").status_code == 200
    state.advance(60)
    assert listed()


def test_a_trimmed_description(state: CyclrState, api: Caller) -> None:
    state.description_limit = 5

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
    state: CyclrState, api: Caller, pattern: str, path: str, hits: bool
) -> None:
    state.faults.respond("*", pattern, status=418)

    assert (api("POST", path, json={}).status_code == 418) is hits


def test_a_method_narrows_a_fault(state: CyclrState, api: Caller) -> None:
    state.faults.respond("post", "*", status=418)

    assert api.get("/accounts").status_code == 200
    assert api.install(19001).status_code == 418


def test_chance_is_the_same_for_the_same_seed() -> None:
    def hits() -> list[int]:
        faults = demo_state().faults
        faults.respond("*", "*", probability=0.3)
        return [n for n in range(100) if faults.meet("GET", "/accounts")]

    assert hits() == hits()
    assert 10 < len(hits()) < 60


def test_faults_tell_how_often_they_hit(state: CyclrState, api: Caller) -> None:
    fault = state.faults.respond("*", "*", times=2)
    api.get("/accounts")

    assert (fault.met, fault.times) == (1, 1)
    assert json.dumps(state.faults.described())


EVERY_FAULT: dict[str, dict[str, Any]] = {
    "drop_after_effect": {},
    "drop_before_effect": {},
    "commit_late": {"seconds": 1},
    "truncate": {},
    "respond": {},
    "rate_limit": {},
    "html": {},
    "rewrite": {"change": list},
    "flood": {"size": 10},
    "delay": {"seconds": 0},
    "hold": {},
    "drip": {"seconds": 0},
    "unreachable": {},
}


@pytest.mark.parametrize("kind", EVERY_FAULT)
def test_every_fault_lets_some_pass_first(state: CyclrState, kind: str) -> None:
    make = getattr(state.faults, kind)
    fault = make(method="GET", path="/accounts", skip=2, times=1, **EVERY_FAULT[kind])

    hits = [bool(state.faults.meet("GET", "/v1.0/accounts")) for _ in range(5)]

    assert hits == [False, False, True, False, False]
    assert fault.met == 1


def test_only_what_fits_counts_as_passed(state: CyclrState, api: Caller) -> None:
    state.faults.respond("GET", "/accounts", 418, skip=1)
    api.get("/connectors")
    api("POST", "/accounts", json={})

    assert statuses(api, 2) == [200, 418]


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("respond", {"times": 0}, "times is a whole number, at least 1"),
        ("respond", {"times": 1.5}, "times is a whole number"),
        ("respond", {"skip": -1}, "skip is a whole number, at least 0"),
        ("respond", {"skip": True}, "skip is a whole number"),
        ("respond", {"probability": 1.01}, "probability is a number from 0 to 1"),
        ("respond", {"probability": "high"}, "probability is a number"),
        ("respond", {"status": 99}, "status is a whole number from 200 to 599"),
        ("respond", {"status": "503"}, "status is a whole number"),
        ("respond", {"headers": {"Retry-After": 3}}, "headers are texts"),
        ("respond", {"after_effect": 1}, "after_effect is true or false"),
        ("html", {"status": 0}, "status is a whole number"),
        ("delay", {"seconds": -1}, "seconds is a number from 0"),
        ("delay", {"seconds": float("nan")}, "seconds is a number"),
        ("delay", {"seconds": float("inf")}, "seconds is a number"),
        ("commit_late", {"seconds": "soon"}, "seconds is a number"),
        ("hold", {"after_effect": "yes"}, "after_effect is true or false"),
        ("drip", {"size": 0}, "size is a whole number, at least 1"),
        ("flood", {"size": -1}, "size is a whole number"),
        ("truncate", {"keep": 2}, "keep is a number from 0 to 1"),
        ("truncate", {"honest": "yes"}, "honest is true or false"),
        ("rate_limit", {"retry_after": -1}, "retry_after is a whole number"),
        ("rate_limit", {"retry_after": "soon", "as_date": True}, "retry_after is a whole number"),
        ("unreachable", {"how": "vanished"}, "how is one of refused, timeout, dns, reset"),
    ],
)
def test_what_makes_no_sense_is_refused(
    state: CyclrState, kind: str, values: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(state.faults, kind)(method="*", path="*", **values)

    assert state.faults.described() == []


@pytest.mark.parametrize(
    "values",
    [{"requests": 0, "seconds": 1}, {"requests": 1, "seconds": 0}, {"requests": 1.5, "seconds": 1}],
)
def test_a_limit_that_makes_no_sense_is_refused(state: CyclrState, values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is a (whole )?number"):
        state.faults.limit_rate(**values)


def test_an_unknown_setting_is_refused(state: CyclrState) -> None:
    with pytest.raises(TypeError, match="tmies"):
        state.faults.respond("*", "*", tmies=1)  # type: ignore[call-arg]


def test_a_clock_of_ones_own(state: CyclrState, api: Caller) -> None:
    state.clock = lambda: datetime(2026, 1, 1, tzinfo=UTC)
    state.advance(5)

    api.install(19001)

    assert state.ledger[0].time == datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)


def test_a_request_that_got_no_answer_is_logged(state: CyclrState, api: Caller) -> None:
    state.faults.drop_after_effect("POST", INSTALL)
    with pytest.raises(requests.ConnectionError):
        api.install(19001)

    last = state.requests[-1]

    assert (last.method, last.status, last.fault) == ("POST", None, "drop_after_effect")
    assert (last.path, last.account) == ("/v1.0/connectors/19001/install", SHOP)
